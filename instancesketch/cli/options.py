"""Arguments made of the fields of config dataclasses, options that verbs share, and the runner."""

from __future__ import annotations

import argparse
import inspect
import posixpath
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, fields
from types import NoneType, SimpleNamespace, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from instancesketch.cli.parser import VerbParser
from instancesketch.core.config import OPTION, Option

if TYPE_CHECKING:
    from instancesketch.batch.runner import Runner

Config = TypeVar("Config")
Parse = Callable[[str], Any]

# The form of options that change single values: those of a file and of the command line add up.
KEY_VALUE = "KEY=VALUE"


def add_fields(
    parser: VerbParser,
    config: type,
    *,
    section: str | None = None,
    own: bool = False,
    leave_out: Collection[str] = (),
    parse: Mapping[str, Parse] | None = None,
    unset: bool = False,
) -> None:
    """Add an argument for each field of a config dataclass that is declared as an option.

    Args:
        parser: the verb's parser.
        config: the dataclass; required fields come first, and its own before inherited ones.
        section: the section of `--help` that lists them; None: among the other options.
        own: leave out inherited fields.
        leave_out: the names of fields to leave out.
        parse: field name -> function of its text, where the type doesn't determine the value.
        unset: give None for an option that isn't given, in place of the field's default.
    """
    for field, annotation, owner in _declared(config):
        if (own and owner is not config) or field.name in leave_out:
            continue
        option: Option = field.metadata[OPTION]
        settings = _settings(field, option, annotation)
        # Last, so that it replaces what the type gave.
        if parse and field.name in parse:
            settings["type"] = parse[field.name]
        if unset:
            # A default would hide whether the option was given.
            settings["default"] = None
        # `from_args` finds the value by the field's name, whatever the option is called.
        if not option.positional:
            settings["dest"] = field.name
        parser.add_argument(_argument_name(field), section=section, **settings)


def from_args(config: type[Config], args: argparse.Namespace, **others: Any) -> Config:
    """Return a config of the values on the command line, and of others by name.

    A field whose option isn't given keeps its default.
    """
    values: dict[str, Any] = {}
    for field, _, _ in _declared(config):
        value = getattr(args, field.name, None)
        # None: the option isn't given, or the verb doesn't have it.
        if value is not None:
            # argparse gathers lists, and configs are immutable.
            values[field.name] = tuple(value) if isinstance(value, list) else value
    return config(**(values | others))


def given_options(config: type, args: argparse.Namespace, *, own: bool = False) -> list[str]:
    """Return the options of a config that a command line gives; those added with `unset`.

    Args:
        config: the dataclass.
        args: the command line.
        own: leave out inherited fields.
    """
    return [
        _argument_name(field)
        for field, _, owner in _declared(config)
        # False is a flag that isn't given, None any other option.
        if getattr(args, field.name) not in (None, False) and (owner is config or not own)
    ]


def _argument_name(field: Field[Any]) -> str:
    option: Option = field.metadata[OPTION]
    if option.positional:
        return field.name
    return "--" + (option.name or field.name).replace("_", "-")


class _Declared(NamedTuple):
    """A field that is an option, its resolved type, and the class that declares it."""

    field: Field[Any]
    annotation: Any
    owner: type


def _declared(config: type) -> list[_Declared]:
    """Return the fields that are options: required ones first, own ones before inherited ones."""
    # Grouped by class, as `fields` lists the inherited ones first and `--help` should not.
    left = {field.name: field for field in fields(config) if OPTION in field.metadata}
    found = []
    for owner in config.__mro__:
        for name in inspect.get_annotations(owner):
            field = left.pop(name, None)
            if field is not None:
                # This one alone is evaluated: others may name classes that are slow to import.
                holder = SimpleNamespace(__annotations__={name: field.type})
                hints = get_type_hints(holder, vars(sys.modules[owner.__module__]))
                found.append(_Declared(field, hints[name], owner))
    # The sort is stable, so fields keep that order among the required and the others.
    return sorted(found, key=lambda each: each.field.default is not MISSING)


def _settings(field: Field[Any], option: Option, annotation: Any) -> dict[str, Any]:
    """Return the settings that argparse needs for a field."""
    # argparse refuses a metavar, a type or choices for a flag.
    if annotation is bool:
        return {"action": "store_true", "help": option.help}
    settings: dict[str, Any] = {
        "metavar": option.metavar,
        "help": option.help + _default_text(field.default),
    }
    # argparse takes no `required` for positional arguments.
    if field.default is MISSING and not option.positional:
        settings["required"] = True
    types = [each for each in _members(annotation) if each is not NoneType]
    if any(get_origin(each) is tuple and ... in get_args(each) for each in types):
        # Without the default: argparse would add the given values to it.
        return settings | _of_several_values(option)
    if field.default is not MISSING:
        settings["default"] = field.default
    words = [word for each in types if get_origin(each) is Literal for word in get_args(each)]
    if words:
        # The default first, the others in the order of the type.
        settings["choices"] = sorted(words, key=lambda word: word != field.default)
    for number in (int, float):
        if number in types:
            settings["type"] = number
    return settings


def _members(annotation: Any) -> tuple[Any, ...]:
    # `X | None` and `Optional[X]` are of different classes in Python 3.11.
    is_union = isinstance(annotation, UnionType) or get_origin(annotation) is Union
    return get_args(annotation) if is_union else (annotation,)


def _of_several_values(option: Option) -> dict[str, Any]:
    if option.action == "append":  # one value each time
        return {"action": "append"}
    return {"nargs": "+", "action": option.action or "store"}


def _default_text(default: Any) -> str:
    # Where the default is None, its meaning is a part of the option's own text.
    if default is MISSING or default is None or default == ():
        return ""
    if isinstance(default, int):
        return f" (default: {default:,})"
    text = f"{default:g}" if isinstance(default, float) else default
    return f" (default: {', '.join(text) if isinstance(text, tuple) else text})"


def add_config(parser: VerbParser) -> None:
    """Add `--config`, which every verb has."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="TOML file with values for these options, such as `workers = 4`; options on the "
        "command line override it",
    )


def add_job(parser: VerbParser) -> None:
    """Add the options of batch jobs that are not fields of their configs."""
    add_storage(parser)
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 if anything was rejected, left out or failed",
    )
    add_json(parser, "end with the summary as JSON instead of text")


def add_storage(parser: VerbParser) -> None:
    """Add `--storage`, the folder that a relative `--out` is in."""
    parser.add_argument(
        "--storage",
        metavar="LOCATION",
        help="folder or URI, such as s3://bucket/path, that a relative --out is in",
    )


def place(out: str, storage: str | None) -> str:
    """Return the location of `--out`: in `--storage` if it is relative."""
    if storage is None or "://" in out or out.startswith("/"):
        return out
    # Not `os.path`: a location may be a URI, which has slashes on every system.
    return posixpath.join(storage, out)


def choose_runner(args: argparse.Namespace, *, reads_files: bool = False) -> Runner:
    """Return the runner that carries out the stages of a batch job.

    Args:
        args: the command line.
        reads_files: whether the job reads files, and not only what this package has made.
    """
    # The one place that chooses; jobs work with any runner.
    from instancesketch.distributed.placement import choose_runner

    return choose_runner(args.workers, reads_files=reads_files)


def add_quiet(parser: VerbParser) -> None:
    """Add `--quiet`."""
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def add_json(parser: VerbParser, help: str) -> None:
    """Add `--json`, with which nothing else is printed to standard output."""
    parser.add_argument("--json", action="store_true", help=help)


def add_dry_run(parser: VerbParser) -> None:
    """Add `--dry-run`."""
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and do nothing"
    )


def parse_workers(text: str) -> int:
    """Return a number of workers.

    Raises:
        argparse.ArgumentTypeError: it is not a whole number, or below 1.
    """
    # `int` alone would also take signs, spaces and underscores.
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of workers: give 1 or more")
    return int(text)


def parse_worker_range(text: str) -> int | tuple[int, int]:
    """Return a number of workers, such as `2`, or a range of them, such as `1-2`.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    least, dash, most = text.partition("-")
    if not (least.isdecimal() and (most.isdecimal() or not dash)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a number, such as 2, nor a range, 1-2"
        )
    return (int(least), int(most)) if dash else int(least)
