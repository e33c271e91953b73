"""What a command knows of the Ray job as which it was submitted, if it was."""

from __future__ import annotations

import json
import os
from typing import Any

from instancesketch.core import storage
from instancesketch.core.errors import UserError

# Ray's job server tells the command that it starts about its job.
_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"


def job_id() -> str | None:
    """The name of the job, `raysubmit_…`; None where the command was not submitted."""
    name: str | None = _job().get("metadata", {}).get("job_submission_id")
    return name


def refuse_lost(option: str, location: str) -> None:
    """Refuses to write into the working directory of a job, which Ray removes after it.

    Args:
        option: what gave the location, `--out`.
        location: where the command is to write.

    Raises:
        UserError: the location is in that directory.
    """
    has_directory = _job().get("runtime_env", {}).get("working_dir")
    if has_directory and storage.is_within(storage.absolute(location), os.getcwd()):
        raise UserError(
            f"{option} {location} would lie in this job's working directory, which is removed "
            "with the job; give a place that all nodes share, such as s3://bucket/path"
        )


def _job() -> dict[str, Any]:
    job: dict[str, Any] = json.loads(os.environ.get(_JOB) or "{}")
    return job
