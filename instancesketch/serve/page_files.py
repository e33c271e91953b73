"""The files of the page, by their names below its root; but for `backend.js`, which differs."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY_PLACE = "<!-- policy -->"


def page_files(policy: str | None = None) -> dict[str, bytes]:
    """Return the contents of each file of the page, by its name: `index.html`, `shared/names.js`.

    Args:
        policy: a content security policy to put into the page itself, where no server sends one.
    """
    files = _read(resources.files("instancesketch.serve") / "page")
    shared = _read(resources.files("instancesketch.render") / "web")
    files |= {f"shared/{name}": data for name, data in shared.items()}
    meta = "" if policy is None else _meta(policy)
    files["index.html"] = files["index.html"].replace(_POLICY_PLACE.encode(), meta.encode())
    return files


def media_type(name: str) -> str:
    """Return the media type of one of these files."""
    return _TYPES[name[name.rindex(".") :]]


def _read(folder: Traversable) -> dict[str, bytes]:
    return {
        file.name: file.read_bytes()
        for file in folder.iterdir()
        if any(file.name.endswith(suffix) for suffix in _TYPES)
    }


def _meta(policy: str) -> str:
    # A page can't forbid by itself that others frame it; browsers warn of the attempt.
    kept = "; ".join(d for d in policy.split("; ") if not d.startswith("frame-ancestors"))
    return f'<meta http-equiv="Content-Security-Policy" content="{kept}">'
