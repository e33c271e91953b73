"""Describe a model to the page: its categories and their parts, with titles and colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from instancesketch.core.taxonomy import Category, Taxonomy
from instancesketch.render.colours import GREY, palette
from instancesketch.render.titles import label_title
from instancesketch.report.captions import category_title


def describe_model(taxonomy: Taxonomy, title: str, examples: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the page has to know of a model.

    Args:
        taxonomy: of the model.
        title: the model's name, for people.
        examples: the categories of which there are drawings to show.
    """
    # The palette of reports and notebooks: a part has the same colour everywhere.
    colours = palette(*(c.parts for c in taxonomy.categories.values()))
    return {
        "title": title,
        "taxonomy": taxonomy.name,
        "colour_of_nothing": GREY,
        "categories": [
            {
                "name": category.name,
                "title": category_title(category.name, taxonomy),
                "parts": [_describe_part(part, category, colours[part]) for part in category.parts],
            }
            for category in taxonomy.categories.values()
        ],
        "examples": [name for name in taxonomy.category_names if name in examples],
        "scenes": False,
        "opens": False,
        "corpus": None,
    }


def _describe_part(part: str, category: Category, colour: str) -> dict[str, Any]:
    return {
        "name": part,
        "title": label_title(part),
        "countable": part in category.countable,
        "sided": part in category.sided,
        "colour": colour,
    }
