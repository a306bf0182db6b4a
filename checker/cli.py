"""The command line: from the table of commands to the process's exit code.

Owns parsing, the lazy import of what a command runs, and the last word on every exception. Knows no
command by name. This is the only file that imports click, and it imports nothing else that is slow:
`checker --help` has to answer before a person notices that it is Python.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, cast

import click

from .command import Argument, Command, Option
from .commands.table import COMMANDS
from .errors import ExitCode, InternalError, ModelRefused, UsageError

__all__ = ["main"]

GARBAGE_MIN = 50_000  # objects more, before garbage is looked for; imports alone make so many

_GROUPS = {
    "emit": "Print a model in another form.",
    "lab": "Run real services under injected faults and keep their logs.",
}


# ── Commands from the table ──────────────────────────────────────────────────────────────────────


class _Pair(click.ParamType[tuple[str, str]]):
    name = "key=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return cast("tuple[str, str]", value)
        key, equals, rest = str(value).partition("=")
        if not (key.strip() and equals):
            self.fail(f"{value!r} is not of the form NAME=VALUE", param, ctx)
        return key.strip(), rest.strip()


def _option(option: Option) -> click.Option:
    if option.kind == "flag":
        return click.Option([option.name, option.keyword], is_flag=True, help=option.help)
    kinds: dict[str, Any] = {"int": int, "float": float, "pair": _Pair()}
    kind = click.Choice(option.choices) if option.choices else kinds.get(option.kind, str)
    return click.Option(
        [option.name, option.keyword],
        type=kind,
        multiple=option.many or option.kind == "pair",
        # click would turn a default of None into () for a repeated option, and wants no other.
        default=None if option.many or option.kind == "pair" else option.default,
        metavar=option.metavar or None,
        help=option.help,
        show_default=option.default is not None,
    )


def _argument(argument: Argument) -> click.Argument:
    return click.Argument(
        [argument.name],
        nargs=-1 if argument.many else 1,
        required=argument.required,
        metavar=argument.name.upper() if argument.required else f"[{argument.name.upper()}]",
    )


def _caller(run: str) -> Callable[..., int]:
    def call(**options: object) -> int:
        module, _, function = run.partition(":")
        try:
            code = int(getattr(import_module(module), function)(**options))
            sys.stdout.flush()
        except BrokenPipeError:
            return _silenced()  # before click sees it and exits with 1, which means "fails" here
        return code

    return call


def _built(command: Command) -> click.Command:
    described = [f"{a.name.upper()}  {a.help}" for a in command.arguments if a.help]
    # "\b" keeps click from rewrapping the paragraph after it.
    text = command.help + ("\n\n\b\n" + "\n".join(described) if described else "")
    return click.Command(
        command.name.split()[-1],
        callback=_caller(command.run),
        params=[*map(_argument, command.arguments), *map(_option, command.options)],
        help=text,
        short_help=command.help.split("\n")[0],
        epilog="\b\n" + command.epilog if command.epilog else None,
    )


def _grouped(commands: Sequence[Command]) -> dict[str, click.Command]:
    """Commands by their first word; two-word names become groups."""
    built: dict[str, click.Command] = {}
    for command in commands:
        first, _, second = command.name.partition(" ")
        if not second:
            built[first] = _built(command)
            continue
        group = built.setdefault(first, click.Group(first, help=_GROUPS.get(first, "")))
        if isinstance(group, click.Group):
            group.add_command(_built(command))
    return built


def _of_other_packages() -> tuple[Command, ...]:
    """The commands of the entry points; one that cannot be loaded costs a warning, nothing else."""
    from importlib.metadata import entry_points

    found: list[Command] = []
    for entry in sorted(entry_points(group="checker.commands"), key=lambda e: e.name):
        try:
            found.extend(cast("tuple[Command, ...]", entry.load()))
        except Exception as problem:
            click.echo(
                f"warning: the commands of {entry.name!r} ({entry.value}) could not be loaded: "
                f"{type(problem).__name__}: {problem}",
                err=True,
            )
    return tuple(found)


class _Table(click.Group):
    """Other packages are asked only for the list of all commands, or for a name we do not have."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        own = _grouped(COMMANDS)
        return [*own, *(name for name in _cached_others() if name not in own)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = _grouped([c for c in COMMANDS if c.name.split()[0] == cmd_name])
        return own.get(cmd_name) or _cached_others().get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            from difflib import get_close_matches

            close = get_close_matches(args[0], [*_grouped(COMMANDS), *_cached_others()], n=1)
            hint = f"did you mean `checker {close[0]}`?" if close else "`checker --help` lists them"
            raise UsageError(f"there is no command {args[0]!r}", help=hint)
        return super().resolve_command(ctx, args)


_others: dict[str, click.Command] | None = None


def _cached_others() -> dict[str, click.Command]:
    # Loaded at most once in a process, so that a warning is printed once.
    global _others
    if _others is None:
        _others = _grouped(_of_other_packages())
    return _others


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"checker (crashproof) {version('crashproof')}")
        ctx.exit(0)


def _root() -> click.Group:
    version = click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_print_version,
        help="Print the version.",
    )
    debug = click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=lambda _ctx, _param, wanted: wanted and os.environ.update(CRASHPROOF_DEBUG="1"),
        help="Show the traceback of an internal error.",
    )
    return _Table(
        "checker",
        help="Check the algorithms that keep messages from being lost, duplicated or half-applied.",
        params=[version, debug],
        epilog="\b\nBegin with:  checker list\n"
        "             checker explore outbox\n"
        "             checker explore outbox --variant no_deduplication\n\n"
        "\b\nExit codes:  0 holds   1 fails   2 usage or model error   3 inconclusive\n"
        "             4 vacuous   70 internal error   130 interrupted",
        no_args_is_help=True,
    )


# ── The last word ────────────────────────────────────────────────────────────────────────────────


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line and end the process."""
    is_process = arguments is None
    if is_process:
        gc.set_threshold(GARBAGE_MIN)
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 gets escapes where a name has other letters, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = _guarded(list(sys.argv[1:] if arguments is None else arguments))
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = _silenced()
    if is_process:
        gc.freeze()  # looking for garbage at the end would take a tenth of a short run
    sys.exit(code)


def _guarded(arguments: list[str]) -> int:
    try:
        return int(_root().main(arguments, prog_name="checker", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.ctx.get_help() if asked.ctx else "")
        return ExitCode.USAGE
    except click.UsageError as wrong:
        click.echo(f"error: {wrong.format_message()}", err=True)
        if wrong.ctx is not None:
            click.echo(f" help: see `{wrong.ctx.command_path} --help`", err=True)
        return ExitCode.USAGE
    except (ModelRefused, UsageError) as wrong:
        click.echo(str(wrong), err=True)
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except Exception as problem:
        return _internal(problem)


def _silenced() -> int:
    # The reader of a pipe left (`checker list | head`): end as the shell would see a SIGPIPE, and
    # give the interpreter nothing to complain about when it closes the stream.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + 13


def _internal(problem: Exception) -> int:
    import tempfile
    import traceback

    said = (
        str(problem)
        if isinstance(problem, InternalError)
        else f"{type(problem).__name__}: {problem}"
    )
    click.echo(f"internal error: {said}", err=True)
    click.echo("This is a bug in crashproof, please report it", nl=False, err=True)
    shown = "".join(traceback.format_exception(problem))
    if os.environ.get("CRASHPROOF_DEBUG"):
        click.echo(f":\n\n{shown}", err=True)
        return ExitCode.INTERNAL
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="crashproof-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(f"checker {' '.join(sys.argv[1:])}\n\n{shown}")
        click.echo(f" with the file {file.name}", err=True)
    except OSError:
        click.echo("; --debug shows the traceback", err=True)
    return ExitCode.INTERNAL
