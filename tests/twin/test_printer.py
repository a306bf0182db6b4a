"""What `checker tla` prints: golden modules, and the rules that every module keeps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checker.backends.tla import print_module
from checker.backends.tla_values import Elements, Mapped, Tuple, Word, parse_assignments
from checker.run import Request, prepare

GOLDEN = Path(__file__).parents[1] / "golden" / "tla"
MODELS = ["outbox", "dedup", "two_phase_commit", "outbox_handler"]


@pytest.mark.parametrize("name", MODELS)
def test_the_printed_module_is_the_reviewed_one(name: str) -> None:
    prepared = prepare(Request(name))
    printed = print_module(prepared.loaded.model, values=prepared.model)
    for suffix, text in (("tla", printed.text), ("cfg", printed.cfg)):
        file = GOLDEN / f"{name}.{suffix}"
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        assert text == file.read_text()


@pytest.mark.parametrize("name", MODELS)
def test_lines_are_short_and_the_text_is_the_same_each_time(name: str) -> None:
    prepared = prepare(Request(name))
    texts = {print_module(prepared.loaded.model, values=prepared.model).text for _ in range(3)}
    assert len(texts) == 1
    assert all(len(line) <= 100 for line in texts.pop().splitlines())


def test_tlc_prints_several_kinds_of_value() -> None:
    text = '/\\ a = << >>\n/\\ b = (order0 :> "A" @@\n order1 :> -1)\n/\\ c = [x |-> {1..2}]'
    assert parse_assignments(text) == {
        "a": Tuple(()),
        "b": Mapped(((Word("order0"), "A"), (Word("order1"), -1))),
        "c": Mapped((("x", Elements((Elements((1, 2)),))),)),
    }
