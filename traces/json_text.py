"""JSON with two spaces a level, quickly: a report can name ten thousand slices."""

from __future__ import annotations

import json

import msgspec

__all__ = ["indented"]


def indented(value: object) -> str:
    """As `json.dumps(value, indent=2)`, whose indenting is done in Python."""
    text = json.dumps(value)
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:  # half a character, as the name of a file may hold
        return json.dumps(value, indent=2)
