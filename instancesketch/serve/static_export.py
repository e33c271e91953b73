"""The page to draw on as static files: models run in the browser, and no server is needed."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, NamedTuple

from instancesketch.core import storage
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import SAME_PLACE
from instancesketch.inference.onnx_labeller import labeller
from instancesketch.models import weight_names, weights
from instancesketch.render.titles import label_title
from instancesketch.report.captions import category_title
from instancesketch.results.export import refuse_existing
from instancesketch.serve import onnxruntime_web
from instancesketch.serve.examples import example_table
from instancesketch.serve.model_table import describe_model
from instancesketch.serve.page_files import page_files

# What the page may load: its own files. WebAssembly counts as a script that is made at run time.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
_MODEL, _RUNTIME = "model/labeller.onnx", "runtime"
_EXAMPLES = 8  # drawings of each category


class Exported(NamedTuple):
    """The number of files that were written, and of their bytes."""

    files: int
    bytes: int


def export(source: str, out: str, runtime: str | None = None) -> Exported:
    """Write the page with the models of some weights as files for any web host.

    Args:
        source: a shipped name, or the folder of a run.
        out: a new or empty folder.
        runtime: the unpacked npm package of onnxruntime-web, or its `.tgz`; None: npm fetches it.

    Raises:
        UserError: there are no such weights, they aren't of the default recipe's kind of network,
            the folder isn't empty, or the runtime or the extra `onnx` is missing.
    """
    refuse_existing(out)
    # Both before the conversion, which takes a minute.
    weights.inspect_segmenter([source])
    engine = onnxruntime_web.load(runtime)
    model, taxonomy = labeller(source)
    files = {_MODEL: model} | {f"{_RUNTIME}/{name}": data for name, data in engine.items()}
    chosen = weight_names.choose_categories([source])
    offered = taxonomy if chosen is None else taxonomy.restrict(chosen)
    examples = example_table(offered, _EXAMPLES)
    table = {
        "model": describe_model(offered, source, list(examples)),
        "labelling": _labelling(taxonomy, offered, files),
    }
    files |= page_files(POLICY) | _scripts()
    files["examples.json"] = _json(examples)
    # A service worker keeps what is named here.
    names = sorted([*files, "model.json"])
    files["model.json"] = _json(table | {"files": names})
    # The page comes last, so that one that is there is whole.
    for name in sorted(files, key=lambda name: name == "index.html"):
        storage.write_bytes(storage.join(out, name), files[name])
    return Exported(len(files), sum(map(len, files.values())))


def _scripts() -> dict[str, bytes]:
    """Return what the page has here in place of a server, by the names of the files."""
    here = resources.files("instancesketch.serve") / "static"
    root = {file.name: file.read_bytes() for file in here.iterdir() if file.is_file()}
    model = {f"model/{file.name}": file.read_bytes() for file in (here / "model").iterdir()}
    return root | model


def _labelling(taxonomy: Taxonomy, offered: Taxonomy, files: dict[str, bytes]) -> dict[str, Any]:
    """Return what `worker.js` and `labeller.js` have to know of the model.

    Args:
        taxonomy: of the model.
        offered: the categories that it is restricted to.
        files: the model's and the runtime's.
    """
    wasm = f"{_RUNTIME}/{onnxruntime_web.WASM}"
    return {
        # With sizes, since a web host that compresses doesn't say them.
        "runtime": {"name": wasm, "bytes": len(files[wasm])},
        "model": {"name": _MODEL, "bytes": len(files[_MODEL])},
        "categories": [
            {
                "name": category.name,
                "title": category_title(category.name, taxonomy),
                "has_parts": bool(category.parts),
                "offered": category.name in offered.categories,
            }
            for category in taxonomy.categories.values()
        ],
        "parts": len(taxonomy.part_names),
        "labels": taxonomy.label_names,
        "titles": [label_title(label) for label in taxonomy.label_names],
        "same_place": SAME_PLACE,
    }


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
