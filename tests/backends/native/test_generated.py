"""The generated code, run as Python, says the same as the reference in every state."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from agreement import Agreement, differences, reachable
from random_ir import compared, random_models

from checker import ir, manifest
from checker.backends.native import layout
from checker.backends.native.codec import decode, encode
from checker.backends.native.emit import generate
from checker.backends.native.shapes import (
    Atom,
    BagOf,
    Flag,
    MapOf,
    Num,
    Opt,
    PartOf,
    Rec,
    SeqOf,
    SetOf,
    Shape,
    Un,
    Unsupported,
    bag_of,
    chunks,
    declared,
    is_narrow,
)
from checker.backends.python import Program
from checker.errors import InternalError
from checker.frontend import load
from checker.passes.bind import bind
from checker.run import Request, prepare
from checker.states import State

RUNS = [(name, run) for name, entry in manifest.built_in().models.items() for run in entry.runs]


@pytest.mark.parametrize(("name", "run"), RUNS, ids=lambda x: str(getattr(x, "variant", x)))
def test_generated_code_agrees_with_the_reference_on_every_run_of_the_manifest(
    name: str, run: manifest.Run
) -> None:
    request = Request(
        name,
        run.variant or "",
        run.constants,
        run.scopes,
        keep_dead_locals=not run.reductions,
    )
    model = prepare(request).model
    # Variants differ from the correct form in a few steps.
    assert differences(model, 60 if run.variant else 250) == []


NAMES = """
row rows states wanted tags out at start first acted k w0 ends rests step_go step put fail expand h
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_a_parameter_may_have_a_name_of_the_generated_code(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"named_{name}.py"
    file.write_text(
        f"""
from checker import Id, Model, action, invariant, at_rest, when


class Thing(Id, scope=2):
    pass


class Named(Model):
    seen: set[Thing] = set()
    kept: set[Thing] = set()

    @action
    def go(self, {name}: Thing, other: Thing) -> None:
        when({name} not in self.seen)
        self.seen.add({name})
        self.kept.add(other)

    @invariant
    def one(self, {name}: Thing) -> bool:
        return {name} not in self.kept or len(self.seen) > 0

    @at_rest
    def all_seen(self, {name}: Thing) -> bool:
        return {name} in self.seen
"""
    )
    assert differences(bind(load(f"{file}:Named").model), 100) == []


def test_generated_code_agrees_with_the_reference_on_random_models(tmp_path: Path) -> None:
    done = 0
    for seed, model in random_models(0, 60, tmp_path):
        found = compared(model, 25)
        assert not found, f"seed {seed}: {found[0]}"
        done += found is not None
    assert done > 40


def test_compiled_code_agrees_with_the_reference_on_random_models(tmp_path: Path) -> None:
    for seed, model in random_models(500, 25, tmp_path):
        found = compared(model, 40, compiled=True)
        assert not found, f"seed {seed}: {found[0]}"


# ── Encodings ────────────────────────────────────────────────────────────────────────────────────

ORDER = Atom("OrderId", 3)
NOTE = Un((Rec("Ping", (("who", ORDER),)), Rec("Done", ())))
VALUES: list[tuple[Shape, list[object]]] = [
    (Num(-2, 3), [-2, 0, 3]),
    (Flag(), [False, True]),
    (Opt(Num(-1, 1)), [None, -1, 1]),
    (NOTE, [("Ping", 0), ("Ping", 2), ("Done",)]),
    (SetOf(NOTE), [frozenset(), frozenset({("Ping", 1), ("Done",)})]),
    (SetOf(Atom("Many", 200)), [frozenset(), frozenset({0, 61, 62, 199})]),
    (BagOf(ORDER, 8, True), [frozenset(), frozenset({(0, 2), (2, 6)})]),
    (BagOf(ORDER, 8, False), [frozenset(), frozenset({(0, 2), (2, 6)})]),
    (SeqOf(ORDER, 4), [(), (2, 0, 0), (0,), (0, 0)]),
    (SeqOf(Atom("Many", 200), 20), [(), (199,) * 20, tuple(range(9))]),
    (MapOf(ORDER, SetOf(Atom("Many", 90))), [(frozenset(),) * 3, (frozenset({89}),) * 3]),
    (PartOf(ORDER, Num(1, 3)), [frozenset(), frozenset({(0, 1), (2, 3)})]),
    (PartOf(ORDER, SeqOf(Atom("Many", 200), 20)), [frozenset(), frozenset({(1, (3, 4))})]),
    (Rec("Box", (("full", Flag()), ("inside", SeqOf(ORDER, 40)))), [("Box", True, (1, 2))]),
]


@pytest.mark.parametrize(("shape", "values"), VALUES, ids=lambda x: type(x).__name__)
def test_equal_values_and_only_those_have_equal_chunks(shape: Shape, values: list[object]) -> None:
    packed = [encode(value, shape) for value in values]
    assert [decode(code, shape) for code in packed] == values
    assert len(set(packed)) == len(values)
    for code in packed:
        widths = chunks(shape)
        assert len(code) == len(widths)
        assert all(0 <= part < 1 << width for part, width in zip(code, widths, strict=True))


def test_a_bag_takes_the_cheaper_of_its_two_forms() -> None:
    assert bag_of(ORDER, 8).counts
    assert not bag_of(Atom("Many", 200), 3).counts


def test_a_type_without_bounds_is_refused_with_a_sentence() -> None:
    with pytest.raises(Unsupported, match="an int without bounds"):
        declared(ir.INT, ())


# ── The layout ───────────────────────────────────────────────────────────────────────────────────


def test_the_layout_says_how_many_bits_each_variable_takes() -> None:
    text = layout.layout_text(prepare(Request("two_phase_commit")).model)
    assert text.splitlines()[0] == "layout TwoPhaseCommit: 15 bits in 1 word"
    assert "phase        6 bits" in text


def test_no_two_variables_share_a_bit() -> None:
    for name in manifest.built_in().models:
        made = layout.layout_of(prepare(Request(name)).model)
        taken: set[tuple[int, int]] = set()
        for place in (p for places in made.places for p in places):
            bits = {(place.word, place.shift + n) for n in range(place.width)}
            assert not bits & taken
            taken |= bits


def test_states_of_several_words_agree_with_the_reference() -> None:
    model = prepare(Request("two_phase_commit", scopes={"Participant": 16})).model
    agreement = Agreement(model)
    assert agreement.generated.layout.words == 2
    agreement.compare(reachable(agreement.program, 60))
    assert agreement.differences == []


def test_the_source_is_plain_python_and_deterministic() -> None:
    model = prepare(Request("outbox")).model
    assert generate(model).source == generate(model).source
    assert "llvm" not in generate(model).source


# ── Mutants ──────────────────────────────────────────────────────────────────────────────────────

MUTATIONS = [
    (" | (1 <<", " & (1 <<"), (" & ~(1 <<", " | (1 <<"), ("== 0)", "!= 0)"), ("<= 1)", "< 1)"),
    (" + 1)", " + 2)"), (" and ", " or "), (">> ", "<< "), ("not ", ""), ("& 3)", "& 1)"),
    ("return at\n", "return at + 1\n"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MUTATIONS)))
def test_a_flipped_operator_in_generated_code_is_noticed(number: int) -> None:
    before, after = MUTATIONS[number]
    noticed = tried = 0
    for name in ("outbox", "dedup", "two_phase_commit"):
        agreement = Agreement(prepare(Request(name)).model)
        source = agreement.generated.source
        rules = source.index("def step_")
        place = source.find(before, rules)
        if place < 0:
            continue
        tried += 1
        mutant = source[:place] + source[place:].replace(before, after, 1)
        functions: dict[str, object] = {}
        exec(compile(mutant, "<mutant>", "exec"), functions)
        agreement.code = functions
        try:
            agreement.compare(reachable(agreement.program, 400))
        except (IndexError, ValueError, OverflowError, KeyError):
            noticed += 1
            continue
        noticed += bool(agreement.differences)
    assert tried and noticed == tried


def telling(program: Program) -> list[State]:
    """States from all depths, among them some in which each rule has steps, if any has."""
    states = reachable(program, 6000)
    found = states[:: max(1, len(states) // 400)]
    for rule in program.rules:
        enabled = (s for s in states if any(rule.step(s, args) for args in rule.args))
        found += itertools.islice(enabled, 40)
    return list(dict.fromkeys(found))


# In what a step writes and in its guards: a flip in a value that is not read later is none.
FLIPS = [("out[at, ", " | ", " & "), ("out[at, ", " & ", " | "), ("if ", "not (", "(")]
MUTATED = [*manifest.built_in().models][:10]


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATED)
@pytest.mark.parametrize(("where", "before", "after"), FLIPS)
def test_a_flipped_operator_is_noticed_in_ten_models(
    name: str, where: str, before: str, after: str
) -> None:
    agreement = Agreement(prepare(Request(name)).model)
    source = agreement.generated.source
    lines = re.compile(rf"^ *{re.escape(where)}.*?{re.escape(before)}".replace(r"\ ", " "), re.M)
    found = lines.search(source, source.index("def step_"))
    assert found is not None
    place = found.end() - len(before)
    mutant = source[:place] + after + source[place + len(before) :]
    functions: dict[str, object] = {}
    exec(compile(mutant, "<mutant>", "exec"), functions)
    agreement.code = functions
    try:
        agreement.compare(telling(agreement.program))
    except (IndexError, ValueError, OverflowError, KeyError, InternalError):
        return
    assert agreement.differences


def test_wide_shapes_are_tuples_and_narrow_ones_are_not() -> None:
    assert is_narrow(SetOf(Atom("Few", 62)))
    assert not is_narrow(SetOf(Atom("Many", 63)))
