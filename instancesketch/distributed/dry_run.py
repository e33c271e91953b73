"""The plan of a batch job, made without starting Ray or writing anything."""

from __future__ import annotations

import os
from typing import Any

from instancesketch.batch.job import Job
from instancesketch.batch.output import Output
from instancesketch.core import parquet, run_folder, storage
from instancesketch.distributed.cluster import local_cpus


def plan_job(job: Job) -> dict[str, Any]:
    """Return the plan of a job.

    Returns:
        `out`; `finished`, whether there is nothing left to do; `files`, `hidden_files` and `bytes`
        of the sources; `rows` of them, None where that isn't known before they are read; `slices`,
        the number of shards, and `slices_to_do`; `slice_mb`, the size of a shard; `workers`, None
        where it depends on a cluster that is yet to be joined.

    Raises:
        UserError: the output folder holds something else, or a source can't be read.
    """
    output = Output(storage.absolute(job.out))
    is_finished = output.check(job.config) is not None
    names = [shard.name for shard in job.shards]
    sources = job.config["sources"]
    size = sum(source["bytes"] for source in sources)
    left = 0 if is_finished else len(output.list_missing(names))
    workers = job.workers
    # Of a cluster that isn't joined the size is unknown.
    if workers is None and not os.environ.get("RAY_ADDRESS"):
        workers = local_cpus()
    return {
        "out": output.location,
        "finished": is_finished,
        "files": sum(source["files"] for source in sources),
        "hidden_files": job.summary["hidden_files"],
        "bytes": size,
        "rows": _count_rows([source["source"] for source in sources]),
        "slices": len(names),
        "slices_to_do": left,
        "slice_mb": round(size / len(names) / 2**20, 2),
        "workers": None if workers is None else min(workers, left),
    }


def _count_rows(sources: list[str]) -> int | None:
    """Return the number of rows of corpora; None where one of the sources is something else."""
    # Parquet's footers have it; any other file would have to be read to its end.
    total = 0
    for source in sources:
        files = [source]
        if storage.is_folder(source):
            names = [name for name in storage.list_names(source) if name[0] not in "_."]
            files = [storage.join(source, name) for name in names if name != run_folder.SUMMARY]
        if not files or not all(file.endswith(".parquet") for file in files):
            return None
        total += sum(parquet.count_rows(file) for file in files)
    return total


def format_plan(plan: dict[str, Any]) -> list[str]:
    """Return a plan in lines of text."""
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
        f"shards:  {plan['slices']:,}, of about {plan['slice_mb']:,} MB each; {done:,} done before",
        f"workers: {workers} at the same time, each with one shard in memory",
        f"out:     {plan['out']}",
    ]
