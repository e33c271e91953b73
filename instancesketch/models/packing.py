"""Ragged sketches packed into tensors, straight from Arrow columns.

Shape letters: see `instancesketch.models.ragged`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from instancesketch.core.label_ids import category_ids, category_ids_of_words, part_ids
from instancesketch.core.schema import combine_chunks, flatten_lists
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models import ragged
from instancesketch.models.ragged import Layout

# Bounds of what goes through a network at once: strokes, padded to the longest sketch, and points.
# With more strokes a CPU's cache would not hold what passes from layer to layer.
MAX_TOKENS = 1_024
MAX_POINTS = 200_000
# A GPU takes as long for a thousand strokes as for one, and has the memory for these.
GPU_MAX_TOKENS = 65_536
GPU_MAX_POINTS = 4_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """N sketches of S strokes and P points in all. Ids are the taxonomy's; -1 unknown."""

    points_P2: Tensor  # float32
    layout: Layout
    part_S: Tensor  # int64
    instance_S: Tensor  # int64; 0 several at once or not countable, -1 unknown
    category_N: Tensor  # int64

    def __len__(self) -> int:
        return self.strokes_N.shape[0]

    @property
    def stroke_len_S(self) -> Tensor:
        """Return the points per stroke, (S,)."""
        return self.layout.stroke_len_S

    @property
    def strokes_N(self) -> Tensor:
        """Return the strokes per sketch, (N,)."""
        return self.layout.strokes_N

    @property
    def stroke_of_P(self) -> Tensor:
        """Return the stroke of each point, (P,)."""
        return self.layout.stroke_of_P

    @property
    def sketch_of_S(self) -> Tensor:
        """Return the sketch of each stroke, (S,)."""
        return self.layout.sketch_of_S

    @property
    def sketch_of_P(self) -> Tensor:
        """Return the sketch of each point, (P,)."""
        return self.layout.sketch_of_P

    @property
    def points_N(self) -> Tensor:
        """Return the points per sketch, (N,)."""
        return self.layout.points_N

    @property
    def at_S(self) -> Tensor:
        """Return each stroke's position in its sketch, (S,), from 0."""
        return self.layout.at_S

    @property
    def longest(self) -> int:
        """Return the strokes of the largest sketch; 0 without sketches."""
        return self.layout.longest

    def to(self, device: torch.device | str) -> Batch:
        """Return the same batch on another device."""
        # Returned as it is, so that what was computed of its layout is kept.
        if self.points_P2.device == torch.device(device):
            return self
        return Batch(
            points_P2=self.points_P2.to(device, non_blocking=True),
            layout=self.layout.to(device),
            part_S=self.part_S.to(device, non_blocking=True),
            instance_S=self.instance_S.to(device, non_blocking=True),
            category_N=self.category_N.to(device, non_blocking=True),
        )

    def pin_memory(self) -> Batch:
        """Return the same batch in page-locked memory, which a GPU copies from by itself."""
        layout = self.layout
        return Batch(
            points_P2=self.points_P2.pin_memory(),
            layout=Layout(
                layout.stroke_len_S.pin_memory(),
                layout.strokes_N.pin_memory(),
                layout.points,
                padded=layout.padded,
            ),
            part_S=self.part_S.pin_memory(),
            instance_S=self.instance_S.pin_memory(),
            category_N=self.category_N.pin_memory(),
        )

    def select(self, sketches_M: Tensor) -> Batch:
        """Return the sketches of the given indices, in their order."""
        return self.replace_strokes(
            self.strokes_of(sketches_M), self.strokes_N[sketches_M], self.category_N[sketches_M]
        )

    def strokes_of(self, sketches_M: Tensor) -> Tensor:
        """Return the indices of the strokes of the given sketches, in their order."""
        return ragged.ranges(ragged.starts(self.strokes_N)[sketches_M], self.strokes_N[sketches_M])

    def replace_strokes(self, pick_S: Tensor, strokes_N: Tensor, category_N: Tensor) -> Batch:
        """Return sketches made of the strokes of the given indices, `strokes_N` to each."""
        stroke_len_S = self.stroke_len_S[pick_S]
        pick_P = ragged.ranges(ragged.starts(self.stroke_len_S)[pick_S], stroke_len_S)
        return Batch(
            points_P2=self.points_P2[pick_P],
            layout=Layout(stroke_len_S, strokes_N, pick_P.shape[0]),
            part_S=self.part_S[pick_S],
            instance_S=self.instance_S[pick_S],
            category_N=category_N,
        )

    def with_points(self, points_P2: Tensor) -> Batch:
        """Return the same strokes in other places."""
        return replace(self, points_P2=points_P2)

    def normalised(self) -> Batch:
        """Return every sketch centred, its longer side from -1 to 1; without size it stays 0."""
        if len(self) == 1:  # all points are its own
            low_N2, high_N2 = self.points_P2.aminmax(dim=0, keepdim=True)
        else:
            low_N2, high_N2 = ragged.box(self.points_P2, self.sketch_of_P, len(self))
        half_N2 = (high_N2 - low_N2) / 2
        # Without size all differences below are 0, and stay it.
        scale_N1 = half_N2.amax(1, keepdim=True).clamp(min=1e-20).reciprocal()
        low_P2, half_P2, scale_P1 = map(self.layout.per_point, (low_N2, half_N2, scale_N1))
        # From the corner first: far from the origin, the centre itself may be no float.
        return self.with_points((self.points_P2 - low_P2 - half_P2) * scale_P1)


def pack(table: pa.Table, taxonomy: Taxonomy, *, labels: bool = True) -> Batch:
    """Pack the rows of a corpus table.

    Args:
        table: rows with the columns of the schema.
        taxonomy: gives labels and categories their ids; what it doesn't know becomes -1.
        labels: read labels and categories; all are -1 otherwise.
    """
    x_P, _, _ = flatten_lists(table, "x")
    y_P, _, _ = flatten_lists(table, "y")
    stroke_len_S, strokes_N1, _ = flatten_lists(table, "stroke_len")
    batch = _without_labels(x_P, y_P, stroke_len_S, np.diff(strokes_N1))
    if not labels:
        return batch
    # Only rows whose lists aren't null have labels, one per stroke; the others stay -1.
    part_S, instance_S = batch.part_S.clone(), batch.instance_S.clone()
    known_T, labelled_N = part_ids(table, taxonomy)
    labelled_S = torch.from_numpy(labelled_N > 0).repeat_interleave(batch.strokes_N)
    part_S[labelled_S] = torch.from_numpy(known_T)
    instance_T, counted_N1, _ = flatten_lists(table, "instance")
    counted_N = torch.from_numpy(np.diff(counted_N1))
    counted_S = (counted_N > 0).repeat_interleave(batch.strokes_N)
    instance_S[counted_S] = torch.from_numpy(instance_T.astype(np.int64))
    category_N = torch.from_numpy(category_ids(table, taxonomy))
    return replace(batch, part_S=part_S, instance_S=instance_S, category_N=category_N)


def pack_sketches(sketches: Sequence[Sketch]) -> Batch:
    """Pack one or more sketches without their labels."""
    return _without_labels(
        np.concatenate([sketch.x for sketch in sketches]),
        np.concatenate([sketch.y for sketch in sketches]),
        np.concatenate([sketch.stroke_len for sketch in sketches]),
        np.array([len(sketch) for sketch in sketches]),
    )


def _without_labels(
    x_P: npt.NDArray[np.float32],
    y_P: npt.NDArray[np.float32],
    stroke_len_S: npt.NDArray[np.int32],
    strokes_N: npt.NDArray[np.int64],
) -> Batch:
    unknown_S = torch.full((len(stroke_len_S),), -1)
    lengths_S = torch.from_numpy(stroke_len_S.astype(np.int64))
    return Batch(
        points_P2=torch.from_numpy(np.stack([x_P, y_P], axis=1)),
        layout=Layout(lengths_S, torch.from_numpy(strokes_N), len(x_P)),
        part_S=unknown_S,
        instance_S=unknown_S,
        category_N=torch.full((len(strokes_N),), -1),
    )


def pack_scenes(table: pa.Table, taxonomy: Taxonomy, *, labels: bool = True) -> Batch:
    """Pack scenes as sketches whose parts are their objects' categories, and instances the objects.

    An object of no category of the taxonomy has the id after the last one; objects are numbered
    from 1, 0 is none. Without labels, and in rows that have no objects, all are -1.
    """
    batch = pack(table, taxonomy, labels=False)
    if not labels:
        return batch
    objects, strokes_N1, _ = flatten_lists(table, "object")
    category_K, objects_N = object_categories(table, taxonomy)
    strokes_N = torch.from_numpy(np.diff(strokes_N1))  # 0 where the row has no objects
    first_T = ragged.starts(objects_N).repeat_interleave(strokes_N)
    object_T = torch.from_numpy(objects.astype(np.int64))
    in_one_T = object_T >= 0
    category_T = torch.full_like(object_T, -1)
    # An index into the scene's objects becomes one into all objects.
    category_T[in_one_T] = category_K[(first_T + object_T)[in_one_T]]
    labelled_S = (strokes_N > 0).repeat_interleave(batch.strokes_N)
    part_S, instance_S = batch.part_S.clone(), batch.instance_S.clone()
    part_S[labelled_S], instance_S[labelled_S] = category_T, object_T + 1
    return replace(batch, part_S=part_S, instance_S=instance_S)


def object_categories(table: pa.Table, taxonomy: Taxonomy) -> tuple[Tensor, Tensor]:
    """Return the category id of every object of the scenes, end to end, and objects per scene.

    What is of no category of the taxonomy that has parts has the id after the last one.
    """
    column = combine_chunks(table["object_category"])
    category_K = category_ids_of_words(column.flatten(), taxonomy)
    partless = [i for i, c in enumerate(taxonomy.categories.values()) if not c.parts]
    category_K[np.isin(category_K, partless)] = -1
    objects_N = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    category_K[category_K < 0] = len(taxonomy.category_names)
    return torch.from_numpy(category_K), torch.from_numpy(objects_N.astype(np.int64))


def object_category_column(category_K: Tensor, objects_N: Tensor, taxonomy: Taxonomy) -> pa.Array:
    """Return the column `object_category` of ids as `object_categories` returns them."""
    words = pa.array([*taxonomy.category_names, None]).take(pa.array(category_K.numpy()))
    offsets = np.concatenate([[0], objects_N.cumsum(0).numpy()]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), words)


def join(batches: Sequence[Batch]) -> Batch:
    """Return several batches as one."""
    layouts = [batch.layout for batch in batches]
    return Batch(
        points_P2=torch.cat([batch.points_P2 for batch in batches]),
        layout=Layout(
            torch.cat([layout.stroke_len_S for layout in layouts]),
            torch.cat([layout.strokes_N for layout in layouts]),
            sum(layout.points for layout in layouts),
        ),
        part_S=torch.cat([batch.part_S for batch in batches]),
        instance_S=torch.cat([batch.instance_S for batch in batches]),
        category_N=torch.cat([batch.category_N for batch in batches]),
    )


def bounds(device: torch.device) -> tuple[int, int]:
    """Return the most strokes, padded, and the most points that go through a network at once."""
    if device.type == "cpu":
        return MAX_TOKENS, MAX_POINTS
    return GPU_MAX_TOKENS, GPU_MAX_POINTS


def bucket_by_size(layout: Layout, max_tokens: int, max_points: int) -> Iterator[Tensor]:
    """Yield the indices of sketches of similar size, so that little of a bucket is padding.

    A bucket holds as many sketches as keep strokes, padded to its longest sketch, within
    `max_tokens` and points within `max_points`; a sketch that alone is larger has its own.
    """
    # Stable, so that the same table always gives the same buckets, and the same last bits.
    order = layout.strokes_N.argsort(stable=True)
    strokes, points = layout.strokes_N[order].tolist(), layout.points_N[order].tolist()
    first, points_so_far = 0, 0
    for i in range(len(order)):
        points_so_far += points[i]
        tokens = strokes[i] * (i - first + 1)
        if i > first and (tokens > max_tokens or points_so_far > max_points):
            yield order[first:i]
            first, points_so_far = i, points[i]
    if len(order):
        yield order[first:]
