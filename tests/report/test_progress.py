"""Progress: silent at first, one line on a terminal, JSON elsewhere, nothing when not wanted."""

from __future__ import annotations

import io
import json

import pytest

from checker.explore.limits import Progress
from checker.explore.outcome import PropertyResult, Verdict
from checker.report.progress import ProgressLine

FAILED = PropertyResult("safe", "invariant", Verdict.FAILS, steps=5)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at(seconds: float) -> Progress:
    return Progress(7, 1_200_000, 9_000_000, 31_400, seconds, 2_400_000.0, 412 * 10**6)


def test_the_first_second_is_silent() -> None:
    for stream in (Terminal(), io.StringIO()):
        line = ProgressLine(stream)
        line.violated(FAILED)
        line.update(at(0.9))
        line.close()
        assert stream.getvalue() == ""


def test_quiet_is_silent() -> None:
    stream = Terminal()
    line = ProgressLine(stream, quiet=True)
    line.violated(FAILED)
    line.update(at(9.0))
    line.close()
    assert stream.getvalue() == ""


def test_a_terminal_gets_one_line_that_rewrites_itself_and_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    line = ProgressLine(stream)
    line.update(at(1.0))
    line.update(at(1.2))
    said = "depth 7  1.2M states  2.4M/s  frontier 31.4k  412MB  1 s"
    assert stream.getvalue() == f"\r{said}\r{said}"
    line.close()
    assert stream.getvalue().endswith("\r" + " " * len(said) + "\r")
    assert "\n" not in stream.getvalue()


def test_a_violation_stays_on_the_terminal() -> None:
    stream = Terminal()
    line = ProgressLine(stream)
    line.update(at(1.0))
    line.violated(FAILED)
    line.update(at(1.2))
    assert "\rsafe fails after 5 steps; the search goes on" in stream.getvalue()


def test_elsewhere_there_is_a_json_object_every_few_seconds() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    for tenth in range(120):
        line.update(at(tenth / 10))
        if tenth == 3:
            line.violated(FAILED)
    events = [json.loads(text) for text in stream.getvalue().splitlines()]
    assert [e["event"] for e in events] == ["violation", "progress", "progress", "progress"]
    assert [e["seconds"] for e in events[1:]] == [1.0, 6.0, 11.0]
    assert events[0] == {"event": "violation", "property": "safe", "steps": 5}
