"""Quick indenting writes what the standard library writes."""

from __future__ import annotations

import json

import pytest

from checker.traces.json_text import indented


@pytest.mark.parametrize(
    "value",
    [
        {"a": [], "b": {}, "c": [[], [{}], [1, 2, [3]]], "d": None, "e": True},
        {"big": 2**70, "small": -1.5e-300, "inf": float("inf")},
        {"escapes": '\x1b[31m "quoted" \\ \u2028 é \x7f', "é": "\U0001f600"},
        {"half a character": "\ud800"},
        [],
        "text",
    ],
)
def test_it_is_as_json_dumps(value: object) -> None:
    assert indented(value) == json.dumps(value, indent=2)
