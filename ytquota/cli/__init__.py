"""The ``ytquota`` command: each subcommand lives in a module of its own, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperGroup, TyperOption
from typer.exceptions import TyperException

import ytquota
from ytquota.cli.output import document_of, fail, wants_json
from ytquota.errors import YTQuotaError

_HOMES = {
    "status": "ytquota.cli.status",
    "sets": "ytquota.cli.sets",
    "init": "ytquota.cli.init",
    "login": "ytquota.cli.login",
    "rotate": "ytquota.cli.moves",
    "exhaust": "ytquota.cli.moves",
    "reset": "ytquota.cli.moves",
    "disable": "ytquota.cli.moves",
    "enable": "ytquota.cli.moves",
    "undo": "ytquota.cli.moves",
    "audit": "ytquota.cli.audit",
    "correct": "ytquota.cli.correct",
    "reconcile": "ytquota.cli.reconcile",
    "log": "ytquota.cli.log",
    "limits": "ytquota.cli.limits",
    "request": "ytquota.cli.request",
    "prices": "ytquota.cli.prices",
    "advise": "ytquota.cli.advise",
    "forecast": "ytquota.cli.forecast",
    "plan": "ytquota.cli.plan",
    "check": "ytquota.cli.check",
    "watch": "ytquota.cli.watch",
    "metrics": "ytquota.cli.metrics",
    "archive": "ytquota.cli.archive",
    "demo": "ytquota.cli.demo",
    "dashboard": "ytquota.cli.dashboard",
    "doctor": "ytquota.cli.doctor",
}

_CONTEXT = {"help_option_names": ["-h", "--help"]}
_SIGNED = {"correct"}
"""Commands with an argument that may begin with a minus."""

_VALUES = {int: "N", float: "NUMBER", Path: "FILE", str: "TEXT"}
"""What stands for a value in the help."""


class _Loading(MutableMapping[str, Any]):
    """The subcommands by name; a module is imported when its command is looked at: status starts quickly."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            settings = _CONTEXT | ({"ignore_unknown_options": True} if name in _SIGNED else {})
            only = typer.Typer(rich_markup_mode=None, add_completion=False)
            function = getattr(import_module(_HOMES[name]), name)
            only.command(name, context_settings=settings, help=_help(function))(function)
            self._loaded[name] = _in_words(typer.main.get_command(only))
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_HOMES)

    def __len__(self) -> int:
        return len(_HOMES)


def _in_words(command: Any) -> Any:
    """Name the values of options in the help as people do, not by their types."""
    for parameter in command.params:
        kind = parameter.type_descriptor.annotation
        kinds = {kind, *get_args(kind)}
        is_valued = isinstance(parameter, TyperOption) and not parameter.is_flag
        if is_valued and parameter.metavar is None:
            parameter.metavar = next((word for known, word in _VALUES.items() if known in kinds), None)
    return command


def _help(function: Callable[..., None]) -> str:
    """Return a command's docstring, its examples kept line by line."""
    return (getdoc(function) or "").replace("\nExamples:\n", "\n\b\nExamples:\n")


class _Commands(TyperGroup):
    """The command as a whole: what goes wrong for a known reason is told in one sentence, no traceback."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Loading()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        wants_json.set("--json" in args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # the reader of a pipe went away: typer ends quietly
        except TyperException as error:  # bad usage, which typer tells by itself
            document_of(error.format_message())
            raise
        except (YTQuotaError, OSError) as error:
            fail(error)


app = typer.Typer(
    name="ytquota",
    cls=_Commands,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=_CONTEXT,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ytquota {ytquota.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _ytquota(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Know what a YouTube API call costs, when today's quota runs out, and stay in control of credentials.

    Start with `ytquota demo` (no Google account needed), or `ytquota status` in the folder of your bot.

    Exit codes: 0 fine, 1 failure, 2 bad usage; `check` and `status --check` also 10, 20, 30.
    """
    del version
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line."""
    app(prog_name="ytquota")
