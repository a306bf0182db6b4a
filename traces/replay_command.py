"""`checker replay`: from the command line's values to a report and an exit code.

Owns the choice of the mapping and the checks of flags.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from checker.commands.settings import request_of, writable
from checker.errors import ExitCode, UsageError
from checker.report.terminal import page_for
from checker.run import prepare

from .coverage_file import merged
from .cut_down_file import cut_down_log, refuse_cut_down
from .event import printable
from .follow import follow as followed
from .inputs import expanded
from .json_text import indented
from .mapping import load_mapping, shipped, with_format
from .monitor_choice import chosen
from .observe import Observation, observe
from .replay import WIDTH_MAX, Replay, Settings
from .report import replay_object, replay_text
from .stream import Progress, StreamSettings, stream_replay
from .stream.reader import OPEN_MAX, Bounds

__all__ = ["run"]


def run(
    *,
    model: str,
    logs: Sequence[str],
    mapping: str | None,
    format: str | None,
    variant: str | None,
    set: Sequence[tuple[str, str]],
    scope: Sequence[tuple[str, str]],
    ended: bool,
    strict: bool,
    max_hidden: int | None,
    background: int | None,
    max_width: int | None,
    max_seconds: float | None,
    max_open: int | None,
    horizon: int | None,
    jobs: int | None,
    follow: bool,
    idle: float | None,
    monitor: Sequence[str],
    no_monitors: bool,
    coverage: str | None,
    html: str | None,
    cut_down: str | None,
    force: bool,
    json: bool,
    quiet: bool,
) -> ExitCode:
    """Returns 0 if all slices are explained and nothing is owed, 1 if not, 3 if undecided."""
    _check_least(
        ("--max-hidden", max_hidden, 0), ("--background", background, 0),
        ("--max-width", max_width, 1), ("--max-seconds", max_seconds, 0),
        ("--max-open", max_open, 1), ("--horizon", horizon, 1), ("--jobs", jobs, 1),
        ("--idle", idle, 0),
    )  # fmt: skip
    logs = expanded(logs)
    observation = _observed(model, mapping, format, variant, set, scope)
    settings = Settings(
        hidden_max=max_hidden,
        background_max=2 if background is None else background,
        width_max=max_width or WIDTH_MAX,
        seconds_max=max_seconds,
        ended=ended,
        strict=strict,
        stories=html is not None,
        covers=coverage is not None,
    )
    monitors = chosen(monitor, None if mapping is not None or no_monitors else model)
    progress = None if quiet or json or follow else _progress()
    writable([Path(name) for name in (html, cut_down) if name is not None], force=force)
    if cut_down is not None:
        refuse_cut_down(logs, observation)

    def hold(until: int | None = None) -> Replay:
        how = StreamSettings(Bounds(max_open or OPEN_MAX, horizon), jobs, until)
        return stream_replay(
            logs, observation, settings, monitors=monitors, stream=how, progress=progress
        )

    found = followed(logs, hold, _teller(quiet), idle_seconds=idle) if follow else hold()
    if coverage is not None and found.coverage is not None:
        found = replace(found, coverage=merged(found.coverage, observation, found.files, coverage))
    _reported(found, html, cut_down, json=json, quiet=quiet)
    return found.exit_code()


def _reported(
    found: Replay, html: str | None, cut_down: str | None, *, json: bool, quiet: bool
) -> None:
    if html is not None:
        from .html import replay_html

        _written(html, replay_html(found))
    if json:
        sys.stdout.write(indented(replay_object(found)) + "\n")
    else:
        sys.stdout.write(replay_text(found, page_for(sys.stdout), quiet=quiet))
    if cut_down is not None:
        _cut_down(cut_down, found, quiet=quiet or json)


def _cut_down(name: str, found: Replay, *, quiet: bool) -> None:
    settings = replace(found.settings, covers=False, stories=False)

    def hold(file: str) -> Replay:
        return stream_replay([file], found.observation, settings)

    text = cut_down_log(found, hold)
    if text is not None:
        _written(name, text)
    if not quiet:
        said = "nothing was rejected, so nothing was written" if text is None else "written"
        sys.stderr.write(f"{printable(name)}: {said}\n")


def _teller(quiet: bool) -> Callable[[str], None]:
    """Says what changes while a log is followed, beside the report."""

    def tell(text: str) -> None:
        if not quiet:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    return tell


def _observed(
    model: str,
    mapping: str | None,
    format: str | None,
    variant: str | None,
    set: Sequence[tuple[str, str]],
    scope: Sequence[tuple[str, str]],
) -> Observation:
    """The mapping fitted to the model with these constants."""
    request = request_of(model, variant, set, scope, ())
    prepared = prepare(request)
    return observe(
        prepared.loaded,
        with_format(load_mapping(_mapping_file(model, mapping)), format),
        constants={const.name: const.value for const in prepared.model.consts},
        scopes=request.scopes,
    )


def _check_least(*given: tuple[str, float | None, int]) -> None:
    for flag, value, least in given:
        if value is not None and value < least:
            raise UsageError(f"{flag} must be at least {least}, not {value}")


def _mapping_file(model: str, mapping: str | None) -> Path:
    if mapping is not None:
        return Path(mapping)
    found = shipped(model)
    if found is None:
        raise UsageError(
            f"there is no mapping for {model}",
            help="write one (docs/reference/log-format.md) and name it with --mapping FILE.toml",
        )
    return found


def _written(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {printable(name)}: {error.strerror}") from None


def _progress() -> Progress | None:
    """A line on a terminal that is written over; none where nobody watches."""
    if not sys.stderr.isatty():
        return None
    shown = -1

    def show(what: str, done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(total, 1)
        if percent != shown:
            shown = percent
            end = "\r\x1b[K" if done >= total else ""
            sys.stderr.write(f"\r{percent} % of the {what}{end}")
            sys.stderr.flush()

    return show
