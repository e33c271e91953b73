"""Counts of the rows and labels in every row group of a corpus, kept in `_state/groups.parquet`.

Whoever writes a corpus counts what it writes, so that a training starts without reading it. Rows
are counted by all that decides whether a training uses them: their split, hash tenth and category,
and whether they have parts and objects. What is kept of a file that has changed is never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core import hashing, parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import ROW_GROUP_ROWS, combine_chunks, flatten_lists

COUNTS_FILE = "groups.parquet"  # in a corpus's `_state`
_FILE_FIELDS = [
    ("file", pa.string()),  # its name in the corpus, or its location where several are together
    ("bytes", pa.int64()),
    ("digest", pa.string()),  # of its footer
]
_GROUP_FIELDS = [
    ("row_group", pa.int32()),  # within the file
    ("split", pa.string()),
    ("tenth", pa.bool_()),  # of the hash tenth of `train`
    ("category", pa.string()),  # as the rows have it
    ("has_parts", pa.bool_()),
    ("has_objects", pa.bool_()),
    ("rows", pa.int64()),
    ("instances", pa.int64()),  # strokes of known instance
    ("part", pa.list_(pa.string())),
    ("strokes", pa.list_(pa.int64())),  # of each of these parts
]
GROUP_SCHEMA = pa.schema(_GROUP_FIELDS)
COUNTS_SCHEMA = pa.schema([*_FILE_FIELDS, *_GROUP_FIELDS])
# The columns that are counted: a tenth of the bytes of a corpus.
COUNTED_COLUMNS = ["sketch_id", "category", "split", "part", "instance", "object"]
_KEYS = ("split", "tenth", "category", "has_parts", "has_objects")
_THREADS = 16  # an object store takes tens of milliseconds for a request

Ints = npt.NDArray[np.int64]
# Surveys files, given by their locations, in order.
SurveyFiles = Callable[[Sequence[str]], Iterable[pa.Table]]


def count_rows(rows: pa.Table) -> pa.Table:
    """Count the rows that are written as one file, by row group.

    Args:
        rows: with at least the columns that are counted.

    Returns:
        A table with `GROUP_SCHEMA`.
    """
    starts = range(0, max(1, len(rows)), ROW_GROUP_ROWS)
    return pa.concat_tables(
        count_group(rows.slice(start, ROW_GROUP_ROWS), i) for i, start in enumerate(starts)
    )


def count_group(rows: pa.Table, row_group: int) -> pa.Table:
    """Count the rows of a row group, given its number; a table with `GROUP_SCHEMA`."""
    keys = pa.table(
        [
            rows["split"],
            _in_tenth(rows),
            rows["category"],
            pc.is_valid(rows["part"]),
            pc.is_valid(rows["object"]),
        ],
        names=_KEYS,
    )
    kind_N, kinds = _number_rows(keys)
    number = len(kinds)
    instance_S, offsets, _ = flatten_lists(rows, "instance")
    known = np.concatenate([[0], (instance_S > 0).cumsum()])
    instances = np.bincount(kind_N, np.diff(known[offsets]), number)
    columns = {
        "row_group": pa.array(np.full(number, row_group)),
        **{name: kinds[name] for name in _KEYS},
        "rows": pa.array(np.bincount(kind_N, minlength=number)),
        "instances": pa.array(instances.astype(np.int64)),
        **_count_parts(rows, kind_N, number),
    }
    return pa.table([columns[name] for name in GROUP_SCHEMA.names], GROUP_SCHEMA.names).cast(
        GROUP_SCHEMA
    )


def is_in_tenth(sketch_id: str) -> bool:
    """Return whether a sketch of `train` is in the tenth that can be selected on."""
    # Salted, because the split is a hash of the id already: of `train` it would be an eighth.
    return hashing.hash_bucket(sketch_id, "select") < 10


def _in_tenth(rows: pa.Table) -> pa.Array:
    # Rows without a split are there to train on.
    trains = pc.equal(rows["split"].fill_null("train"), "train").to_pylist()
    ids = rows["sketch_id"].to_pylist()
    return pa.array([t and is_in_tenth(i) for t, i in zip(trains, ids, strict=True)], pa.bool_())


def _number_rows(keys: pa.Table) -> tuple[Ints, pa.Table]:
    """Return the number of each row's key, (N,), and the distinct keys, a row each.

    A table without rows has one key of nulls, so that its row group isn't forgotten.
    """
    if not len(keys):
        nulls = [pa.nulls(1, keys.schema.field(name).type) for name in _KEYS]
        return np.zeros(0, np.int64), pa.table(nulls, names=_KEYS)
    codes = np.zeros(len(keys), np.int64)
    for name in _KEYS:
        indices, number = _encode(combine_chunks(keys[name]))
        # Made dense again, so that five columns don't overflow.
        _, codes = np.unique(codes * number + indices, return_inverse=True)
    _, first = np.unique(codes, return_index=True)
    return codes, keys.take(pa.array(first))


def _encode(values: pa.Array) -> tuple[Ints, int]:
    """Return the number of each value, and how many numbers there are, one of them for null."""
    encoded = values.dictionary_encode()
    number = len(encoded.dictionary)
    indices = encoded.indices.fill_null(number).to_numpy(zero_copy_only=False)
    return indices.astype(np.int64), number + 1


def _count_parts(rows: pa.Table, kind_N: Ints, number: int) -> dict[str, pa.Array]:
    """Return the parts of the rows of each kind, and their strokes, as two list columns."""
    column = combine_chunks(rows["part"])
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    flat = column.flatten()
    part_S, parts = _encode(flat)
    pairs, strokes = np.unique(np.repeat(kind_N, lengths) * parts + part_S, return_counts=True)
    names = flat.dictionary_encode().dictionary
    offsets = pa.array(np.searchsorted(pairs // parts, np.arange(number + 1)).astype(np.int32))
    # An index past the names is that of null.
    index = pa.array(pairs % parts, mask=pairs % parts == len(names))
    return {
        "part": pa.ListArray.from_arrays(offsets, names.take(index).cast(pa.string())),
        "strokes": pa.ListArray.from_arrays(offsets, pa.array(strokes)),
    }


def survey_file(location: str) -> pa.Table:
    """Count a file of a corpus by reading the columns that are counted.

    Returns:
        A table with `COUNTS_SCHEMA`, with the location for `file`.

    Raises:
        UserError: the file can't be read, is damaged, or is not of a corpus.
    """
    # Before its rows: if it is replaced meanwhile, its counts won't hold.
    identity = parquet.identify(location)
    numbers = range(parquet.open_parquet(location).num_row_groups)
    counts = [_count_stored(location, number) for number in numbers]
    return name_file(pa.concat_tables([GROUP_SCHEMA.empty_table(), *counts]), location, identity)


def survey_row_group(location: str, number: int) -> pa.Table:
    """Count one row group of a file; as `survey_file` does, without what identifies the file."""
    return name_file(_count_stored(location, number), location, (0, ""))


def _count_stored(location: str, number: int) -> pa.Table:
    return count_group(parquet.read_row_group(location, number, COUNTED_COLUMNS), number)


def name_file(groups: pa.Table, file: str, identity: tuple[int, str]) -> pa.Table:
    """Return counts of row groups, with the file that they are of; with `COUNTS_SCHEMA`."""
    values = (file, *identity)
    columns = [
        pa.array([value] * len(groups), f.type)
        for value, f in zip(values, COUNTS_SCHEMA, strict=False)
    ]
    return pa.table([*columns, *groups.columns], schema=COUNTS_SCHEMA)


def survey_files(locations: Sequence[str]) -> Iterable[pa.Table]:
    """Survey files in threads of this process; yield a table for each, in order."""
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(survey_file, locations)


def load(
    corpora: Sequence[str],
    survey: SurveyFiles = survey_files,
    keep_beside: str | None = None,
) -> pa.Table:
    """Return the counts of all row groups of corpora, in order.

    Files whose counts are not kept are surveyed, and then kept.

    Args:
        corpora: the folders.
        survey: counts files.
        keep_beside: a folder for the counts of corpora that can't be written; None: those are
            not kept.

    Returns:
        A table with `COUNTS_SCHEMA`, with locations for `file`.

    Raises:
        UserError: a location is not a corpus, or a file of it can't be read.
    """
    tables = [COUNTS_SCHEMA.empty_table()]
    for corpus in corpora:
        places = [storage.join(corpus, "_state", COUNTS_FILE)]
        if keep_beside is not None:
            key = hashlib.blake2b(corpus.encode(), digest_size=8).hexdigest()
            places.append(storage.join(keep_beside, f"{key}.parquet"))
        files = parquet.list_row_files(corpus)
        found = _read_kept(places, files)
        missing = [file for file in files if file not in found]
        if missing:
            found |= dict(zip(missing, survey(missing), strict=True))
        ordered = [found[file] for file in files]
        tables += ordered
        if missing:
            _keep(places, ordered)
    return pa.concat_tables(tables)


def are_kept(corpora: Sequence[str]) -> bool:
    """Return whether the counts of all files of corpora are kept there.

    Raises:
        UserError: a location is not a corpus, or a file of it can't be read.
    """
    return all(
        len(_read_kept([storage.join(corpus, "_state", COUNTS_FILE)], files)) == len(files)
        for corpus in corpora
        for files in [parquet.list_row_files(corpus)]
    )


def _read_kept(places: Sequence[str], files: Sequence[str]) -> dict[str, pa.Table]:
    """Return the counts of those files that have not changed since, by location."""
    by_name = {_name_of(file): file for file in files}
    found: dict[str, pa.Table] = {}
    for place in places:
        kept = [t for t in _read_by_file(place) if t["file"][0].as_py() in by_name]
        locations = [by_name[t["file"][0].as_py()] for t in kept]
        with ThreadPoolExecutor(_THREADS) as pool:
            for table, file, now in zip(
                kept, locations, pool.map(parquet.identify, locations), strict=True
            ):
                if (table["bytes"][0].as_py(), table["digest"][0].as_py()) == now:
                    found[file] = _with_file(table, file)
        if found:
            break
    return found


def _read_by_file(place: str) -> list[pa.Table]:
    """Return the counts that are kept in a place, a table for each file; empty where none are."""
    try:
        if not storage.exists(place):
            return []
        table = parquet.read_table(place)
    except UserError:
        return []  # they are counted anew, like those of another version
    if not table.schema.equals(COUNTS_SCHEMA) or not len(table):
        return []
    table = table.combine_chunks()
    files, _ = _encode(combine_chunks(table["file"]))
    edges = [0, *(np.flatnonzero(np.diff(files)) + 1).tolist(), len(table)]
    return [table.slice(a, b - a) for a, b in pairwise(edges)]


def _keep(places: Sequence[str], tables: Sequence[pa.Table]) -> None:
    """Write counts to the first place that can be written."""
    named = [_with_file(t, _name_of(t["file"][0].as_py())) for t in tables if len(t)]
    table = pa.concat_tables([COUNTS_SCHEMA.empty_table(), *named])
    for place in places:
        try:
            parquet.write_table(place, table)
            return
        except UserError:
            continue  # a folder of someone else, which can be read alone


def _with_file(table: pa.Table, file: str) -> pa.Table:
    return table.set_column(0, COUNTS_SCHEMA.field("file"), pa.array([file] * len(table)))


def _name_of(location: str) -> str:
    return location.rsplit("/", 1)[-1]
