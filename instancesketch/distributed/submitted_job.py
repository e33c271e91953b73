"""The Ray job that a command runs in, where it was submitted as one."""

from __future__ import annotations

import json
import os
from typing import Any

from instancesketch.core import storage
from instancesketch.core.errors import UserError

# Ray's job server describes the job to the command that it starts.
_JOB_CONFIG_VARIABLE = "RAY_JOB_CONFIG_JSON_ENV_VAR"


def is_in_job() -> bool:
    """Return whether this process runs in a submitted job."""
    return bool(os.environ.get(_JOB_CONFIG_VARIABLE))


def job_id() -> str | None:
    """Return the name of the submitted job, `raysubmit_…`; None where none was submitted."""
    name: str | None = _submitted_job().get("metadata", {}).get("job_submission_id")
    return name


def refuse_job_directory(option: str, location: str) -> None:
    """Check that a location isn't in the working directory of a job, which Ray removes after it.

    Args:
        option: the option that gave the location, `--out`.
        location: where the command is to write.

    Raises:
        UserError: the location is in that directory.
    """
    has_directory = _submitted_job().get("runtime_env", {}).get("working_dir")
    # Where no directory was submitted, the job runs where it is, and what it writes stays.
    if has_directory and storage.is_within(storage.absolute(location), os.getcwd()):
        raise UserError(
            f"{option} {location} would lie in this job's working directory, which is removed "
            "with the job; give a place that all nodes share, such as s3://bucket/path"
        )


def _submitted_job() -> dict[str, Any]:
    job: dict[str, Any] = json.loads(os.environ.get(_JOB_CONFIG_VARIABLE) or "{}")
    return job
