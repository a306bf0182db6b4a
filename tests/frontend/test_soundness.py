"""What would make engines, or Python and the IR, disagree is refused, or has one meaning.

Each test is named after its claim. The numbers of the items are those of "Semantics" in the
language's reference.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from checker import ir
from checker.backends.failure import Failure
from checker.backends.python import Program
from checker.errors import ModelRefused
from checker.frontend import Loaded, load
from checker.passes.bind import bind
from checker.states import State, Value, universe

from .sources import Sources, ends
from .test_golden_models import NAMES, loaded

# ── No order that does not exist is seen (S5, S23) ───────────────────────────────────────────────


@pytest.mark.parametrize(
    "leak",
    [
        "for i, x in enumerate(self.s):\n    self.n = i",
        "for x, y in zip(self.s, self.t):\n    self.leader = x",
        "self.log = list(self.s)",
        "self.log = list(self.bag)",
        "self.log = [x for x in self.s]",
        "self.leader = next(iter(self.s))",
        "self.leader = self.s.pop()",
        "self.s.pop()",
        "self.leader = self.owner.popitem()",
        "self.log = sorted(self.s)",
        "self.log = list(reversed(self.log))",
        "self.leader = tuple(self.s)[0]",
        "for x in sorted(self.s):\n    self.leader = x",
        "for x in list(self.s):\n    self.leader = x",
        "self.leader = [x for x in W][0]",
    ],
)
def test_an_order_of_a_set_cannot_be_asked_for(leak: str, sources: Sources) -> None:
    assert sources.refused(leak) == ["order-leak"]


@pytest.mark.parametrize(
    ("leak", "slug"),
    [
        ("self.leader = min(self.s)", "not-int"),
        ("self.leader = max(x for x in W)", "not-int"),
        ("self.flag = w < w", "order-on-ids"),
        ("self.n = w.index", "no-attributes"),
        ("self.n = w._index", "no-attributes"),
        ("self.n = hash(w)", "call-outside"),
        ("self.n = id(w)", "call-outside"),
        ("self.flag = str(w) == repr(w)", "call-outside"),
    ],
)
def test_ids_have_no_order_and_no_number(leak: str, slug: str, sources: Sources) -> None:
    assert sources.refused(leak) == [slug]


@pytest.mark.parametrize(
    "loop",
    [
        "for x in self.s:\n    self.leader = x",
        "for x in self.bag:\n    self.log.append(x)",
        "for x in self.s:\n    self.log += [x]",
        "for x in self.owner:\n    self.box[w] = {x}",
        "for x, y in self.owner.items():\n    self.age[y] = self.age[x] // 2",
        "for x in self.owner.values():\n    self.box[x] = {w}",
        "for x in W:\n    self.s.add(x)\n    self.s.discard(w)",
        "last = w\nfor x in self.s:\n    last = x\nself.leader = last",
        "for x in self.s:\n    for y in W:\n        self.owner[y] = x",
        "for x in self.s:\n    self.bag.clear()",
        "for x in self.s:\n    self.t.remove(x)",
        "for x in self.s:\n    y = self.log.pop()",
        "for x in self.s:\n    x = w\n    self.owner[x] = x",
    ],
)
def test_a_loop_that_depends_on_order_is_refused(loop: str, sources: Sources) -> None:
    assert sources.refused(loop) == ["loop-depends-on-order"]


@pytest.mark.parametrize(
    "loop",
    [
        "for x in self.s:\n    if self.n == 0:\n        self.n += 1",
        "for x in self.s:\n    if x not in self.t and len(self.t) < 1:\n        self.t.add(x)",
        "for x in W:\n    self.age[x] = self.age[w]",
        "for x in self.s:\n    if self.first(x):\n        self.t.add(x)",
        "seen = 0\nfor x in self.s:\n    seen += 1\n    self.n += seen",
        "for x in W:\n    if self.leader in self.owner:\n        del self.owner[x]",
    ],
)
def test_a_turn_that_sees_another_is_refused(loop: str, sources: Sources) -> None:
    helper = "@pure\ndef first(self, x: W) -> bool:\n    return x not in self.t\n\n"
    statements = loop.replace("\n", "\n    ")
    with pytest.raises(ModelRefused) as found:
        sources.load(f"{helper}@action\ndef step(self, w: W) -> None:\n    {statements}")
    assert [d.slug for d in found.value.diagnostics] == ["loop-reads-written"]


@pytest.mark.parametrize(
    "loop",
    [
        "for x in self.s:\n    self.s.add(w)",
        "for x in self.log:\n    self.log.append(x)",
        "for x in self.log:\n    self.log[0] = x",
        "for x in self.owner:\n    del self.owner[x]",
        "for x, y in self.owner.items():\n    self.owner.clear()",
    ],
)
def test_a_loop_may_not_change_what_it_ranges_over(loop: str, sources: Sources) -> None:
    assert sources.refused(loop) == ["loop-changes-domain"]


@pytest.mark.parametrize("word", ["break", "continue", "return"])
def test_a_loop_is_not_left_early(word: str, sources: Sources) -> None:
    assert sources.refused(f"for x in self.log:\n    {word}") == ["statement-outside"]


def renamed(value: Value, type_: ir.Type, orders: dict[str, tuple[int, ...]], model: Any) -> Value:
    """The value with the ids of each sort permuted."""

    def part(inner: Value, inner_type: ir.Type) -> Value:
        return renamed(inner, inner_type, orders, model)

    pairs: Any = value
    match type_:
        case ir.Sort(name):
            return orders[name][pairs]
        case ir.Option(item):
            return None if value is None else part(value, item)
        case ir.Record(name, fields):
            return (name, *(part(v, t) for (_, t), v in zip(fields, pairs[1:], strict=True)))
        case ir.Union(records):
            return part(value, next(r for r in records if r.name == pairs[0]))
        case ir.Set(item):
            return frozenset(part(v, item) for v in pairs)
        case ir.Bag(item):
            return frozenset((part(v, item), count) for v, count in pairs)
        case ir.Seq(item):
            return tuple(part(v, item) for v in pairs)
        case ir.Partial(key, item):
            return frozenset((part(k, key), part(v, item)) for k, v in pairs)
        case ir.Map(key, item):
            keys = universe(key, tuple((s.name, s.size) for s in model.sorts))
            moved = {part(k, key): part(v, item) for k, v in zip(keys, pairs, strict=True)}
            return tuple(moved[k] for k in keys)
    return value


def successors(program: Program, state: State) -> set[tuple[str, Any]]:
    def shown(end: State | Failure) -> Any:
        return end.kind if isinstance(end, Failure) else end

    return {
        (rule.rule.name, shown(end))
        for rule in program.rules
        for args in rule.args
        for _, end in rule.step(state, args)
    }


@pytest.mark.parametrize("name", [n for n in NAMES if n != "fresh_ids"])
def test_permuting_ids_permutes_the_successors(name: str) -> None:
    # `fresh` is left out: it takes the first id that is free, one of an orbit for all.
    from .second_reference import reachable, sample

    model = bind(loaded(name).model)
    program = Program(model)

    def permuted(state: State) -> State:
        return tuple(
            renamed(v, d.type, orders, model) for v, d in zip(state, model.vars, strict=True)
        )

    every = [list(itertools.permutations(range(s.size))) for s in model.sorts]
    for state in sample(reachable(program, 300), 8, 1):
        for chosen in itertools.product(*every):
            orders = {s.name: order for s, order in zip(model.sorts, chosen, strict=True)}
            there = successors(program, permuted(state))
            here = {
                (rule, permuted(end) if isinstance(end, tuple) else end)
                for rule, end in successors(program, state)
            }
            assert there == here


# ── No two names share a collection (S1) ─────────────────────────────────────────────────────────


def test_assigning_a_field_copies(sources: Sources) -> None:
    both = sources.step("self.t = self.s\nself.s.add(w)\nself.bag.update(self.t)")
    program = sources.agreeing(both)
    first, rule = program.initial_states()[0], program.rule("step")
    after = [end for args in rule.args for _, end in rule.step(first, args)]
    assert all(isinstance(end, tuple) and end[1] == frozenset() for end in after)


@pytest.mark.parametrize(
    "change",
    [
        "x = self.s\nself.s.add(w)\nself.t = x",
        "x = self.s\nself.s |= {w}\nself.t = x",
        "x = self.box[w]\nself.box[w].add(w)\nself.t = x",
        "x = self.box.copy()\nself.box[w].add(w)\nself.t = x[w]",
        "x = [self.s]\nself.s.add(w)\nself.t = x[0]",
        "x = self.s if self.flag else self.t\nself.t.add(w)\nself.s = x",
        "for k, x in self.box.items():\n    self.box[k].add(k)\n    self.age[k] += len(x)",
        "x = self.mine()\nself.s.add(w)\nself.t = x",
        "x = self.s\ny = x\nself.s.clear()\nself.t = y",
        "x = self.s\nif self.flag:\n    self.s.add(w)\nself.t = x",
        "x = self.s\nfor y in self.log:\n    self.n += len(x)\n    self.s.add(y)",
    ],
)
def test_a_local_that_python_would_change_too_is_not_read(change: str, sources: Sources) -> None:
    helper = "@pure\ndef mine(self) -> set[W]:\n    return self.s\n\n"
    statements = change.replace("\n", "\n    ")
    with pytest.raises(ModelRefused) as found:
        sources.load(f"{helper}@action\ndef step(self, w: W) -> None:\n    {statements}")
    assert {d.slug for d in found.value.diagnostics} == {"shared-changed"}


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ("x = self.s\nx.add(w)", "mutates-copy"),
        ("x = self.s\nx |= {w}", "mutates-copy"),
        ("x = self.log\nx += [w]", "mutates-copy"),
        ("x = self.owner\nx[w] = w", "mutates-copy"),
        ("for q in self.box.values():\n    q.discard(w)", "mutates-copy"),
        ("self.s.copy().add(w)", "mutates-copy"),
        ("self.box[w] = self.s", "shared-collection"),
        ("self.box.update({w: self.s})", "shared-collection"),
        ("self.box.update({x: self.s for x in W})", "shared-collection"),
        ("x = set()\nself.t = x", "empty-of-unknown-type"),
    ],
)
def test_what_is_shared_is_not_changed(change: str, slug: str, sources: Sources) -> None:
    assert sources.refused(change) == [slug]


@pytest.mark.parametrize(
    "change",
    [
        "x = self.s.copy()\nself.s.add(w)\nx.discard(w)\nself.t = x",
        "x = self.s\nself.s = set()\nself.t = x",
        "x: list[W] = []\nx.append(w)\nx += [w]\nself.log = x",
        "self.box[w] = self.s.copy()\nself.s.add(w)\nself.box[w].discard(w)",
        "self.box.update({x: set() for x in W})\nself.box[w].add(w)",
        "x = self.s | self.t\nself.s.add(w)\nself.t = x",
        "x = self.n\nself.n += 1\nself.n = x",
    ],
)
def test_copies_stay_apart_in_both(change: str, sources: Sources) -> None:
    sources.agreeing(sources.step(change), most=40)


def test_the_default_of_a_map_is_not_one_set_for_all(sources: Sources) -> None:
    fields = "box: Map[W, set[W]] = Map(set())"
    sources.agreeing(sources.step("self.box[w].add(w)", fields=fields))


def test_a_collection_in_a_record_is_copied_with_it(sources: Sources) -> None:
    record = "@dataclass(frozen=True)\nclass Queue:\n    sent: Bag[W]\n"
    fields = "bag: Bag[W] = Bag()\nqueue: Queue = Queue(Bag())"
    statements = "self.queue = Queue(self.bag)\nwhen_full = len(self.bag)\nself.bag.add(w)"
    sources.agreeing(sources.step(statements, fields=fields, before=record), most=30)


# ── No id can be written (S2) ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fields",
    [
        "leader: W = W(0)",
        "leader: W | None = W(1)",
        "leader: Final[W] = W(0)",
        "owner: Map[W, W] = Map(W(0))",
        "last: Note = Note(W(0))",
    ],
)
def test_no_default_and_no_constant_names_an_id(fields: str, sources: Sources) -> None:
    record = "@dataclass(frozen=True)\nclass Note:\n    who: W\n"
    with pytest.raises(ModelRefused) as found:
        sources.load("@action\ndef step(self) -> None:\n    pass", fields=fields, before=record)
    assert [d.slug for d in found.value.diagnostics] in (["id-literal"], ["constant-type"])


@pytest.mark.parametrize(
    "statement",
    ["self.leader = W(0)", "when(w == W(1))", "when(w == FIRST)", "self.leader = Note().who"],
)
def test_no_body_names_an_id(statement: str, sources: Sources) -> None:
    before = "FIRST = W(0)\n\n@dataclass(frozen=True)\nclass Note:\n    who: W = W(0)\n"
    assert sources.refused(statement, before=before) == ["id-literal"]


# ── Choices stand where they have a name and a moment (S11) ──────────────────────────────────────


@pytest.mark.parametrize(
    ("statement", "slug"),
    [
        ("self.s.add(choose(W))", "statement-as-expression"),
        ("when(choose(W) == w)", "statement-as-expression"),
        ("self.n = 1 + len({choose(W)})", "statement-as-expression"),
        ("self.leader = choose(W)", "choice-not-assigned"),
        ("choose(W)", "choice-not-assigned"),
        ('either("a", "b")', "choice-not-assigned"),
        ("self.s.add(w)\nx = choose(W)", "choice-after-write"),
        ("for x in self.log:\n    y = choose(W)", "choice-in-loop"),
        ("for x in self.log:\n    self.flag = either(True, False)", "choice-in-loop"),
        ("self.flag = self.flag and either(True, False)", "either-inside"),
        ("self.flag = True if self.flag else either(True, False)", "either-inside"),
        ("self.flag = all(either(True, False) for x in self.s)", "either-inside"),
        ("when(either(True, False))", "statement-as-expression"),
        ("w = choose(W)", "parameter-written"),
        ("x = choose(self.box.values())", "choose-from-values"),
    ],
)
def test_a_choice_in_an_odd_place_is_refused(statement: str, slug: str, sources: Sources) -> None:
    assert sources.refused(statement) == [slug]


@pytest.mark.parametrize("kind", ["invariant", "pure"])
def test_nothing_but_a_step_chooses(kind: str, sources: Sources) -> None:
    method = f"@{kind}\ndef odd(self) -> bool:\n    return choose(self.s) in self.s\n\n"
    with pytest.raises(ModelRefused) as found:
        sources.load(f"{method}@action\ndef step(self) -> None:\n    when(self.odd())")
    slugs = {d.slug for d in found.value.diagnostics}
    assert slugs <= {"statement-as-expression", "call-of-step"} and slugs


def test_on_a_branch_not_taken_nothing_is_chosen(sources: Sources) -> None:
    program = sources.agreeing(
        sources.step("if self.flag:\n    x = choose(self.s)\n    self.leader = x\nself.flag = True")
    )
    assert ends(program) == {"next"}


def test_either_may_follow_writes_and_never_blocks(sources: Sources) -> None:
    answers = 'self.s.add(w)\nif either("ok", "lost") == "ok":\n    self.t.add(w)'
    program = sources.agreeing(sources.step(answers))
    first = program.initial_states()[0]
    picks = {picks for picks, _ in program.rule("step").step(first, (0,))}
    assert picks == {("ok",), ("lost",)}


def test_an_unlucky_answer_on_a_branch_is_counted_there(sources: Sources) -> None:
    nested = """
    if self.flag:
        if either("ok", unlucky("lost", at_most=1)) == "ok":
            self.s.add(w)
    self.flag = True
    """
    program = sources.agreeing(sources.step(nested))
    assert [v.name for v in program.model.vars if v.is_counter] == ["step_lost_used"]


# ── The order of a body decides (S4, S9) ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("statements", "end"),
    [
        ("assert self.flag\nwhen(self.flag)", {"step error"}),
        ("when(self.flag)\nassert self.flag", set()),
        ("when(self.owner[w] == w)", {"step error"}),
        ("when(w in self.owner)\nwhen(self.owner[w] == w)", set()),
        ("when(w in self.owner and self.owner[w] == w)", set()),
        ("x = self.owner[w]", {"step error"}),
        ("self.n = 5\nself.n = 1", {"step error"}),
        ("x = 5\nself.n = x - 4", {"next"}),
        ("self.s.remove(w)", {"step error"}),
        ("self.s.discard(w)", {"next"}),
        ("del self.owner[w]", {"step error"}),
        ("self.box[w].clear()", {"step error"}),
        ("self.leader = self.log[0]", {"step error"}),
        ("x = self.log.pop()", {"step error"}),
        ("self.n = min(self.age[x] for x in self.s)", {"step error"}),
        ("self.t = self.s & self.box[w]", {"step error"}),
        ("self.flag = self.s <= self.box[w]", {"step error"}),
        ("self.flag = w in (w, self.owner[w])", {"step error"}),
        ("self.owner[w] = w\nself.leader = self.owner.get(w, self.log[0])", {"step error"}),
        ("self.flag = self.flag and self.owner[w] == w", {"next"}),
        ("self.flag = True or self.owner[w] == w", {"next"}),
        ("self.flag = 1 < 0 < len(self.box[w])", {"next"}),
        ("self.leader = w if not self.flag else self.owner[w]", {"next"}),
        ("self.flag = all(x in self.owner and self.owner[x] == x for x in W)", {"next"}),
        ("self.flag = any(x == w or self.owner[x] == x for x in W)", {"step error"}),
        ("self.flag = all(self.owner[x] == x for x in W if x in self.owner)", {"next"}),
    ],
)
def test_what_is_undefined_ends_the_step_where_it_stands(
    statements: str, end: set[str], sources: Sources
) -> None:
    assert ends(sources.agreeing(sources.step(statements), most=30)) == end


@pytest.mark.parametrize(
    ("fields", "statements", "end"),
    [
        ("n: Small = 0", "self.n = 2", "step error"),
        ("n: Annotated[int, Limit(0, 1)] = 0", "self.n = 2", "cut"),
        ("n: Small | None = None", "self.n = 2", "step error"),
        ("n: Small = 0", "self.n = self.n if self.n > 0 else 2", "step error"),
        ("n: Small = 0", "x = self.n\nif x == 0:\n    x = 2\nself.n = x", "step error"),
        ("n: Small = 0", "x = self.n\nfor i in range(2):\n    x = x + 1\nself.n = x", "step error"),
        ("d: dict[W, Small] = {}", "self.d[w] = 2", "step error"),
        ("d: dict[W, Small] = {}", "self.d = {w: 2}", "step error"),
        ("d: dict[W, Small] = {}", "self.d[w] = self.d.get(w, 2)", "step error"),
        ("d: dict[Small, bool] = {}", "self.d[2] = True", "step error"),
        ("d: set[Small] = set()", "self.d.add(2)", "step error"),
        ("d: set[Small] = set()", "self.d = {x for x in range(3)}", "step error"),
        ("r: Note | None = None", "self.r = Note(2)", "step error"),
        ("r: Note | None = None", "x = Note(2)\nself.r = x", "step error"),
        ("u: Note | Other = Other()", "self.u = Note(2)", "step error"),
        ("l: OneList = []", "self.l = [w, w]", "cut"),
        ("l: OneList = []", "self.l += [w, w]", "cut"),
        ("l: OneList = []", "self.l = [w] + [w]", "cut"),
        ("l: list[int] = []", "self.l = [x for x in range(9)]", "unbounded"),
        ("l: list[Annotated[int, Bounds(0, 9)]] = []", "self.l = [x for x in range(9)]", "cut"),
        ("l: OneBag = Bag()", "self.l = Bag([w, w])", "cut"),
        ("l: OneBag = Bag()", "self.l.update([w, w])", "cut"),
        ("l: OneBag = Bag()", "for x in W:\n    self.l.add(x)", "cut"),
        ("m: Map[Small, bool] = Map(False)", "x = self.m[2]", "step error"),
        ("m: Map[Small, bool] = Map(False)", "self.m[2] = True", "step error"),
        ("d: set[Small] = set()", "self.d = {x for x in self.d}\nself.d.add(2)", "step error"),
        ("d: dict[Small, bool] = {}",
         "self.d = {x: True for x in range(2)}\nself.d[2] = True", "step error"),
        ("l: OneBag = Bag()",
         "self.l = Bag(x for x in self.l)\nself.l.add(w)\nself.l.add(w)", "cut"),
    ],
)  # fmt: skip
def test_bounds_are_checked_wherever_a_value_is_stored(
    fields: str, statements: str, end: str, sources: Sources
) -> None:
    before = """
    Small = Annotated[int, Bounds(0, 1)]
    OneList = Annotated[list[W], Capacity(1)]
    OneBag = Annotated[Bag[W], Capacity(1)]

    @dataclass(frozen=True)
    class Note:
        size: Small

    @dataclass(frozen=True)
    class Other:
        pass
    """
    if end == "unbounded":
        assert "unbounded-int" in sources.refused(statements, fields=fields, before=before)
        return
    model = sources.step(statements, fields=fields, before=before)
    assert ends(sources.agreeing(model, most=20)) == {end}


@pytest.mark.parametrize(
    "fields",
    [
        "n: Annotated[int, Bounds(1, 2)] | None = 0",
        "n: Map[W, Annotated[int, Bounds(1, 2)]] = Map(0)",
        "n: Final[Annotated[int, Bounds(1, 2)]] = 0",
        "n: Note = Note(2)",
    ],
)
def test_first_values_are_within_their_bounds(fields: str, sources: Sources) -> None:
    record = "@dataclass(frozen=True)\nclass Note:\n    size: Annotated[int, Bounds(0, 1)]\n"
    with pytest.raises(ModelRefused) as found:
        sources.load("@action\ndef step(self) -> None:\n    pass", fields=fields, before=record)
    assert [d.slug for d in found.value.diagnostics] == ["default-outside-bounds"]


def test_bounds_of_a_loop_without_order_are_checked_after_it(sources: Sources) -> None:
    # One turn leaves the bounds and the next one comes back, in whichever order they are taken.
    fields = "n: Annotated[int, Bounds(0, 1)] = 0\ns: set[W] = set()"
    turns = "for x in W:\n    self.n += 2 if x == w else -2"
    assert ends(sources.agreeing(sources.step(turns, fields=fields))) == {"next"}


# ── Numbers, bags and the rest (S6, S7) ──────────────────────────────────────────────────────────


def test_iterating_a_bag_yields_every_copy(sources: Sources) -> None:
    counted = "self.bag.add(w)\nself.bag.add(w)\nself.n = sum(1 for x in self.bag)"
    program = sources.agreeing(sources.step(counted), most=10)
    _, end = program.rule("step").step(program.initial_states()[0], (0,))[0]
    assert isinstance(end, tuple) and 2 in end


@pytest.mark.parametrize(
    ("condition", "slug"),
    [
        ("self.s", "not-bool"),
        ("self.n", "not-bool"),
        ("self.leader", "not-bool"),
        ("self.flag == 1", "compares-others"),
        ("self.flag + 1 == 2", "not-int"),
        ("self.flag < True", "not-int"),
        ("w == E.A", "compares-others"),
        ("sum(self.flag for x in self.s) == 0", "not-int"),
        ("self.n is self.n", "is-on-values"),
        ("self.n / 2 == 1", "operator-outside"),
        ("self.n % self.n == 1", "divisor-not-positive"),
        ("self.n // -1 == 1", "divisor-not-positive"),
        ("1.5 > self.n", "literal-outside"),
    ],
)
def test_types_do_not_mix(condition: str, slug: str, sources: Sources) -> None:
    assert sources.refused(f"when({condition})") == [slug]


def test_division_rounds_down(sources: Sources) -> None:
    program = sources.agreeing(sources.step("self.n = (-1 // 2) + (-1 % 2) + 1"))
    _, end = program.rule("step").step(program.initial_states()[0], (0,))[0]
    assert isinstance(end, tuple) and end[7] == 1


# ── Encodings and classes (S1, S6) ───────────────────────────────────────────────────────────────


def test_members_with_equal_values_would_be_one(sources: Sources) -> None:
    enum = "class Twice(Enum):\n    ONE = 'x'\n    TWO = 'x'\n"
    with pytest.raises(ModelRefused) as found:
        sources.load(
            "@action\ndef step(self) -> None:\n    pass",
            fields="twice: Twice = Twice.ONE",
            before=enum,
        )
    assert [d.slug for d in found.value.diagnostics] == ["enum-alias"]


def test_records_of_two_classes_differ_with_equal_fields(sources: Sources) -> None:
    records = (
        "@dataclass(frozen=True)\nclass A:\n    who: W\n\n"
        "@dataclass(frozen=True)\nclass B:\n    who: W\n"
    )
    both = "self.u.add(A(w))\nself.u.add(B(w))\nassert len(self.u) > 1"
    program = sources.agreeing(sources.step(both, fields="u: set[A | B] = set()", before=records))
    assert ends(program) == {"next"}


@pytest.mark.parametrize(
    "body",
    [
        "    def __eq__(self, other: object) -> bool:\n        return True",
        "    def __post_init__(self) -> None:\n        pass",
        "    def __hash__(self) -> int:\n        return 1",
    ],
)
def test_a_record_with_a_meaning_of_its_own_is_refused(body: str, sources: Sources) -> None:
    record = f"@dataclass(frozen=True)\nclass R:\n    who: W\n\n{body}\n"
    slugs = sources.refused("pass", fields="r: R | None = None", before=record)
    assert slugs == ["record-with-own-equality"]


def test_a_field_may_have_the_name_of_a_local(sources: Sources) -> None:
    same = "n = self.n\nfor x in self.log:\n    n += 1\nself.n = n if n < 3 else 0"
    grow = "@action\ndef grow(self, w: W) -> None:\n    when(len(self.log) < 2)"
    grow += "\n    self.log.append(w)"
    both = f"{grow}\n\n@action\ndef step(self) -> None:\n    " + same.replace("\n", "\n    ")
    sources.agreeing(sources.load(both), most=60)


def test_one_field_may_take_the_value_of_another(sources: Sources) -> None:
    swap = "self.s.add(w)\nself.t = self.s\nself.s = self.t - {w}\nself.bag = Bag(self.t)"
    program = sources.agreeing(sources.step(swap), most=40)
    assert len(program.initial_states()) == 1
    first = sources.agreeing(sources.step("self.t = self.s"), most=5)
    assert {u.var for u in first.rule("step").rule.updates} == {"t"}


def test_a_capture_ends_with_its_case(sources: Sources) -> None:
    cases = "    case None:\n        pass\n    case who:\n        pass\n"
    statements = f"match self.leader:\n{cases}self.leader = who"
    assert sources.refused(statements) == ["maybe-unassigned"]


def test_a_helper_that_nothing_calls_is_read_too(sources: Sources) -> None:
    idle = "@pure\ndef idle(self, w: W) -> bool:\n    return w in self.missing"
    with pytest.raises(ModelRefused) as found:
        sources.load(f"{idle}\n\n@action\ndef step(self, w: W) -> None:\n    pass")
    assert [d.slug for d in found.value.diagnostics] == ["unknown-field"]


def test_a_model_without_source_is_refused() -> None:
    from checker.errors import UsageError

    with pytest.raises(UsageError, match="there is no file"):
        load("nowhere.py")


def test_loading_a_class_gives_the_same_as_loading_its_file() -> None:
    from checker.frontend import load_class

    by_file: Loaded = loaded("sets")
    assert load_class(by_file.cls).model == by_file.model
