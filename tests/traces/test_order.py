"""Where the order of lines comes from, and what one line can be: each with a brute-force check."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from checker.errors import ExitCode, UsageError
from checker.traces.observe import Observation
from checker.traces.replay import Replay, Settings, Verdict
from checker.traces.stream import stream_replay

from . import conftest
from .conftest import Held, outbox_observation

REGISTER = """
from checker import Bounds, Model, action, when
from typing import Annotated

class Register(Model):
    value: Annotated[int, Bounds(0, 3)] = 0
    seen: Annotated[int, Bounds(0, 3)] = 0

    @action
    def write(self, value: Annotated[int, Bounds(0, 3)]) -> None:
        self.value = value

    @action
    def read(self) -> None:
        self.seen = self.value

    @action
    def forget(self) -> None:
        when(self.seen > 0)
        self.seen = 0
"""
MAPPING = """
format = "crashproof/mapping/1"
model = "Register"
hidden = ["forget"]
ORDER
[events.write]
params = { value = "value" }
[events.read]
facts.value = "self.seen"
"""


def register(held: Held, order: str, mapping: str = MAPPING) -> Observation:
    return held.model(REGISTER, mapping.replace("ORDER", order))


def judged(held: Held, observation: Observation, lines: Iterable[dict[str, Any]]) -> Replay:
    counts: dict[str, int] = {}
    path = held.folder / "log.jsonl"
    with path.open("w") as file:
        for line in lines:
            seq = counts[line["node"]] = counts.get(line["node"], 0) + 1
            file.write(json.dumps({"ts": 0, "seq": seq} | line) + "\n")
    return stream_replay([str(path)], observation, Settings())


def write(node: str, value: int, **more: object) -> dict[str, Any]:
    return {"node": node, "event": "write", "value": value, **more}


def read(node: str, value: int, **more: object) -> dict[str, Any]:
    return {"node": node, "event": "read", "value": value, **more}


# A writes 1, B writes 2, C reads 1: possible, unless B came after A and C after B.
UNORDERED = [write("a", 1), write("b", 2), read("c", 1)]
SOURCES = {
    "causes": (
        'order = "causes"',
        [write("a", 1), write("b", 2, after="a:1"), read("c", 1, after=["b:1"])],
    ),
    "clock": (
        'order = { by = "clock", field = "vc" }',
        [
            write("a", 1, vc={"a": 1}),
            write("b", 2, vc={"a": 1, "b": 1}),
            read("c", 1, vc={"a": 1, "b": 1, "c": 1}),
        ],
    ),
    "time": (
        '[order]\nby = "time"\nskew = 0.5',
        [
            write("a", 1, start=1, end=2),
            write("b", 2, start=2.6, end=3),
            read("c", 1, start=4.0, end=4),
        ],
    ),
}


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_known_of_the_order_rejects_what_needs_another(held: Held, source: str) -> None:
    order, lines = SOURCES[source]
    assert judged(held, register(held, ""), UNORDERED).slices[0].verdict is Verdict.ACCEPTED
    found = judged(held, register(held, order), lines)
    assert found.slices[0].verdict is Verdict.REJECTED
    assert not found.defects
    assert found.slices[0].diagnosis is not None
    (candidate,) = found.slices[0].diagnosis.candidates
    assert (candidate.event.node, candidate.facts[0].model) == ("c", ("2",))
    lines[-1]["value"] = 2
    assert judged(held, register(held, order), lines).slices[0].verdict is Verdict.ACCEPTED


def test_time_boxes_within_the_skew_of_two_clocks_order_nothing(held: Held) -> None:
    lines = [write("a", 1, start=1, end=2), write("b", 2, start=2.4, end=3)]
    for skew, verdict in (("0.5", Verdict.ACCEPTED), ("0.3", Verdict.REJECTED)):
        order = f'order = {{ by = "time", skew = {skew} }}'
        found = judged(held, register(held, order), [*lines, read("c", 1, start=9, end=9)])
        assert found.slices[0].verdict is verdict
    near = [{**line, "node": "a"} for line in lines]  # one clock has no skew
    order = 'order = { by = "time", skew = 0.5 }'
    found = judged(held, register(held, order), [*near, read("c", 1, start=9, end=9)])
    assert found.slices[0].verdict is Verdict.REJECTED


def test_causes_reach_through_lines_that_are_no_step(held: Held) -> None:
    mapping = MAPPING.replace("ORDER", 'ORDER\nignore = ["sent"]')
    observation = register(held, 'order = "causes"', mapping)
    sent = {"node": "a", "event": "sent"}
    lines = [write("a", 1), sent, write("b", 2, after="a:2"), read("b", 1)]
    assert judged(held, observation, lines).slices[0].verdict is Verdict.REJECTED
    lines[2]["after"] = "elsewhere:7"  # a line that is not in the log says nothing
    assert judged(held, observation, lines).slices[0].verdict is Verdict.ACCEPTED


def test_lines_of_a_node_may_have_no_order(held: Held) -> None:
    lines = [read("a", 1), write("a", 1)]
    causes = 'order = { by = "causes", nodes = NODES }'
    for nodes, verdict in (("true", Verdict.REJECTED), ("false", Verdict.ACCEPTED)):
        found = judged(held, register(held, causes.replace("NODES", nodes)), lines)
        assert found.slices[0].verdict is verdict


def test_more_causes_than_can_be_followed_are_a_gap(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Order that is known and not used would accept more than there is."""
    observation = register(held, 'order = { by = "causes", nodes = false }')
    lines = [write("a", 1, id="1"), write("b", 2, id="2", after="1"), read("c", 1, after="2")]
    assert judged(held, observation, lines).slices[0].verdict is Verdict.REJECTED
    monkeypatch.setattr("checker.traces.order.ANCESTORS_MAX", 1)
    found = judged(held, observation, lines)
    assert not found.log_accepted
    assert found.exit_code() is ExitCode.UNKNOWN
    assert any("too many causes" in defect.message and defect.is_gap for defect in found.defects)


@pytest.mark.parametrize(
    ("order", "lines", "said"),
    [
        (
            'order = "causes"',
            [write("a", 1, after="b:1"), write("b", 2, after="a:1")],
            "comes before what it came after",
        ),
        ('order = "causes"', [write("a", 1, id="x"), write("b", 2, id="x")], "a second line"),
        ('order = "causes"', [write("a", 1, after=[7])], "must be an id or a list"),
        ('order = "clock"', [write("a", 1, clock={"a": 2}), write("a", 2, clock={"a": 1})], "back"),
        (
            'order = "clock"',
            [write("a", 1, clock={"a": 1, "b": 1}), write("b", 2, clock={"a": 1, "b": 1})],
            "contradicts",
        ),
        ('order = "clock"', [write("a", 1, clock={"b": 1})], "does not count the line's own node"),
        ('order = "clock"', [write("a", 1)], "must be an object"),
        ('order = "time"', [write("a", 1, start=2, end=1)], "the second not before the first"),
        ('order = "time"', [write("a", 1, start="now", end=1)], "numbers of seconds"),
    ],
)
def test_marks_that_contradict_make_a_gap_and_no_rejection(
    held: Held, order: str, lines: list[dict[str, Any]], said: str
) -> None:
    # The read of a value that nobody wrote would be rejected, were the log in order.
    last = read("z", 3, clock={"z": 1}, start=99, end=99)
    found = judged(held, register(held, order), [*lines, last])
    assert found.slices[0].verdict is Verdict.UNKNOWN
    assert any(said in defect.message and defect.is_gap for defect in found.defects)


@pytest.mark.parametrize("seed", range(40))
def test_orders_agree_with_trying_every_sequence(held: Held, seed: int) -> None:
    # Random logs of four nodes that send each other clocks; as causes, clocks, and boxes.
    choice = random.Random(seed)
    lines: list[dict[str, Any]] = []
    clocks: dict[str, dict[str, int]] = {}
    for at in range(choice.randrange(3, 7)):
        node = choice.choice("abcd")
        clock = dict(clocks.get(node, {}))
        after = [line for line in lines if choice.random() < 0.3]
        for other in after:
            for name, count in other["clock"].items():
                clock[name] = max(clock.get(name, 0), count)
        clock[node] = clock.get(node, 0) + 1
        clocks[node] = clock
        start = at + choice.random() * 2
        value = choice.randrange(1, 3)
        line = choice.choice((write, read))(
            node, value, clock=clock, after=[each["id"] for each in after], id=str(at),
            start=start, end=start + choice.random() * 2,
        )  # fmt: skip
        lines.append(line)

    def explained(before: Any) -> bool:
        for order in itertools.permutations(range(len(lines))):
            if any(before(lines[b], lines[a]) for a, b in itertools.combinations(order, 2)):
                continue
            held_value, fits = 0, True
            for number in order:
                line = lines[number]
                if line["event"] == "write":
                    held_value = line["value"]
                fits = fits and (line["event"] == "write" or held_value == line["value"])
            if fits:
                return True
        return False

    def by_clock(a: dict[str, Any], b: dict[str, Any]) -> bool:
        own = a["clock"][a["node"]]
        return a is not b and bool(b["clock"].get(a["node"], 0) >= own)

    def by_time(a: dict[str, Any], b: dict[str, Any]) -> bool:
        skew = 0.25 if a["node"] != b["node"] else 0
        return bool(a["end"] + skew < b["start"])

    for order, before in (
        ('order = "causes"', by_clock),
        ('order = "clock"', by_clock),
        ('order = { by = "time", skew = 0.25 }', by_time),
    ):
        found = judged(held, register(held, order), lines)
        wanted = Verdict.ACCEPTED if explained(before) else Verdict.REJECTED
        assert found.slices[0].verdict is wanted, order


# ── What one line can be ─────────────────────────────────────────────────────────────────────────

LISTED = """
format = "crashproof/mapping/1"
model = "Register"
hidden = ["forget"]
[events.write_and_read]
rule = ["write", "read"]
params = { value = "value" }
facts.seen = "self.seen"
[[events.touched]]
rule = "write"
params = { value = "value" }
[[events.touched]]
rule = "read"
facts.value = "self.seen"
[[events.row]]
rule = "write"
where = { done = "false" }
params = { value = "value" }
[[events.row]]
rule = "read"
where = { done = "true" }
facts.value = "self.seen"
"""


def line(event: str, **fields: object) -> dict[str, Any]:
    return {"node": "a", "event": event, **fields}


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([line("write_and_read", value=2, seen=2)], Verdict.ACCEPTED),
        ([line("write_and_read", value=2, seen=1)], Verdict.REJECTED),
        # One of the two lines was a write of 1 and the other a read of it.
        ([line("touched", value=1), line("touched", value=1)], Verdict.ACCEPTED),
        ([line("row", value=1, done=False), line("row", value=1, done=True)], Verdict.ACCEPTED),
        ([line("row", value=1, done=False), line("row", value=2, done=True)], Verdict.REJECTED),
        ([line("row", value=2, done=None)], None),  # no entry: no step
    ],
)
def test_a_line_is_a_sequence_or_one_of_several_steps(
    held: Held, lines: list[dict[str, Any]], verdict: Verdict | None
) -> None:
    found = judged(held, register(held, "", LISTED), lines)
    assert not found.defects
    assert (found.slices[0].verdict if found.steps else None) is verdict


def test_other_steps_may_come_between_those_of_one_line(held: Held) -> None:
    lines = [line("write_and_read", value=2, seen=1), {**line("touched", value=1), "node": "b"}]
    assert judged(held, register(held, "", LISTED), lines).slices[0].verdict is Verdict.ACCEPTED


SLICED = """
format = "crashproof/mapping/1"
model = "Outbox"
slice = "OrderId"
hidden = ["redeliver", "crash_relay"]
[events.place_order]
params = { order = "order" }
[[events.outbox_row]]
rule = "publish"
where = { state = "sent" }
params = { order = "order" }
[[events.outbox_row]]
rule = "mark_sent"
where = { state = "marked" }
params = { order = "order" }
[events.received]
rule = ["consume"]
params = { order = "order" }
"""


def test_rows_are_told_apart_by_their_fields_in_a_sliced_log(held: Held) -> None:
    (held.folder / "m.toml").write_text(SLICED)
    from checker.frontend import load
    from checker.traces.mapping import load_mapping
    from checker.traces.observe import observe
    from checker.traces.stream.fields import fields_of

    observation = observe(load("outbox"), load_mapping(held.folder / "m.toml"))
    assert fields_of(observation) is not None, "it is read slice by slice"
    log = [
        {"node": "p", "event": "place_order", "order": name} for name in "AB"
    ] + [
        {"node": "r", "event": "outbox_row", "order": name, "state": state}
        for name in "AB"
        for state in ("sent", "marked")
    ] + [{"node": "c", "event": "received", "order": name} for name in "AB"]  # fmt: skip
    found = judged(held, observation, log)
    assert (found.steps, found.count(Verdict.ACCEPTED)) == (8, 2)
    log[2]["state"] = "marked"  # and never published
    assert judged(held, observation, log).count(Verdict.REJECTED) == 1


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        ('rule = ["write", "read"]', 'rule = ["write", "wipe"]', 5, "no rule 'wipe'"),
        ('rule = ["write", "read"]', "rule = []", 6, "names no rule"),
        ('rule = ["write", "read"]', "rule = 7", 6, "must be a string"),
        ('rule = "write"\nparams = { value = "value" }\n', 'rule = ["write", "read"]\n', 9, "each"),
        ('where = { done = "true" }', "where = { done = true }", 21, "must be a string"),
        ('[[events.row]]\nrule = "read"', '[[events.row]]\nrule = "reed"', 19, "no rule 'reed'"),
        ('hidden = ["forget"]', 'hidden = ["forget"]\norder = "wall"', 5, "no such order"),
        (
            'hidden = ["forget"]',
            'hidden = ["forget"]\n[order]\nby = "clock"\nskew = 1',
            7,
            "'skew' has no meaning",
        ),
        (
            'hidden = ["forget"]',
            'hidden = ["forget"]\n[order]\nby = "time"\nskew = -1',
            7,
            "number of seconds",
        ),
    ],
)
def test_mistakes_in_entries_and_order_name_their_line(
    held: Held, old: str, new: str, where: int, said: str
) -> None:
    assert old in LISTED
    with pytest.raises(UsageError) as refused:
        register(held, "", LISTED.replace(old, new, 1))
    assert said in str(refused.value)
    assert f"mapping.toml:{where}" in str(refused.value).replace(f":{where + 1}:", f":{where}:")


def test_records_without_an_order_need_one_in_the_mapping(held: Held, tmp_path: Path) -> None:
    spans = Path(__file__).parent / "samples" / "otlp-spans.jsonl"
    order = '[order]\nby = "node"\n[log]\nformat = "otlp"'
    with pytest.raises(UsageError, match="do not stand in the order of their steps"):
        stream_replay([str(spans)], register(held, order), Settings())


def test_a_log_that_is_held_in_memory_has_a_limit_and_nothing_is_rejected_beyond_it(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = conftest.write(
        held.folder / "log.jsonl", "relay-1: publish A, mark_sent A, publish A, publish A"
    )
    observation = outbox_observation()
    assert held.file(path, observation).slices[0].verdict is Verdict.REJECTED
    monkeypatch.setattr("checker.traces.jsonl.HELD_LINES_MAX", 3)
    found = held.file(path, observation)
    assert found.slices[0].verdict is Verdict.UNKNOWN
    assert found.exit_code() is ExitCode.UNKNOWN
    assert found.lines == 3
    (defect,) = found.defects
    assert str(defect).startswith(f"{path}:4: the first 3 lines are held in memory")
