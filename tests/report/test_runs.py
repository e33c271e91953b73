"""Pages of runs and sweeps."""

import re

import pytest

from instancesketch.report import charts
from instancesketch.report.runs import render_comparison, render_run, render_sweep
from instancesketch.training.search_space import Dimension
from tests.report.conftest import settle

HOSTILE = "</pre><script>alert(1)</script>\"'&"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0H9"/></svg>'
EPOCHS = [
    {"epoch": 1, "loss": 1.51234, "macro_f1": 50.0, "seconds": 2.5, "score": 50.0},
    {"epoch": 2, "loss": 0.5, "macro_f1": None, "seconds": 2.5, "score": None},
]
CHARTS = [
    *charts.of_run([e | {"part_f1": {HOSTILE: 30.0, "wheel": None}} for e in EPOCHS], best=1),
]
TRIALS = [
    {"trial": "trial-02", "macro_f1": 70.25, "epochs": 3, "outcome": "finished", "reason": ""},
    {"trial": "trial-01", "macro_f1": 61.5, "epochs": 3, "outcome": None, "reason": ""},
    {"trial": "trial-03", "macro_f1": None, "epochs": 0, "outcome": "failed", "reason": HOSTILE},
]


DIMENSIONS = [
    Dimension(key="learning_rate", low=0.001, high=0.1, log=True),
    Dimension(key="model.encoder", choices=("raster", "points")),
]


def a_run(**values) -> str:
    """Return the page of a run of two epochs."""
    examples = [(HOSTILE, SVG, SVG), ("b", SVG, SVG)]
    confusion = {"parts": ["wheel", HOSTILE], "counts": [[7, 1, 0], [0, 3, 2]]}
    optional = {"confusion": confusion, "examples": examples, "legend": {HOSTILE: "#0072b2"}}
    always = {"title": HOSTILE, "about": ["a run", HOSTILE], "recipe": {"seed": HOSTILE}}
    return render_run(
        **(always | optional | {"epochs": EPOCHS, "best": EPOCHS[0]} | {"charts": CHARTS} | values)
    )


def a_sweep() -> str:
    """Return the page of a sweep of three trials."""
    values = {"learning_rate": 0.03125213998651523, "model.encoder": "points"}
    trials = [trial | {"values": values} for trial in TRIALS]
    scores = {"trial-01": [40.0, 61.5], "trial-02": [70.25], "trial-03": []}
    return render_sweep(
        title="sweep",
        about=["segmenter"],
        trials=trials,
        figure=("macro_f1", "macro-F1"),
        best="trial-02",
        charts=[
            charts.of_trials(HOSTILE, scores, "trial-02"),
            charts.parallel("trials", trials, DIMENSIONS, ("macro_f1", "macro-F1"), "trial-02"),
        ],
        parameters=SVG,
        importance={"learning_rate": 0.75, "model.encoder": 0.25},
        config=f"recipe = {HOSTILE}",
    )


def a_comparison() -> str:
    """Return the page of two runs."""
    logs = {"first": EPOCHS, HOSTILE: EPOCHS[:1]}
    return render_comparison(
        title="2 runs",
        about=["segmenter"],
        runs=[(name, [("macro-F1", "50.00"), ("epoch", "1 of 2")]) for name in logs],
        differences={"learning_rate": ["0.1", HOSTILE]},
        charts=[charts.over_epochs("loss", logs, "loss")],
        best="first",
    )


def test_charts_of_a_run_have_what_was_measured():
    loss, figures, parts = CHARTS
    assert [(s.name, s.values) for s in loss.series] == [("training, augmented", [1.51234, 0.5])]
    assert [(s.name, s.values) for s in figures.series] == [("macro-F1", [50.0, None])]
    assert [(s.name, s.values) for s in parts.series] == [
        (HOSTILE, [30.0, 30.0]),
        ("wheel", [None, None]),
    ]
    assert (loss.x, loss.best) == ([1, 2], 1)


def test_parallel_coordinates_place_values_between_the_ends_of_their_axes():
    values = [
        {"learning_rate": 0.1, "model.encoder": "raster"},
        {"learning_rate": 0.01, "model.encoder": "points"},
        {"learning_rate": 0.01},
    ]
    trials = [trial | {"values": of} for trial, of in zip(TRIALS, values, strict=True)]
    chart = charts.parallel("t", trials, DIMENSIONS, ("macro_f1", "macro-F1"), "trial-02")
    # The one without a score is left out.
    assert [line.at for line in chart.lines] == [[1.0, 0.0, 1.0], [pytest.approx(0.5), 1.0, 0.0]]
    assert [line.best for line in chart.lines] == [True, False]
    assert chart.axes[1].ticks == [(0.0, "raster"), (1.0, "points")]
    assert charts.parallel("t", trials[2:], DIMENSIONS, ("macro_f1", "macro-F1"), None) is None


def test_runs_side_by_side_show_what_differs():
    text = re.sub(r"<[^>]+>", " ", a_comparison())
    assert re.search(r"first ★ best\s+50\.00\s+1 of 2", text)
    assert re.search(r"learning_rate\s+0\.1", text)


def test_run_page_shows_its_epochs_and_the_best():
    html = a_run()
    text = re.sub(r"<[^>]+>", " ", html)
    assert re.search(r"macro-F1\s+50\.0", text)
    assert re.search(r"1 ★ best\s+1\.512\s+50\s+2\.5", text)
    assert re.search(r"2\s+0\.5\s+–\s+2\.5", text)
    assert "wheel called wheel: 7 of 8" in html
    assert html.count("<img ") == 4
    assert "<button" not in html


def test_run_without_examples_gives_a_page():
    html = a_run(confusion=None, examples=(), legend=None, recipe=None)
    assert "<img " not in html
    assert "Confusion" not in html


def test_sweep_page_shows_its_trials_and_the_best():
    text = re.sub(r"<[^>]+>", " ", a_sweep())
    assert re.search(r"best macro-F1\s+70\.2\s+%\s+trial-02", text)
    assert re.search(r"macro-F1 of the first\s+61\.5", text)
    assert re.search(r"trial-02 ★ best\s+70\.2\s+3\s+finished\s+0\.03125\s+points", text)
    assert re.search(r"trial-01\s+61\.5\s+3\s+not yet", text)


@pytest.mark.parametrize("page", [a_run, a_sweep, a_comparison])
def test_hostile_names_are_escaped_and_nothing_is_loaded(page):
    html = page()
    # The page's data, in which a name can't end the element, and its own script.
    elements = re.sub(r'(id="data">).*?</script>', r"\1</script>", html, flags=re.DOTALL)
    assert re.findall(r"<script[^>]*>", elements) == [
        '<script type="application/json" id="data">',
        "<script>",
    ]
    assert "default-src 'none'" in html
    assert all(
        a.startswith("data:image/svg+xml;base64,") for a in re.findall(r'src="([^"]+)', html)
    )
    namespace = "http://www.w3.org/2000/svg"
    left = re.sub(r'src="[^"]+"', "", html).replace("http-equiv", "").replace(namespace, "")
    assert "http" not in left


@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_pages_fit_the_screen_in_a_browser(open_file, tmp_path):
    for page in (a_run, a_sweep, a_comparison):
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
            assert shown.locator("figure[data-chart] svg path").count() > 0
            sizes = shown.locator("img").evaluate_all("all => all.map(i => i.naturalWidth)")
            assert all(size > 0 for size in sizes)


@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_pointing_and_arrow_keys_show_the_values_of_an_epoch(open_file, tmp_path):
    path = tmp_path / "run.html"
    path.write_text(a_run(), "utf-8")
    page = open_file(path)
    chart = page.locator("figure[data-chart]").first
    canvas, place = chart.locator(".canvas"), chart.locator("output")
    assert place.inner_text() == "epoch 1 ★ best"
    canvas.focus()
    page.keyboard.press("ArrowRight")
    assert place.inner_text() == "epoch 2"
    assert chart.locator(".legend b").inner_text() == "0.5000"
    canvas.hover(position={"x": 60, "y": 50})
    assert place.inner_text() == "epoch 1 ★ best"
    assert chart.locator(".legend b").inner_text() == "1.5123"
