"""Pages of runs and sweeps."""

import re

import pytest

from instancesketch.report.runs import render_run, render_sweep
from tests.report.conftest import settle

HOSTILE = "</pre><script>alert(1)</script>\"'&"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0H9"/></svg>'
EPOCHS = [
    {"epoch": 1, "loss": 1.51234, "macro_f1": 50.0, "seconds": 2.5, "score": 50.0},
    {"epoch": 2, "loss": 0.5, "macro_f1": None, "seconds": 2.5, "score": None},
]
TRIALS = [
    {"trial": "trial-02", "macro_f1": 70.25, "epochs": 3, "outcome": "finished", "reason": ""},
    {"trial": "trial-01", "macro_f1": 61.5, "epochs": 3, "outcome": None, "reason": ""},
    {"trial": "trial-03", "macro_f1": None, "epochs": 0, "outcome": "failed", "reason": HOSTILE},
]


def a_run(**values) -> str:
    """Return the page of a run of two epochs."""
    examples = [(HOSTILE, SVG, SVG), ("b", SVG, SVG)]
    confusion = {"parts": ["wheel", HOSTILE], "counts": [[7, 1, 0], [0, 3, 2]]}
    optional = {"confusion": confusion, "examples": examples, "legend": {HOSTILE: "#0072b2"}}
    always = {"title": HOSTILE, "about": ["a run", HOSTILE], "recipe": {"seed": HOSTILE}}
    return render_run(
        **(always | optional | {"epochs": EPOCHS, "best": EPOCHS[0], "curves": SVG} | values)
    )


def a_sweep() -> str:
    """Return the page of a sweep of three trials."""
    values = {"learning_rate": 0.03125213998651523, "model.encoder": "points"}
    return render_sweep(
        title="sweep",
        about=["segmenter"],
        trials=[trial | {"values": values} for trial in TRIALS],
        figure=("macro_f1", "macro-F1"),
        best="trial-02",
        curves=SVG,
        parameters=SVG,
        config=f"recipe = {HOSTILE}",
    )


def test_run_page_shows_its_epochs_and_the_best():
    html = a_run()
    text = re.sub(r"<[^>]+>", " ", html)
    assert re.search(r"macro-F1\s+50\.0", text)
    assert re.search(r"1 ★ best\s+1\.512\s+50\s+2\.5", text)
    assert re.search(r"2\s+0\.5\s+–\s+2\.5", text)
    assert "wheel called wheel: 7 of 8" in html
    assert html.count("<img ") == 1 + 4
    assert "<button" not in html


def test_run_without_examples_gives_a_page():
    html = a_run(confusion=None, examples=(), legend=None, recipe=None)
    assert html.count("<img ") == 1
    assert "Confusion" not in html


def test_sweep_page_shows_its_trials_and_the_best():
    text = re.sub(r"<[^>]+>", " ", a_sweep())
    assert re.search(r"best macro-F1\s+70\.2\s+%\s+trial-02", text)
    assert re.search(r"macro-F1 of the first\s+61\.5", text)
    assert re.search(r"trial-02 ★ best\s+70\.2\s+3\s+finished\s+0\.03125\s+points", text)
    assert re.search(r"trial-01\s+61\.5\s+3\s+not yet", text)


@pytest.mark.parametrize("page", [a_run, a_sweep])
def test_hostile_names_are_escaped_and_nothing_is_loaded(page):
    html = page()
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert all(
        a.startswith("data:image/svg+xml;base64,") for a in re.findall(r'src="([^"]+)', html)
    )
    assert "http" not in re.sub(r'src="[^"]+"', "", html).replace("http-equiv", "")


@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_pages_fit_the_screen_in_a_browser(open_file, tmp_path):
    for page in (a_run, a_sweep):
        path = tmp_path / f"{page.__name__}.html"
        path.write_text(page(), "utf-8")
        shown = open_file(path)
        for summary in shown.locator("summary").all():
            summary.click()
        for scheme, width in (("light", 1280), ("dark", 390)):
            shown.set_viewport_size({"width": width, "height": 900})
            shown.emulate_media(color_scheme=scheme)
            settle(shown)
            assert shown.evaluate("document.documentElement.scrollWidth") == width
            sizes = shown.locator("img").evaluate_all("all => all.map(i => i.naturalWidth)")
            assert all(size > 0 for size in sizes)
