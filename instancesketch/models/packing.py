"""Ragged drawings packed into tensors, straight from Arrow columns.

Shape letters: see `instancesketch.models.ragged`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from instancesketch.core.label_ids import category_ids, category_ids_of_words, part_ids
from instancesketch.core.schema import combine_chunks, flatten_lists
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models import ragged

# What of a batch its points' places have no part in, once it is found.
_BELONGING = ("stroke_of_P", "sketch_of_S", "sketch_of_P", "points_N", "at_S")
# So many points along each stroke are what the models ask for: those are found in one go.
_SAMPLES = (32, 16)
_FRACTIONS = torch.cat([ragged.fractions(number) for number in _SAMPLES])


@dataclass(frozen=True, kw_only=True)
class Batch:
    """N drawings of S strokes and P points in all. Class numbers are the taxonomy's; -1 unknown."""

    points_P2: Tensor  # float32
    stroke_len_S: Tensor  # int64
    strokes_N: Tensor  # int64, strokes per drawing
    part_S: Tensor  # int64
    instance_S: Tensor  # int64; 0 several at once or not countable, -1 unknown
    category_N: Tensor  # int64

    def __len__(self) -> int:
        return self.strokes_N.shape[0]

    @cached_property
    def stroke_of_P(self) -> Tensor:
        """The stroke of each point."""
        return ragged.owners(self.stroke_len_S)

    @cached_property
    def sketch_of_S(self) -> Tensor:
        """The drawing of each stroke."""
        return ragged.owners(self.strokes_N)

    @cached_property
    def sketch_of_P(self) -> Tensor:
        """The drawing of each point."""
        return self.sketch_of_S[self.stroke_of_P]

    @cached_property
    def points_N(self) -> Tensor:
        """Points per drawing."""
        return ragged.reduce(self.stroke_len_S, self.sketch_of_S, len(self), "sum")

    @cached_property
    def at_S(self) -> Tensor:
        """Each stroke's number in its drawing, from 0."""
        return ragged.within(self.strokes_N)

    @cached_property
    def longest(self) -> int:
        """Strokes of the drawing that has most; 0 without drawings."""
        return int(self.strokes_N.max()) if len(self) else 0

    @cached_property
    def _samples(self) -> dict[int, Tensor]:
        return {}

    @cached_property
    def found(self) -> dict[str, Tensor]:
        """What models have found out, and need again."""
        return {}

    def resampled(self, number: int) -> Tensor:
        """So many points at equal distances along each stroke, (S, number, 2); found once."""
        if number not in _SAMPLES and number not in self._samples:
            self._samples[number] = ragged.resample(self.points_P2, self.stroke_len_S, number)
        elif number not in self._samples:
            fraction_K = _FRACTIONS.to(self.points_P2.device)
            places_SK2 = ragged.along(self.points_P2, self.stroke_len_S, fraction_K)
            first = _SAMPLES[0]
            found = (places_SK2[:, :first], places_SK2[:, first:])
            self._samples.update(zip(_SAMPLES, found, strict=True))
        return self._samples[number]

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        if self.points_P2.device == torch.device(device):
            return self
        return Batch(
            **{f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)}
        )

    def select(self, sketches_M: Tensor) -> Batch:
        """The drawings of the given numbers, in their order."""
        return self.replace_strokes(
            self.strokes_of(sketches_M), self.strokes_N[sketches_M], self.category_N[sketches_M]
        )

    def strokes_of(self, sketches_M: Tensor) -> Tensor:
        """The numbers of the strokes of the given drawings, in their order."""
        return ragged.ranges(ragged.starts(self.strokes_N)[sketches_M], self.strokes_N[sketches_M])

    def replace_strokes(self, pick_S: Tensor, strokes_N: Tensor, category_N: Tensor) -> Batch:
        """Drawings made of the strokes of the given numbers, `strokes_N` to each."""
        stroke_len_S = self.stroke_len_S[pick_S]
        pick_P = ragged.ranges(ragged.starts(self.stroke_len_S)[pick_S], stroke_len_S)
        made = Batch(
            points_P2=self.points_P2[pick_P],
            stroke_len_S=stroke_len_S,
            strokes_N=strokes_N,
            part_S=self.part_S[pick_S],
            instance_S=self.instance_S[pick_S],
            category_N=category_N,
        )
        made._samples.update({n: places[pick_S] for n, places in self._samples.items()})
        return made

    def with_points(self, points_P2: Tensor) -> Batch:
        """The same strokes in other places."""
        made = replace(self, points_P2=points_P2)
        # What belongs to what stays the same; but what was found for labelling can't be trained on.
        labelling = torch.is_inference_mode_enabled()
        for name in _BELONGING:
            found = self.__dict__.get(name)
            if found is not None and (labelling or not found.is_inference()):
                made.__dict__[name] = found
        return made

    def normalised(self) -> Batch:
        """Every drawing centred, its longer side from -1 to 1; a drawing without size stays 0."""
        return self._normalised

    @cached_property
    def _normalised(self) -> Batch:
        low_N2, high_N2 = ragged.box(self.points_P2, self.sketch_of_P, len(self))
        half_N2 = (high_N2 - low_N2) / 2
        longer_N1 = half_N2.amax(1, keepdim=True)
        scale_N1 = torch.where(longer_N1 > 0, 1 / longer_N1.clamp(min=1e-20), 1.0)
        owner_P = self.sketch_of_P
        # From the corner first: far from the origin, the centre itself may be no float.
        from_corner_P2 = self.points_P2 - low_N2[owner_P]
        return self.with_points((from_corner_P2 - half_N2[owner_P]) * scale_N1[owner_P])


def pack(table: pa.Table, taxonomy: Taxonomy, *, labels: bool = True) -> Batch:
    """Packs the rows of a corpus table.

    Args:
        table: rows with the columns of the schema.
        taxonomy: gives labels and categories their numbers; what it doesn't know becomes -1.
        labels: whether labels and categories are read at all; all are -1 otherwise.
    """
    x_P, _, _ = flatten_lists(table, "x")
    y_P, _, _ = flatten_lists(table, "y")
    stroke_len_S, strokes_N1, _ = flatten_lists(table, "stroke_len")
    strokes_N = torch.from_numpy(np.diff(strokes_N1))
    part_S, instance_S = torch.full((2, len(stroke_len_S)), -1)
    category_N = torch.full((len(table),), -1)
    if labels:
        known_S, labelled_N = part_ids(table, taxonomy)
        part_S[torch.from_numpy(labelled_N > 0).repeat_interleave(strokes_N)] = torch.from_numpy(
            known_S
        )
        numbers, counted_N1, _ = flatten_lists(table, "instance")
        counted_N = torch.from_numpy(np.diff(counted_N1))
        instance_S[(counted_N > 0).repeat_interleave(strokes_N)] = torch.from_numpy(
            numbers.astype(np.int64)
        )
        category_N = torch.from_numpy(category_ids(table, taxonomy))
    return Batch(
        points_P2=torch.from_numpy(np.stack([x_P, y_P], axis=1)),
        stroke_len_S=torch.from_numpy(stroke_len_S.astype(np.int64)),
        strokes_N=strokes_N,
        part_S=part_S,
        instance_S=instance_S,
        category_N=category_N,
    )


def pack_scenes(table: pa.Table, taxonomy: Taxonomy, *, labels: bool = True) -> Batch:
    """Packs scenes as drawings whose parts are kinds of objects and whose instances are objects.

    A kind is the number of a category, or that after the last one for any other thing; objects are
    numbered from 1, 0 is none. Without labels, and in rows that have no objects, all are -1.
    """
    batch = pack(table, taxonomy, labels=False)
    if not labels:
        return batch
    object_T, strokes_N1, _ = flatten_lists(table, "object")
    kind_K, objects_N = kinds(table, taxonomy)
    labelled_S = torch.from_numpy(np.diff(strokes_N1) > 0).repeat_interleave(batch.strokes_N)
    first_T = ragged.starts(objects_N).repeat_interleave(torch.from_numpy(np.diff(strokes_N1)))
    numbers_T = torch.from_numpy(object_T.astype(np.int64))
    some_T = numbers_T >= 0
    kind_T = torch.full_like(numbers_T, -1)
    kind_T[some_T] = kind_K[(first_T + numbers_T)[some_T]]
    part_S, instance_S = batch.part_S.clone(), batch.instance_S.clone()
    part_S[labelled_S], instance_S[labelled_S] = kind_T, numbers_T + 1
    return replace(batch, part_S=part_S, instance_S=instance_S)


def kinds(table: pa.Table, taxonomy: Taxonomy) -> tuple[Tensor, Tensor]:
    """The kind of every object of the scenes, end to end, and how many each scene has."""
    column = combine_chunks(table["object_category"])
    kind_K = category_ids_of_words(column.flatten(), taxonomy)
    objects_N = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    kind_K[kind_K < 0] = len(taxonomy.category_names)
    return torch.from_numpy(kind_K), torch.from_numpy(objects_N.astype(np.int64))


def kind_words(kind_K: Tensor, objects_N: Tensor, taxonomy: Taxonomy) -> pa.Array:
    """The column `object_category` of scenes with objects of these kinds, as `kinds` gave them."""
    words = pa.array([*taxonomy.category_names, None]).take(pa.array(kind_K.numpy()))
    offsets = np.concatenate([[0], objects_N.cumsum(0).numpy()]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), words)


def join(batches: Sequence[Batch]) -> Batch:
    """Several batches as one."""
    return Batch(
        **{f.name: torch.cat([getattr(b, f.name) for b in batches]) for f in fields(Batch)}
    )


def by_size(batch: Batch, most_tokens: int, most_points: int) -> Iterator[Tensor]:
    """Cuts a batch into pieces of like size, so that padding costs little and memory is bounded.

    Yields the numbers of the drawings of each piece: as many as keep strokes, padded to the
    longest drawing of the piece, within `most_tokens` and points within `most_points`; a drawing
    that alone is larger is a piece of its own.
    """
    order = batch.strokes_N.argsort(stable=True)
    strokes, points = batch.strokes_N[order].tolist(), batch.points_N[order].tolist()
    first, held = 0, 0
    for i in range(len(order)):
        held += points[i]
        if i > first and (strokes[i] * (i - first + 1) > most_tokens or held > most_points):
            yield order[first:i]
            first, held = i, points[i]
    if len(order):
        yield order[first:]


def pieces(
    batch: Batch, most_tokens: int, most_points: int
) -> Iterator[tuple[Tensor | slice, Tensor | slice, Batch]]:
    """The pieces that `by_size` cuts: numbers of drawings, of their strokes, and the drawings.

    Few drawings are a piece as they are.
    """
    if not len(batch):
        return
    tokens = len(batch) * batch.longest
    if len(batch) == 1 or (tokens <= most_tokens and len(batch.points_P2) <= most_points):
        yield slice(None), slice(None), batch
        return
    for pick in by_size(batch, most_tokens, most_points):
        strokes_T = batch.strokes_of(pick)
        some = batch.replace_strokes(strokes_T, batch.strokes_N[pick], batch.category_N[pick])
        yield pick, strokes_T, some
