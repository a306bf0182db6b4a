"""One file for each mistake, with the message that a user sees.

`pytest tests/frontend/test_golden_mistakes.py --update-golden` writes tests/golden/mistakes/*.err
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from checker.errors import Diagnostic, ModelRefused
from checker.frontend import load
from checker.frontend.diagnostics import (
    declarations,
    expressions,
    processes,
    records,
    statements,
)

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "golden" / "mistakes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))

KINDS: dict[str, type[Diagnostic]] = {
    kind.slug: kind
    for part in (declarations, expressions, processes, records, statements)
    for kind in vars(part).values()
    if isinstance(kind, type) and issubclass(kind, Diagnostic) and kind is not Diagnostic
}


@cache
def refused(name: str) -> ModelRefused:
    with pytest.raises(ModelRefused) as found:
        load(str(FOLDER / f"{name}.py"))
    return found.value


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_explained(
    name: str, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # messages name files as seen from the working directory
    golden(FOLDER / f"{name}.err", f"{refused(name)}\n")


@pytest.mark.parametrize("name", [n for n in NAMES if n in KINDS])
def test_a_mistake_brings_no_other_message(name: str) -> None:
    assert [d.slug for d in refused(name).diagnostics] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_message_says_where_why_and_what_instead(name: str) -> None:
    for found in refused(name).diagnostics:
        head, *excerpt = str(found).splitlines()
        assert f":{found.span.line}: error[{found.slug}]: " in head
        underlined = next(line for line in excerpt if "^" in line)
        assert underlined.rstrip().rpartition("^")[2].strip(), "the reason is missing"
        assert excerpt[-1].startswith(" help: ")


# The messages about processes are tested with the processes.
PLAIN = sorted(s for s, kind in KINDS.items() if not kind.__module__.endswith(".processes"))


@pytest.mark.parametrize("slug", PLAIN)
def test_every_message_has_a_golden_file(slug: str) -> None:
    assert slug in NAMES


def test_no_golden_file_is_left_over() -> None:
    assert {p.stem for p in FOLDER.glob("*.err")} == set(NAMES)


def test_all_mistakes_of_a_file_are_reported_in_one_run_from_top_to_bottom() -> None:
    lines = [d.span.line for d in refused("several-at-once").diagnostics]
    assert len(lines) == 10
    assert lines == sorted(lines)


def test_what_follows_from_a_mistake_is_not_reported_again() -> None:
    # `fee`, `paid` and `name` were refused where they are made, so their uses say nothing new.
    slugs = [d.slug for d in refused("several-at-once").diagnostics]
    assert slugs.count("unknown-field") == 2
    assert "maybe-unassigned" not in slugs
