"""What a job would do, found out without starting Ray or writing anything."""

from __future__ import annotations

import os
from typing import Any

from instancesketch.batch.job import Job
from instancesketch.batch.output import Output
from instancesketch.core import parquet, storage
from instancesketch.distributed.cluster import local_cpus


def preview(job: Job, workers: int | None) -> dict[str, Any]:
    """The plan of a job.

    Args:
        job: what would be done.
        workers: how many were asked for.

    Returns:
        `out`; `finished`, whether there is nothing left to do; `files`, `hidden_files` and `bytes`
        of the sources; `rows` of them, None where that isn't known before they are read; `slices`,
        and `slices_to_do`; `slice_mb`, what a worker holds of the sources at a time; `workers`,
        None where it depends on a cluster that is yet to be asked.

    Raises:
        UserError: the output folder holds something else, or a source can't be read.
    """
    output = Output(storage.absolute(job.out))
    finished = output.check(job.settings) is not None
    names = [item.name for item in job.items]
    sources = job.settings["sources"]
    size = sum(source["bytes"] for source in sources)
    left = 0 if finished else len(output.missing(names))
    if workers is None and not os.environ.get("RAY_ADDRESS"):
        workers = local_cpus()
    return {
        "out": output.location,
        "finished": finished,
        "files": sum(source["files"] for source in sources),
        "hidden_files": job.summary["hidden_files"],
        "bytes": size,
        "rows": _rows([source["source"] for source in sources]),
        "slices": len(names),
        "slices_to_do": left,
        "slice_mb": round(size / len(names) / 2**20, 2),
        "workers": None if workers is None else min(workers, left),
    }


def _rows(sources: list[str]) -> int | None:
    """The rows of corpora; None where one of the sources is something else."""
    total = 0
    for source in sources:
        files = [source]
        if storage.is_folder(source):
            names = [n for n in storage.list_names(source) if n[0] not in "_."]
            files = [storage.join(source, n) for n in names if n != "summary.json"]
        if not files or not all(file.endswith(".parquet") for file in files):
            return None
        total += sum(parquet.count_rows(file) for file in files)
    return total


def in_words(plan: dict[str, Any]) -> list[str]:
    """The plan in lines."""
    if plan["finished"]:
        return [f"nothing to do: {plan['out']} is finished"]
    rows = "rows not known before they are read"
    if plan["rows"] is not None:
        rows = f"{plan['rows']:,} rows"
    workers = f"at most {plan['workers']}" if plan["workers"] else "as many as the cluster has"
    done = plan["slices"] - plan["slices_to_do"]
    return [
        f"sources: {plan['files']:,} files of {plan['bytes'] / 2**20:,.1f} MB, {rows}; "
        f"{plan['hidden_files']:,} hidden",
        f"slices:  {plan['slices']:,}, of about {plan['slice_mb']:,} MB each; {done:,} done before",
        f"workers: {workers} at the same time, each with one slice in memory",
        f"out:     {plan['out']}",
    ]
