"""Plans for `--dry-run`: that of a batch job, and the lines that every plan is printed in.

A plan is made without starting Ray or writing anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from instancesketch.batch.job import Job
from instancesketch.batch.output import Output
from instancesketch.core import parquet, run_folder, storage
from instancesketch.distributed.cluster import local_cpus
from instancesketch.distributed.placement import runs_here

Plan = dict[str, Any]  # as `--json` prints it


def plan_job(job: Job) -> Plan:
    """Return the plan of a job.

    Returns:
        `out`; `finished`, whether there is nothing left to do; `files`, `hidden_files` and `bytes`
        of the sources; `rows` of them, None where that isn't known before they are read; `slices`,
        the number of shards, and `slices_to_do`; `slice_mb`, the size of a shard; `in_process`,
        whether it runs without Ray; `workers`, None where it depends on a cluster that is yet to
        be joined.

    Raises:
        UserError: the output folder holds something else, or a source can't be read.
    """
    output = Output(storage.absolute(job.out), job.config)
    is_finished = output.check() is not None
    names = [shard.name for shard in job.shards]
    sources = job.config["sources"]
    size = sum(source["bytes"] for source in sources)
    left = 0 if is_finished else len(output.list_missing(names))
    in_process = runs_here(job)
    workers = 1 if in_process else job.workers
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
        "in_process": in_process,
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


def format_job_plan(plan: Plan) -> list[str]:
    """Return the plan of a job in lines of text."""
    rows = "rows not known before they are read"
    if plan["rows"] is not None:
        rows = f"{plan['rows']:,} rows"
    workers = f"at most {plan['workers']}" if plan["workers"] else "as many as the cluster has"
    workers += " at the same time, each"
    if plan["in_process"]:
        workers = "this process, without Ray,"
    done = plan["slices"] - plan["slices_to_do"]
    lines = [
        ("sources", f"{plan['files']:,} files of {plan['bytes'] / 2**20:,.1f} MB, {rows}; "
                    f"{plan['hidden_files']:,} hidden"),
        ("shards", f"{plan['slices']:,}, of about {plan['slice_mb']:,} MB each; "
                   f"{done:,} done before"),
        ("workers", f"{workers} with one shard in memory"),
        ("out", plan["out"]),
    ]  # fmt: skip
    return format_plan(plan["out"], plan["finished"], lines)


def format_plan(location: str, finished: bool, lines: Iterable[tuple[str, str]]) -> list[str]:
    """Return a plan in lines of text, their names aligned.

    Args:
        location: the folder that would be written.
        finished: whether nothing is left to do; then a single line says so.
        lines: pairs of name and text; a line with an empty name continues the one before.
    """
    if finished:
        return [f"nothing to do: {location} is finished"]
    return [f"{name and name + ':':9}{text}" for name, text in lines]
