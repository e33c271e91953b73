import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pytest

from instancesketch.cli import options
from instancesketch.cli.parser import VerbParser
from instancesketch.core.config import option


@dataclass(frozen=True, kw_only=True)
class Base:
    quiet: bool = field(default=False, metadata=option("show nothing"))
    rate: float = field(default=1_000.5, metadata=option("a rate", metavar="R"))


@dataclass(frozen=True, kw_only=True)
class Config(Base):
    internal: int = 7
    mode: Literal["slow", "fast"] | None = field(default=None, metadata=option("a mode"))
    batch_size: int = field(default=100_000, metadata=option("a number", metavar="N"))
    names: tuple[str, ...] = field(
        default=("a", "b"), metadata=option("names", metavar="X", name="from", action="append")
    )
    data: tuple[str, ...] = field(metadata=option("data", metavar="D", action="extend"))
    sources: tuple[str, ...] = field(metadata=option("sources", metavar="S", positional=True))


@pytest.fixture
def parser() -> VerbParser:
    parser = VerbParser()
    options.add_fields(parser, Config)
    return parser


@pytest.fixture
def config(parser: VerbParser) -> Callable[[str], Config]:
    return lambda line: options.from_args(Config, parser.parse_args(line.split()))


def test_option_that_is_not_given_keeps_the_fields_default(
    config: Callable[[str], Config],
) -> None:
    assert config("s --data d") == Config(sources=("s",), data=("d",))


def test_values_have_the_fields_types(config: Callable[[str], Config]) -> None:
    line = "s t --data d e --data f --from x --from y --batch-size 3 --rate 2 --mode fast --quiet"
    assert config(line) == Config(
        sources=("s", "t"), data=("d", "e", "f"), names=("x", "y"), batch_size=3, rate=2.0,
        mode="fast", quiet=True,
    )  # fmt: skip


def test_help_states_defaults_and_lists_required_and_own_options_first(
    parser: VerbParser,
) -> None:
    text = parser.format_help().partition("options:")[2]
    listed = [line.split()[0] for line in text.splitlines() if line.startswith("  -")][1:]
    assert listed == ["--data", "--mode", "--batch-size", "--from", "--quiet", "--rate"]
    for default in ("(default: 100,000)", "(default: a, b)", "(default: 1000.5)"):
        assert default in text
    assert "{slow,fast}" in text


def test_unset_options_differ_from_given_ones() -> None:
    parser = VerbParser()
    options.add_fields(parser, Base, unset=True, section="more")
    args = parser.parse_args(["--rate", "1000.5"])
    assert options.given_options(Base, args) == ["--rate"]
    assert options.given_options(Base, parser.parse_args([])) == []
    assert "\nmore:\n" in parser.format_help()


@pytest.mark.parametrize(
    ("out", "storage", "place"),
    [
        ("a", None, "a"),
        ("a", "s3://b/c", "s3://b/c/a"),
        ("/a", "s3://b/c", "/a"),
        ("s3://x/a", "/b", "s3://x/a"),
    ],
)
def test_relative_out_is_in_storage(out: str, storage: str | None, place: str) -> None:
    assert options.place(out, storage) == place


@pytest.mark.parametrize(
    ("parse", "texts"),
    [
        (options.parse_workers, ["0", "-1", "two", "1-2", ""]),
        (options.parse_worker_range, ["few", "1-", "-2", "1-2-3", ""]),
    ],
)
def test_wrong_number_of_workers_is_refused(
    parse: Callable[[str], object], texts: Sequence[str]
) -> None:
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError):
            parse(text)
