"""A parser for pages, for the tests of what they contain."""

import json
from html.parser import HTMLParser


class Page(HTMLParser):
    """The elements, text and data of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.inside: list[str] = []
        self.text: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data):
        within = self.inside[-1] if self.inside else ""
        if within == "script" and self.tags[-1][1].get("id") == "data":
            within = "data"
        self.text[within] = self.text.get(within, "") + data

    @property
    def data(self) -> dict:
        return json.loads(self.text["data"])

    @property
    def ids(self) -> list[str]:
        """Return the ids of the drawings, in the order of the page."""
        return [drawing["id"] for drawing in self.data["drawings"]]
