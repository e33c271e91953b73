"""Compute digests of files, write them by name, and compare two sets of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

ONNX_TOLERANCE = 1e-5
DECIMALS = 5
# Texts may be written more plainly, so they are counted but not compared.
TEXT_COLUMNS = ("error", "reason")
TEXT_KEYS = {"rejected_by_reason", "reason", "error"}
PLACES: dict[str, str] = {}  # folders that differ between runs, and the word that stands for each
# Words of keys whose values depend on the machine's speed and memory.
MEASURED = ("seconds", "memory", "speed", "per_second")


class Results:
    """Digests by name, and beside them what may differ and the arrays of floats."""

    def __init__(self) -> None:
        self.digests: dict[str, Any] = {}
        self.may_differ: dict[str, Any] = {}
        self.arrays: dict[str, npt.NDArray[Any]] = {}
        self.sections: dict[str, str] = {}  # that the names of digests come from

    def assign(self, section: str) -> None:
        """Note that all names which are not of another section come from this one."""
        for name in self.digests:
            self.sections.setdefault(name, section)

    def add_floats(self, name: str, values: npt.NDArray[Any]) -> None:
        """Add an array of floats: exact, rounded, and its values for the size of a difference."""
        values = np.ascontiguousarray(values).ravel()
        self.arrays[name] = values
        rounded = np.round(values.astype(np.float64), DECIMALS) + 0.0  # no negative zeros
        self.digests[name] = {
            "exact": digest(values.tobytes()),
            "rounded": digest(rounded.tobytes()),
            "number": len(values),
        }

    def add_table(self, name: str, table: pa.Table) -> None:
        """Add every column of a table but texts of errors and reasons."""
        self.digests[f"{name}/schema"] = [f"{f.name}: {f.type}" for f in table.schema]
        self.digests[f"{name}/rows"] = len(table)
        for column in table.column_names:
            where = f"{name}/{column}"
            values = table[column].combine_chunks()
            if column in TEXT_COLUMNS:
                known = values.drop_null().to_pylist()
                self.digests[f"{where}/number"] = len(known)
                self.may_differ[where] = counted(known)
                continue
            if pa.types.is_list(values.type):
                lengths = values.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
                self.digests[f"{where}/lengths"] = digest(lengths.astype(np.int32).tobytes())
                values = values.flatten()
            if pa.types.is_floating(values.type):
                nulls = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
                self.digests[f"{where}/nulls"] = digest(nulls.tobytes())
                self.add_floats(where, values.fill_null(0).to_numpy(zero_copy_only=False))
            else:
                self.digests[where] = digest(json.dumps(plain(values.to_pylist())).encode())

    def add_rows(self, name: str, folder: Path) -> None:
        """Add the rows of a corpus or result, their files, its rejections and its counts."""
        files = sorted(folder.glob("[!_.]*.parquet"))
        tables = [pq.read_table(file) for file in files]
        self.digests[f"{name}/files"] = [
            [f.name, len(t)] for f, t in zip(files, tables, strict=True)
        ]
        self.add_table(name, pa.concat_tables(tables))
        self.add_table(f"{name}/rejected", pq.read_table(folder / "_rejected.parquet"))
        summary = json.loads((folder / "summary.json").read_text())
        for key in TEXT_KEYS & summary.keys():
            self.may_differ[f"{name}/summary/{key}"] = plain(summary.pop(key))
        # How fast a stage was differs; that there are figures of it doesn't.
        self.digests[f"{name}/figures of"] = {
            key: sorted(summary.pop(key, {})) for key in ("stages", "peak_memory_mb", "speed")
        }
        self.digests[f"{name}/summary"] = plain(summary)

    def add_bytes(self, name: str, folder: Path) -> None:
        """Add the files of a folder by their bytes."""
        content = hashlib.blake2b(digest_size=16)
        files = sorted(f for f in folder.rglob("*") if f.is_file())
        for file in files:
            data = file.read_bytes()
            for path, word in PLACES.items():
                data = data.replace(path.encode(), word.encode())
            content.update(f"{file.relative_to(folder)}\0{digest(data)}\n".encode())
        self.digests[name] = {"files": len(files), "digest": content.hexdigest()}

    def add_run(self, name: str, run: Path, kind: str) -> None:
        """Add the weights, config and figures of a training run."""
        from safetensors.numpy import load_file

        for tensor, values in sorted(load_file(run / kind / "model.safetensors").items()):
            if np.issubdtype(values.dtype, np.floating):
                self.add_floats(f"{name}/weights/{tensor}", values)
            else:
                self.digests[f"{name}/weights/{tensor}"] = digest(values.tobytes())
        lines = (run / "metrics.jsonl").read_text().splitlines()
        self.digests[f"{name}/metrics"] = [plain(json.loads(line)) for line in lines]
        for file in ("config.json", f"{kind}/config.json", "summary.json"):
            self.digests[f"{name}/{file}"] = plain(json.loads((run / file).read_text()))
        names = {str(f.relative_to(run)) for f in run.rglob("*") if f.is_file()}
        stable = {n for n in names if not n.startswith(("_ray", "tensorboard", "_checkpoints"))}
        self.digests[f"{name}/files"] = sorted(stable)

    def write(self, out: Path, about: Mapping[str, Any]) -> None:
        """Write the JSON file and, in a folder beside it, the arrays."""
        out.parent.mkdir(parents=True, exist_ok=True)
        whole = {"about": about, "digests": self.digests, "may_differ": self.may_differ}
        whole["sections"] = self.sections
        out.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
        arrays: dict[str, Any] = {key_of(name): array for name, array in self.arrays.items()}
        np.savez_compressed(arrays_of(out), **arrays)


def arrays_of(out: Path) -> Path:
    """Return the file of the arrays that belong to a JSON file."""
    return out.with_suffix(".arrays.npz")


def key_of(name: str) -> str:
    """Return the name of an array inside a zip file."""
    return name.replace("/", "|")


def digest(data: bytes) -> str:
    """Return the digest of some bytes."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def counted(values: Iterable[str]) -> dict[str, int]:
    """Count texts, most frequent first."""
    counts: dict[str, int] = {}
    for value in values:
        text = plain(value)
        counts[text] = counts.get(text, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def plain(value: Any) -> Any:
    """Return a value of JSON without folders of this run and without what the clock measured."""
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if not any(w in str(k) for w in MEASURED)}
        return {k: plain(v) for k, v in kept.items() if k not in ("stages", "at", "pid")}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        for path, word in PLACES.items():
            value = value.replace(path, word)
    return value


def compare(before: Path, after: Path) -> int:
    """Print what differs between two files; return 1 if anything does, else 0."""
    old, new = (json.loads(path.read_text()) for path in (before, after))
    arrays = [np.load(arrays_of(path)) for path in (before, after)]
    left_out = old["about"]["sections"].keys() ^ new["about"]["sections"].keys()
    sections = old["sections"] | new["sections"]
    lines: list[str] = []
    compared = [n for n in sorted(sections) if sections[n] not in left_out or is_failure(n)]
    for name in compared:
        if name not in old["digests"] or name not in new["digests"]:
            lines.append(f"{name}: only in {before if name in old['digests'] else after}")
            continue
        found = list(differences(name, old["digests"][name], new["digests"][name]))
        if found and all(key_of(name) in a for a in arrays):
            found = [f"{name}: {size_of(*(a[key_of(name)] for a in arrays))}"]
        lines += found
    lines += onnx_differences(*arrays)
    for line in [*lines, *text_differences(old["may_differ"], new["may_differ"])]:
        print(line)
    besides = f"; not in both: {', '.join(sorted(left_out))}" if left_out else ""
    print(f"{len(lines)} differences among {len(compared)} digests{besides}")
    return int(bool(lines))


def is_failure(name: str) -> bool:
    """Return whether a digest stands for a section that failed."""
    return name.endswith("/FAILED")


def text_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each count of texts that differs, which is no fault."""
    for name in old.keys() & new.keys():
        if old[name] != new[name]:
            yield f"(text, may differ) {name}: {old[name]} -> {new[name]}"[:600]


def differences(name: str, old: Any, new: Any) -> Iterator[str]:
    """Yield a line for each place at which two values of JSON differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in old or key not in new:
                yield f"{name}/{key}: only {'before' if key in old else 'after'}"
            else:
                yield from differences(f"{name}/{key}", old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(f"{name}[{i}]", *pair)
    elif json.dumps(old) != json.dumps(new):  # so that NaN equals NaN
        yield f"{name}: {json.dumps(old)[:300]} -> {json.dumps(new)[:300]}"


def onnx_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each output of an ONNX model that is further off than it may be."""
    for key in [k for k in old if k.startswith("onnx|") and k in new]:
        a, b = old[key], new[key]
        equal = a.shape == b.shape and np.allclose(
            a.astype(np.float64), b.astype(np.float64), rtol=0, atol=ONNX_TOLERANCE, equal_nan=True
        )
        if not equal:
            yield f"{key.replace('|', '/')}: {size_of(a, b)}"


def size_of(old: npt.NDArray[Any], new: npt.NDArray[Any]) -> str:
    """Describe how far two arrays are from each other."""
    if old.shape != new.shape:
        return f"{len(old)} numbers -> {len(new)}"
    with np.errstate(invalid="ignore"):  # the difference of equal infinities is NaN
        apart = np.abs(old.astype(np.float64) - new.astype(np.float64))
    gap = np.where(old == new, 0.0, apart)
    return f"{np.count_nonzero(gap)} of {len(gap)} numbers differ, by at most {gap.max():.3g}"
