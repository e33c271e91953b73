"""The description of the JSON API, as OpenAPI 3.1: `GET api/openapi.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from instancesketch import __version__

_STROKES = {
    "type": "array",
    "description": "strokes, each [[x…], [y…]], x to the right and y down, in any unit",
    "items": {
        "type": "array",
        "minItems": 2,
        "items": {"type": "array", "items": {"type": "number"}},
    },
}
_SCORE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_NAME = {"type": ["string", "null"]}
_STROKE = {
    "part": _NAME,
    "title": _NAME,
    "label": _NAME | {"description": "the part with its side"},
    "instance": {"type": ["integer", "null"], "description": "0: several at once, or unknown"},
    "score": _SCORE,
    "part_2": _NAME,
    "part_2_score": _SCORE,
}
_CATEGORY = {"name": {"type": "string"}, "title": {"type": "string"}, "score": _SCORE}
_OBJECT = {"category": _NAME, "title": {"type": "string"}, "score": _SCORE, "colour": _NAME}
_ERRORS = {
    "400": "no JSON object",
    "403": "another host name or origin",
    "413": "too large",
    "415": "another type than application/json",
    "422": "no drawing, or an unknown category",
    "429": "too many requests; see Retry-After",
    "503": "busy; see Retry-After",
}


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def _array(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _object(properties, *properties)}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _operation(
    summary: str,
    answer: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    error = _object({"error": {"type": "string", "description": "one line"}}, "error")
    found: dict[str, Any] = {
        "summary": summary,
        "responses": {
            "200": {"description": "the answer", "content": _json(answer)},
            **{s: {"description": d, "content": _json(error)} for s, d in _ERRORS.items()},
        },
    }
    if body is not None:
        found["requestBody"] = {"required": True, "content": body}
    if query:
        found["parameters"] = [
            {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
            for name, text in query.items()
        ]
    return found


def describe_api() -> dict[str, Any]:
    """Return the description, as values of JSON."""
    drawing = {
        "strokes": _STROKES,
        "category": _NAME | {"description": "the category, if it is known"},
        "categories": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "description": "those to choose among",
        },
    }
    labelled = {
        "category": _NAME,
        "category_score": _SCORE,
        "categories": _array(_CATEGORY),
        "strokes": _array(_STROKE),
    }
    number = {"type": "integer", "description": "index into objects; -1: none"}
    scene = {"objects": _array(_OBJECT), "strokes": _array(_STROKE | {"object": number})}
    asked = {
        "strokes": _STROKES,
        "categories": drawing["categories"],
        "object": {
            "type": ["array", "null"],
            "items": {"type": ["integer", "null"], "minimum": -1},
            "description": "for each stroke the object that a person put it into, -1 for none, "
            "null where the model decides",
        },
        "object_category": {
            "type": ["array", "null"],
            "items": _NAME,
            "description": "of each of these objects; `other` for nothing known, null where the "
            "model decides",
        },
    }
    anything: dict[str, Any] = {"type": "object"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "InstanceSketch", "version": __version__},
        "paths": {
            "/api/model": {"get": _operation("Categories, parts, titles and colours", anything)},
            "/api/label": {
                "post": _operation(
                    "Label the strokes of a drawing",
                    _object(labelled, *labelled),
                    _json(_object(drawing, "strokes")),
                )
            },
            "/api/scene": {
                "post": _operation(
                    "Group the strokes of a scene into objects, and label them",
                    _object(scene, *scene),
                    _json(_object(asked, "strokes")),
                )
            },
            "/api/example": {
                "get": _operation(
                    "A procedural drawing", anything, query={"category": "of it; any without"}
                )
            },
            "/api/open": {
                "post": _operation(
                    "The drawings of a file",
                    anything,
                    {"application/octet-stream": {"schema": {"type": "string"}}},
                    {"name": "of the file, with its extension"},
                )
            },
            "/api/corpus": {
                "post": _operation(
                    "Add a labelled drawing to the corpus, if there is a folder for it",
                    _object({"location": {"type": "string"}}, "location"),
                    _json(anything),
                )
            },
        },
    }
