"""Examples in docstrings and documentation, and the import of the public API."""

import doctest
import re
from pathlib import Path

import pytest

import instancesketch
from instancesketch.core import sketch as sketch_module
from instancesketch.inference import segmenter

ROOT = Path(__file__).parents[1]
PAGES = sorted(p for p in (ROOT / "docs").glob("*.md") if "```pycon" in p.read_text("utf-8"))


def run_examples(text: str, name: str) -> int:
    """Run the examples of a text; return the number that failed."""
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    return doctest.DocTestRunner().run(test).failed


@pytest.mark.parametrize("module", [sketch_module, segmenter], ids=lambda m: m.__name__)
def test_examples_in_docstrings_give_the_output_shown(module) -> None:
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_examples_in_the_documentation_give_the_output_shown(page, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```pycon\n(.*?)```", page.read_text("utf-8"), re.S)
    assert run_examples("\n".join(blocks), page.name) == 0


def test_unknown_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Sketchy"):
        _ = instancesketch.Sketchy
