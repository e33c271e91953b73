"""The files of onnxruntime-web: from a folder, from an archive, and by npm."""

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.serve import onnxruntime_web

NAMES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
OURS = {
    "ort.js": b"ort.wasm.bundle.min.mjs",
    "ort-wasm-simd-threaded.wasm": b"ort-wasm-simd-threaded.wasm",
}


@pytest.fixture(autouse=True)
def extra() -> None:
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")


def without_licences(files: dict[str, bytes]) -> dict[str, bytes]:
    assert b"MIT License" in files["LICENSE.txt"]
    assert b"THIRD PARTY" in files["ThirdPartyNotices.txt"].upper()
    return {name: data for name, data in files.items() if not name.endswith(".txt")}


@pytest.mark.parametrize("inside", ["dist", ".", "node_modules/onnxruntime-web/dist"])
def test_a_folder_is_the_package_its_files_or_a_project_that_has_it(tmp_path, inside) -> None:
    (tmp_path / inside).mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (tmp_path / inside / name).write_text(name)
    assert without_licences(onnxruntime_web.load(str(tmp_path))) == OURS


def archive(path: Path, names: tuple[str, ...]) -> str:
    with tarfile.open(path, "w:gz") as file:
        for name in names:
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(name)
            file.addfile(member, io.BytesIO(name.encode()))
    return str(path)


def test_the_archive_that_npm_packs_is_read(tmp_path) -> None:
    assert without_licences(onnxruntime_web.load(archive(tmp_path / "a.tgz", NAMES))) == OURS


def test_what_is_no_such_package_is_refused_in_one_line(tmp_path) -> None:
    (tmp_path / "text").write_text("no archive")
    part = archive(tmp_path / "part.tgz", NAMES[:1])
    for place, message in (
        (str(tmp_path), "there is no onnxruntime-web in it"),
        (str(tmp_path / "nowhere"), "there is no onnxruntime-web in it"),
        (str(tmp_path / "text"), "is not an npm package"),
        (part, f"has no dist/{NAMES[1]}"),
    ):
        with pytest.raises(UserError, match=message) as raised:
            onnxruntime_web.load(place)
        assert "\n" not in str(raised.value)


def test_without_npm_the_export_says_what_to_do_and_writes_nothing(
    tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "page"
    assert main(["export", "doodle7", "--format", "web", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "there is no npm" in said
    assert "--runtime DIR" in said
    assert not out.exists()


def test_a_runtime_goes_with_pages_alone(tmp_path, capsys) -> None:
    command = ["export", "doodle7", "--format", "onnx", "--runtime", "x", "--out", str(tmp_path)]
    assert main(command) == 2
    assert "--runtime goes with --format web" in capsys.readouterr().err


@pytest.mark.slow
def test_a_registry_that_does_not_answer_is_reported_in_one_line(tmp_path, monkeypatch) -> None:
    if shutil.which("npm") is None:
        pytest.skip("onnxruntime-web comes by npm, and there is none: install Debian's npm")
    for name, value in (
        ("registry", "http://127.0.0.1:9"),
        ("fetch_retries", "0"),
        ("cache", str(tmp_path)),
        ("https_proxy", ""),
        ("proxy", ""),
    ):
        monkeypatch.setenv(f"npm_config_{name}", value)
    with pytest.raises(UserError, match="npm can't fetch onnxruntime-web") as raised:
        onnxruntime_web.load()
    assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_another_file_than_the_pinned_one_is_refused(monkeypatch) -> None:
    if shutil.which("npm") is None:
        pytest.skip("onnxruntime-web comes by npm, and there is none: install Debian's npm")
    monkeypatch.setattr(onnxruntime_web, "_SHA512", "another")
    with pytest.raises(UserError, match="not that package, by its checksum"):
        onnxruntime_web.load()
