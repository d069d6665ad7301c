"""The generated parts of docs/reference.md, each from the code that it describes."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, cast

import typer.main
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.core import TyperArgument, TyperCommand, TyperOption

from flows.cli import app
from pages.marked import write_table
from tierflow.decisions import Decisions
from tierflow.errors import ExitCode, TierflowError
from tierflow.settings import Settings

# options that mean the same wherever they are are described once
COMMON = ("--json", "--verbose", "--schema", "--yes")
# written as a table of its own in tierflow.toml
TABLES = ("tier_map", "write_codes")
DECISIONS = (*Decisions.model_fields, "config")


def describe_all() -> dict[str, str]:
    """Return the text of each part by its name."""
    return {
        "commands": describe_commands(),
        "settings": describe_settings(),
        "decisions": describe_decisions(),
        "exit codes": describe_exit_codes(),
    }


def list_commands() -> Mapping[str, TyperCommand]:
    """Return the commands, in the order in which `--help` lists them."""
    return cast(Any, typer.main.get_command(app)).commands


def describe_commands() -> str:
    """Return a section for each command: what it does, its arguments and its own options."""
    commands = list_commands()
    return "\n\n".join([_describe_common(commands), *map(_describe_command, commands.values())])


def _describe_common(commands: Mapping[str, TyperCommand]) -> str:
    found = {
        parameter.opts[0]: parameter
        for command in commands.values()
        for parameter in _options(command)
        if parameter.opts[0] in COMMON
    }
    rows = [
        (
            f"`{_write_option(found[name])}`",
            _describe_option(found[name]),
            ", ".join(n for n, c in commands.items() if name in {o.opts[0] for o in _options(c)}),
        )
        for name in COMMON
    ]
    return write_table(("option", "meaning", "commands that take it"), rows)


def _describe_command(command: TyperCommand) -> str:
    arguments = [p for p in command.params if isinstance(p, TyperArgument)]
    usage = " ".join(["tierflow", str(command.name), *(_write_argument(a) for a in arguments)])
    parts = [f"### `{usage}`", inspect.cleandoc(command.help or "")]
    rows = [(f"`{_write_argument(a)}`", _help(a)) for a in arguments]
    own = [option for option in _options(command) if option.opts[0] not in COMMON]
    decisions = [option for option in own if option.name in DECISIONS]
    # one or two are described here, more of them by the table of the decisions
    shown = own if len(decisions) < len(DECISIONS) / 2 else [o for o in own if o not in decisions]
    rows += [(f"`{_write_option(option)}`", _describe_option(option)) for option in shown]
    if rows:
        parts.append(write_table(("option", "meaning"), rows))
    if len(shown) < len(own):
        names = ", ".join(f"`{option.opts[0]}`" for option in decisions)
        parts.append(f"And [decisions](#decisions-tierflowtoml-or-options): {names}.")
    return "\n\n".join(parts)


def _options(command: TyperCommand) -> Iterator[TyperOption]:
    return (p for p in command.params if isinstance(p, TyperOption) and p.name != "help")


def _write_argument(argument: TyperArgument) -> str:
    name = argument.metavar or str(argument.name).upper()
    return name if argument.required else f"[{name}]"


def _write_option(option: TyperOption) -> str:
    names = ", ".join((*option.opts, *option.secondary_opts))
    return names if option.is_flag else f"{names} {option.metavar or str(option.name).upper()}"


def _help(parameter: TyperOption | TyperArgument) -> str:
    return getattr(parameter, "help", None) or ""


def _describe_option(option: TyperOption) -> str:
    if option.is_flag or option.default in (None, ""):
        return _help(option)
    return f"{_help(option)} Default: `{option.default}`."


def describe_settings() -> str:
    """Return the table of the environment's variables."""
    rows = [
        (
            f"`TIERFLOW_{name.upper()}`",
            _write_default(field),
            f"{field.description}{_write_values(field)}",
        )
        for name, field in Settings.model_fields.items()
    ]
    return write_table(("variable", "default", "meaning"), rows)


def describe_decisions() -> str:
    """Return the table of the keys of `tierflow.toml`, with the option of each."""
    options = {option.name: option for option in _options(list_commands()["migrate"])}
    rows = [
        (
            f"`[{name}]`" if name in TABLES else f"`{name}`",
            f"`{_write_option(options[name])}`",
            _write_default(field),
            f"{field.description}",
        )
        for name, field in Decisions.model_fields.items()
    ]
    return write_table(("key", "option", "default", "meaning"), rows)


def _write_default(field: FieldInfo) -> str:
    if field.default in (None, PydanticUndefined):
        return ""
    value = field.default
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _write_values(field: FieldInfo) -> str:
    values = [f"`{value}`" for value in _list_values(field.annotation)]
    return f" One of {', '.join(values)}." if values else ""


def _list_values(annotation: Any) -> Iterator[str]:
    if typing.get_origin(annotation) is typing.Literal:
        yield from typing.get_args(annotation)
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _list_values(part)


def describe_exit_codes() -> str:
    """Return the table of the exit codes, with the errors that end a command with each."""
    rows = [
        (
            f"`{code.value}`",
            code.meaning,
            ", ".join(
                f"`{c.__name__}`" for c in TierflowError.__subclasses__() if c.exit_code is code
            ),
        )
        for code in ExitCode
    ]
    return write_table(("code", "meaning", "error"), rows)
