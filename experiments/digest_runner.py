"""Run verbs in one folder and add what they write to the digests."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from experiments.digest_results import TEXT_KEYS, Results, plain

TINY = (
    "model.width=16",
    "model.heads=2",
    "model.layers=1",
    "model.feedforward=32",
    "model.samples=8",
    "model.channels=[8, 8]",
)


class Runner:
    """Runs the sections, each once and after those that it needs, in one folder."""

    def __init__(
        self,
        work: Path,
        results: Results,
        data: Path | None,
        sections: Mapping[str, Callable[[Runner, Path], None]],
    ) -> None:
        self.work, self.results, self.data, self.sections = work, results, data, sections
        self.done: dict[str, float] = {}

    def cli(self, *argv: str | Path, quiet: bool = True) -> str:
        """Run a command in this process; return what it prints.

        Raises:
            RuntimeError: its exit status is not 0.
        """
        from instancesketch.__main__ import main

        words = [str(word) for word in argv] + (["--quiet"] if quiet else [])
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = main(words)
        if status:
            raise RuntimeError(f"{' '.join(words)} ended with {status}: {printed.getvalue()}")
        return printed.getvalue()

    def run(self, name: str) -> Path:
        """Run a section unless it has been run; return its folder."""
        folder = self.work / name
        if name not in self.done:
            started = time.perf_counter()
            folder.mkdir(parents=True)
            try:
                self.sections[name](self, folder)
            finally:
                self.results.assign(name)
            self.done[name] = round(time.perf_counter() - started, 1)
            print(f"{name}: {self.done[name]} s", file=sys.stderr)
        return folder

    def ingest(self, name: str, *argv: str | Path) -> Path:
        """Ingest sources and add the corpus to the results."""
        out = self.work / "corpora" / name
        self.cli("ingest", *argv, "--out", out)
        self.results.add_rows(f"ingest/{name}", out)
        return out

    def segment(self, name: str, *argv: str | Path) -> Path:
        """Segment sources and add the result to the results."""
        out = self.work / "results" / name
        self.cli("segment", *argv, "--out", out)
        self.results.add_rows(f"segment/{name}", out)
        return out

    def evaluate(self, name: str, truth: Path, *argv: str) -> None:
        """Compare a result with its truth and add the figures."""
        out = self.work / "results" / f"{name}.metrics.json"
        self.cli(
            "evaluate",
            self.work / "results" / name,
            "--truth",
            truth,
            "--out",
            out,
            *argv,
            quiet=False,
        )
        self.results.digests[f"evaluate/{name}"] = plain(json.loads(out.read_text()))

    def info(self, name: str, folder: Path) -> None:
        """Add the counts that `info` prints."""
        counts = json.loads(self.cli("info", folder, "--json", quiet=False))
        for key in TEXT_KEYS & counts.keys():
            self.results.may_differ[f"info/{name}/{key}"] = plain(counts.pop(key))
        for drawing in counts["drawings"]:
            drawing.pop("error", None)
        self.results.digests[f"info/{name}"] = plain(counts)

    def export(self, name: str, folder: Path, format: str, *argv: str) -> Path:
        """Write a corpus or result in another format and add the bytes of the files."""
        out = self.work / "exports" / f"{name}-{format}{''.join(argv)}"
        self.cli("export", folder, "--format", format, "--out", out, *argv, quiet=False)
        self.results.add_bytes(f"export/{name}/{format}{''.join(argv)}", out)
        return out

    def train(self, name: str, kind: str, *argv: str | Path, sets: Iterable[str] = TINY) -> Path:
        """Train a model and add its weights and figures."""
        runs = self.work / "runs"
        changes = [word for change in sets for word in ("--set", change)]
        self.cli("train", kind, "--run", name, "--storage", runs, "--seed", "5", *changes, *argv)
        self.results.add_run(f"train/{name}", runs / name, kind)
        return runs / name
