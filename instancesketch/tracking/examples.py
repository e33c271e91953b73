"""A few drawings that a worker labels whenever an epoch is the best so far, to be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import pyarrow as pa

from instancesketch.core import parquet
from instancesketch.core.schema import cast_to_schema, from_table
from instancesketch.render.colours import palette
from instancesketch.render.svg import stroke_names, to_svg
from instancesketch.tracking import pictures
from instancesketch.training import sampling
from instancesketch.training.config import Selection
from instancesketch.training.sampling import Group
from instancesketch.training.trainer import Fit

EXAMPLES = 8
_RESOLUTION = 500  # of the picture's side: finer than its pixels


class Examples:
    """Leaves in a run's folder what is to be seen of its best epoch so far."""

    def __init__(self, run: str, fit: Fit, groups: Sequence[Group], selection: Selection) -> None:
        self.run, self.fit, self.groups, self.selection = run, fit, groups, selection

    def leave(self, epoch: int, confusion: Mapping[str, Any] | None) -> None:
        """Labels the drawings as after an epoch, and leaves them with the whole selection's counts
        of right and wrong, where there are any.
        """
        pictures.leave(self.run, self._shown(epoch, confusion))

    @cached_property
    def table(self) -> pa.Table:
        """Rows of the selection, as far from each other as can be; always the same."""
        ends = list(accumulate(group.rows for group in self.groups))
        number = min(EXAMPLES, ends[-1])
        wanted = [i * ends[-1] // number for i in range(number)]
        found = []
        for group, end in zip(self.groups, ends, strict=True):
            own = [i - end + group.rows for i in wanted if end - group.rows <= i < end]
            if own:
                found.append(self._read(group).take(own))
        return pa.concat_tables(found)

    def _read(self, group: Group) -> pa.Table:
        table = parquet.read_row_group(group.path, group.row_group, sampling.COLUMNS)
        labels = self.fit.config.labels
        mask = sampling.role_mask(table, "select", self.selection, self.fit.taxonomy, labels)
        return cast_to_schema(table.filter(pa.array(mask)))

    def _shown(self, epoch: int, confusion: Mapping[str, Any] | None) -> pictures.Shown:
        by, taxonomy = self.fit.shown_by, self.fit.taxonomy
        colours = palette(*(c.parts for c in taxonomy.categories.values()))
        own = None if by == "object" else colours  # objects have theirs in each drawing
        pairs = [from_table(t) for t in (self.table, self.fit.label_table(self.table))]
        examples, names = [], set()
        for true, said in zip(*pairs, strict=True):
            drawn = [to_svg(s, colours=own, by=by, resolution=_RESOLUTION) for s in (true, said)]
            examples.append((true.sketch_id, *drawn))
            names |= {*stroke_names(true, by), *stroke_names(said, by)}
        legend = {n: c for n, c in colours.items() if n in names} if by == "part" else {}
        return pictures.Shown(epoch=epoch, confusion=confusion, examples=examples, legend=legend)
