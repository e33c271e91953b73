"""The files of onnxruntime-web, which runs the models in a browser: from its npm package."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from instancesketch.core.errors import UserError, last_line

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
# Of the package's file, from whatever mirror it comes: what npm calls its integrity.
_SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
# WebAssembly alone: a page of one thread needs neither WebGPU nor the larger builds. As `.js`,
# since some web hosts don't know that `.mjs` is a script.
MODULE = "ort.js"
WASM = "ort-wasm-simd-threaded.wasm"
_FILES = {MODULE: "ort.wasm.bundle.min.mjs", WASM: WASM}
# Of the same program in Python, because the npm package has none.
_LICENCES = {"LICENSE.txt": "LICENSE", "ThirdPartyNotices.txt": "ThirdPartyNotices.txt"}
_SECONDS = 600


def load(place: str | None = None) -> dict[str, bytes]:
    """Return the runtime's module, its WebAssembly and its licence, by file name.

    Args:
        place: the unpacked npm package, or its `.tgz`; None: npm fetches it.

    Raises:
        UserError: the package isn't there, isn't whole, or npm isn't there or can't fetch it.
    """
    if place is None:
        files = _unpack(_fetch(), f"{PACKAGE} {VERSION}")
    elif Path(place).is_file():
        files = _unpack(Path(place).read_bytes(), place)
    else:
        files = _read_folder(Path(place))
    return files | _licences()


def _fetch() -> bytes:
    """Return the package's archive, by npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(
            f"the page needs {PACKAGE}, and there is no npm to fetch it with: install npm, or give "
            f"--runtime DIR, the unpacked npm package {PACKAGE} {VERSION}"
        )
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", folder]
        try:
            # In a folder without a project, whose settings are none of the page's business.
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise _not_fetched(f"no answer in {_SECONDS} s") from None
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            errors = [line for line in done.stderr.splitlines() if "npm error" in line]
            raise _not_fetched((errors or [done.stderr.strip() or "no reason given"])[0])
        data = archives[0].read_bytes()
    if base64.b64encode(hashlib.sha512(data).digest()).decode() != _SHA512:
        raise _not_fetched("what came is not that package, by its checksum")
    return data


def _not_fetched(reason: str) -> UserError:
    return UserError(
        f"npm can't fetch {PACKAGE} {VERSION}: {reason}; or give --runtime DIR, the unpacked "
        "package"
    )


def _unpack(data: bytes, name: str) -> dict[str, bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:

            def read(file: str) -> bytes:
                member = archive.extractfile(f"package/dist/{file}")
                if member is None:
                    raise KeyError(file)
                return member.read()

            return _read_all(read, name)
    except tarfile.TarError as error:
        raise UserError(f"{name} is not an npm package: {last_line(error)}") from None


def _read_folder(folder: Path) -> dict[str, bytes]:
    # The package, its folder of files, or a project that has it installed.
    places = [folder / inside for inside in ("dist", ".", f"node_modules/{PACKAGE}/dist")]
    holding = [place for place in places if (place / WASM).is_file()]
    if not holding:
        raise UserError(f"--runtime {folder}: there is no {PACKAGE} in it (dist/{WASM})")
    return _read_all(lambda file: (holding[0] / file).read_bytes(), str(folder))


def _read_all(read: Callable[[str], bytes], name: str) -> dict[str, bytes]:
    files = {}
    for ours, theirs in _FILES.items():
        try:
            files[ours] = read(theirs)
        except (KeyError, OSError):
            raise UserError(
                f"{name} has no dist/{theirs}: the page needs {PACKAGE} {VERSION}"
            ) from None
    return files


def _licences() -> dict[str, bytes]:
    try:
        package = metadata.distribution("onnxruntime")
    except metadata.PackageNotFoundError:
        raise UserError(
            "the page needs the extra `onnx`: pip install 'instancesketch[onnx]'"
        ) from None
    return {
        ours: Path(str(package.locate_file(f"onnxruntime/{theirs}"))).read_bytes()
        for ours, theirs in _LICENCES.items()
    }
