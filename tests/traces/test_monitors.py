"""Monitors: what each finds, that they see every line once, and that they change no verdict."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checker.backends.failure import Failure
from checker.backends.python import Program
from checker.errors import ExitCode, UsageError
from checker.frontend import load
from checker.passes.bind import bind
from checker.traces.jsonl import read_logs
from checker.traces.mapping import load_mapping, shipped
from checker.traces.monitor_choice import chosen
from checker.traces.monitors import (
    AtMostOnce,
    Broken,
    Contiguous,
    Monitor,
    Needs,
    Never,
    Rising,
    Same,
)
from checker.traces.order import By, Order
from checker.traces.replay import Replay, Settings, replay
from checker.traces.shipped_monitors import BY_MODEL
from checker.traces.stream import StreamSettings, stream_replay
from checker.traces.watch import Seen, Watch, Watched, fitted, settled

from .conftest import lines_of, outbox_observation, write
from .outbox_walks import damaged_log, walk
from .test_commands import TWICE, WHOLE, checker

OBSERVATION = outbox_observation()
SHIPPED = chosen((), "outbox")


class ShipsOnce(Monitor):
    """An order ships once, as a user would write it; it cannot be merged."""

    events = ("consume",)
    key = ("order",)
    fields = ("outcome",)
    order = "any"

    def step(self, state: int | None, event: str, at: int, outcome: str) -> int | None:
        if outcome != "shipped":
            return state
        if state is not None:
            raise Broken("it ships again", earlier=state)
        return at


def seen(path: Path, monitors: Mapping[str, Monitor], **settings: Any) -> dict[str, Seen]:
    found = stream_replay([str(path)], OBSERVATION, Settings(**settings), monitors=monitors)
    return {each.name: each for each in found.monitors}


def verdict(path: Path, monitor: Monitor, **settings: Any) -> Watched:
    return seen(path, {"it": monitor}, **settings)["it"].verdict


def tokens(path: Path, *numbers: tuple[str, object]) -> Path:
    """A log in which nodes publish under these tokens."""
    count: dict[str, int] = {}
    lines = []
    for node, token in numbers:
        count[node] = count.get(node, 0) + 1
        line = {"ts": 1, "node": node, "seq": count[node], "event": "publish", "order": "A"}
        lines.append(json.dumps(line | ({"token": token} if token != "absent" else {})))
    path.write_text("\n".join(lines) + "\n")
    return path


RISING = Rising("publish", key="order", field="token", says="tokens rise")
EACH = Contiguous("publish", key="order", field="token", says="no token is missing", first=1)
SAME = Same("publish", key="order", fields="token", says="one token")


@pytest.mark.parametrize(
    ("monitor", "numbers", "wanted"),
    [
        (RISING, [1, 1, 3], Watched.OK),
        (RISING, [1, 3, 2], Watched.VIOLATED),
        (Rising("publish", key="order", field="token", says="", strictly=True), [1, 1],
         Watched.VIOLATED),
        (RISING, ["9", 10], Watched.OK),
        (RISING, ["one", 2], Watched.UNDECIDED),
        (EACH, [1, 2, 3], Watched.OK),
        (EACH, [3, 1, 2], Watched.OK),
        (EACH, [1, 2, 2], Watched.VIOLATED),
        (EACH, [1, 3], Watched.OPEN),
        (EACH, [2, 3], Watched.OPEN),
        (EACH, list(range(1, 400, 2)), Watched.UNDECIDED),
        (SAME, [7, 7], Watched.OK),
        (SAME, [7, 8], Watched.VIOLATED),
        (SAME, [1, True], Watched.VIOLATED),
        (SAME, [7, "absent"], Watched.UNDECIDED),
        (SAME, [None, None], Watched.OK),
        (SAME, [7, [7]], Watched.UNDECIDED),
        (AtMostOnce("publish", key="order", says=""), [1], Watched.OK),
        (AtMostOnce("publish", key="order", says=""), [1, 2], Watched.VIOLATED),
        (AtMostOnce("publish", key="order", says="", where={"token": (7, 8)}), [7, 1],
         Watched.OK),
        (AtMostOnce("publish", key=("order", "token"), says=""), [1, 2], Watched.OK),
        (AtMostOnce("publish", key=("order", "token"), says=""), [1, 2, 1], Watched.VIOLATED),
        (AtMostOnce("publish", key="token", says=""), [None, None], Watched.UNSEEN),
        (Never("publish", key="order", where={"token": 9}, says=""), [1, 2], Watched.OK),
        (Never("publish", key="order", where={"token": 9}, says=""), [1, 9], Watched.VIOLATED),
        (Never("consume", key="order", where={"shipped": 9}, says=""), [1, 9], Watched.UNSEEN),
    ],
)  # fmt: skip
def test_the_usual_monitors_find_what_they_are_for(
    monitor: Monitor, numbers: list[object], wanted: Watched, tmp_path: Path
) -> None:
    path = tokens(tmp_path / "log.jsonl", *(("relay-1", number) for number in numbers))
    assert verdict(path, monitor) is wanted


def test_two_nodes_are_not_held_against_each_other(tmp_path: Path) -> None:
    path = tokens(tmp_path / "log.jsonl", ("relay-1", 5), ("relay-2", 4), ("relay-1", 6))
    assert verdict(path, RISING) is Watched.OK
    with pytest.raises(UsageError, match="needs an order of all lines"):
        verdict(path, Rising("publish", key="order", field="token", says="", order="file"))


def test_a_log_whose_lines_happened_as_they_stand_is_held_as_a_whole(tmp_path: Path) -> None:
    entries = tuple(
        replace(entry, service=None, logged=type(entry.logged).WITH)
        for entry in OBSERVATION.mapping.events
    )
    mapping = replace(OBSERVATION.mapping, order=Order(By.FILE), events=entries)
    ordered = replace(OBSERVATION, mapping=mapping)
    path = tokens(tmp_path / "log.jsonl", ("relay-1", 5), ("relay-2", 4))
    watched = {"it": Rising("publish", key="order", field="token", says="", order="file")}
    for found in (
        stream_replay([str(path)], ordered, Settings(), monitors=watched),
        _as_a_whole(path, watched, ordered),
    ):
        assert found.monitors[0].verdict is Watched.VIOLATED


def _as_a_whole(path: Path, monitors: Mapping[str, Monitor], observation: Any) -> Replay:
    fields = fitted(monitors, observation.mapping)
    mapping = replace(observation.mapping, watched=fields)
    log = read_logs([str(path)], mapping.wanted(), in_file_order=mapping.in_file_order)
    return replay(log, replace(observation, mapping=mapping), Settings(), monitors=monitors)


def test_what_is_missing_is_open_until_the_log_has_ended_and_excused_by_lost_lines(
    tmp_path: Path,
) -> None:
    needs = Needs("publish", by="place_order", key="order", says="what is published was placed")
    path = write(tmp_path / "log.jsonl", WHOLE)
    assert verdict(path, needs, ended=True) is Watched.OK
    path = write(tmp_path / "log.jsonl", WHOLE.replace("place_order A", "place_order B"))
    assert verdict(path, needs) is Watched.OPEN
    assert verdict(path, needs, ended=True) is Watched.VIOLATED
    killed = "producer-1: place_order B; relay-1: publish A, mark_sent A, stopped"
    path = write(tmp_path / "log.jsonl", killed)
    found = seen(path, {"it": needs}, ended=True)["it"]
    assert (found.verdict, found.broken) == (Watched.OPEN, 1)
    path = write(tmp_path / "log.jsonl", killed.replace("stopped", "publish C, stopped"))
    assert verdict(path, needs, ended=True) is Watched.VIOLATED  # one kill cannot lose two lines


def test_monitors_go_on_after_a_rejection_and_name_both_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", TWICE)
    found = stream_replay([str(path)], OBSERVATION, Settings(), monitors=SHIPPED)
    assert found.exit_code() is ExitCode.FAILS
    (once,) = [each for each in found.monitors if each.name == "ships_once"]
    (finding,) = once.findings
    assert finding.place is not None
    assert finding.earlier is not None
    assert (finding.key, finding.place.line, finding.earlier.line) == (("A",), 7, 6)


def test_a_log_that_the_variant_explains_is_still_watched(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", TWICE)
    variant = outbox_observation(deduplicate=False)
    found = stream_replay([str(path)], variant, Settings(), monitors={"it": ShipsOnce()})
    assert found.monitors[0].verdict is Watched.VIOLATED


def test_a_line_that_was_delivered_twice_is_seen_once(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", WHOLE)
    path.write_text(path.read_text() * 2)
    for each in seen(path, {**SHIPPED, "it": ShipsOnce()}).values():
        assert each.verdict is Watched.OK


def test_a_correct_service_breaks_no_shipped_monitor_whatever_its_kills(tmp_path: Path) -> None:
    for seed in range(60):
        path = write(tmp_path / f"{seed}.jsonl", walk(OBSERVATION, seed))
        for each in seen(path, SHIPPED).values():
            assert each.verdict in (Watched.OK, Watched.UNSEEN), (seed, each)


SHIPPED_BREAKS = [
    ("dedup", "begun_once", "worker-1: {}, {}", "begin message=A worker=w found=0"),
    ("dedup", "begun_without_effect", "worker-1: {}", "begin message=A worker=w found=1"),
    ("dedup", "dropped_after_effect", "worker-1: {}",
     "drop message=A worker=w known=true effects=0"),
    ("dedup", "one_effect", "worker-1: {}", "drop message=A worker=w known=true effects=2"),
    ("dedup", "finished_once", "worker-1: {}, {}", "finish message=A worker=w"),
    ("saga", "started_once", "orchestrator-1: {}, {}", "start order=A phase=FORWARD now=RESERVE"),
    ("saga", "done_once", "charge-1: {}", "perform order=A step=CHARGE done=2 refused=false"),
    ("saga", "undone_once", "charge-1: {}",
     "compensate order=A step=CHARGE done=1 undone=2 refused=false"),
    ("saga", "one_end", "orchestrator-1: {}, time_out order=A step=SHIP phase=STUCK now=SHIP",
     "time_out order=A step=SHIP phase=COMPLETED now=SHIP"),
    ("idempotency_keys", "charged_once", "server-a: {}", "charge key=A server=a charges=2 keys=1"),
    ("idempotency_keys", "one_answer",
     "client-1: {}, stored key=A server=a attempt=\"2\" answer=\"2\" answers=1",
     "reply key=A server=a answer=\"1\" answers=2"),
    ("outbox", "placed_once", "producer-1: {}, {}", "place_order A"),
    ("outbox", "ships_once", "consumer-1: {}, {}", "consume A shipped=1 outcome=shipped"),
    ("outbox", "shipped_at_most_once", "consumer-1: {}", "consume A shipped=2 outcome=duplicate"),
    ("outbox", "marked_once", "relay-1: {}, {}", "mark_sent A"),
]  # fmt: skip


def test_every_shipped_monitor_has_a_log_that_breaks_it() -> None:
    named = {(model, name) for model, name, *_ in SHIPPED_BREAKS}
    assert named == {(model, name) for model, own in BY_MODEL.items() for name in own}


@pytest.mark.parametrize(("model", "name", "text", "line"), SHIPPED_BREAKS)
def test_a_shipped_monitor_finds_what_it_is_for(
    model: str, name: str, text: str, line: str, tmp_path: Path
) -> None:
    mapping = shipped(model)
    assert mapping is not None
    fitted(BY_MODEL[model], load_mapping(mapping))  # it reads events that the mapping knows
    broken = watched(write(tmp_path / "broken.jsonl", text.format(line, line)), model)
    assert broken[name] == ["A"]
    if text.count("{}") == 2:
        assert watched(write(tmp_path / "log.jsonl", text.format(line, "stopped")), model) == {
            each: [] for each in BY_MODEL[model]
        }


def watched(path: Path, model: str) -> dict[str, list[object]]:
    """The first part of each key that breaks each shipped monitor."""
    mapping = shipped(model)
    assert mapping is not None
    known = load_mapping(mapping)
    known = replace(known, watched=fitted(BY_MODEL[model], known))
    log = read_logs([str(path)], known.wanted())
    assert not log.defects
    watch = Watch(BY_MODEL[model])
    events = [event for own in log.by_node.values() for event in own]
    for at, event in enumerate(events):
        watch.event(event, at)
    said = settled(
        watch, lambda at: events[at].place, known, ended=False, has_gap=False, unclean=0
    )  # fmt: skip
    return {each.name: [finding.key[0] for finding in each.findings] for each in said}


def test_no_behaviour_of_dedup_breaks_its_monitors() -> None:
    """All states of the model, each with what has happened to each message on the way."""
    program = Program(bind(load("dedup").model, scopes={"MessageId": 2, "Worker": 2}))
    names = [var.name for var in program.model.vars]
    start = [(state, frozenset[tuple[str, int]]()) for state in program.initial_states()]
    seen, waiting = set(start), list(start)
    while waiting:
        state, past = waiting.pop()
        effects = dict(state[names.index("effects")])  # type: ignore[call-overload]
        for compiled in program.rules:
            for args in compiled.args:
                for _, after in compiled.step(state, args):
                    assert not isinstance(after, Failure)
                    then = past
                    name = compiled.rule.name
                    if name in ("begin", "finish"):
                        assert (name, args[1]) not in past
                        then = past | {(name, args[1])}  # type: ignore[arg-type]
                    if name in ("begin", "drop"):
                        assert effects.get(args[1], 0) == (name == "drop")
                    if (after, then) not in seen:
                        seen.add((after, then))
                        waiting.append((after, then))
    assert len(seen) > 100


MANY: dict[str, Monitor] = {
    **SHIPPED,
    "own": ShipsOnce(),
    "same": Same("consume", key="order", fields="outcome", says=""),
    "rising": Rising("consume", key="order", field="shipped", says=""),
    "all": Contiguous("consume", key="order", field="shipped", says=""),
    "extra": Same("publish", key="order", fields="more", says=""),
    "by_node": AtMostOnce("started", key="node", says=""),
    "needs": Needs("publish", by="place_order", key="order", says=""),
}


def told(found: Replay) -> list[tuple[object, ...]]:
    return [
        (each.name, each.verdict, each.keys, each.broken, {f.key for f in each.findings})
        for each in found.monitors
    ]


@pytest.mark.parametrize("seed", range(40))
def test_damaged_logs_are_watched_alike_however_they_are_read(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(damaged_log(OBSERVATION, seed, steps=30))
    alone = stream_replay([str(path)], OBSERVATION, Settings())
    found = stream_replay([str(path)], OBSERVATION, Settings(), monitors=MANY)
    assert told(found) == told(_as_a_whole(path, MANY, OBSERVATION))
    # What is watched changes nothing of what is validated.
    said = [(e.keys, e.verdict, e.faults, e.pending) for e in found.slices]
    assert said == [(e.keys, e.verdict, e.faults, e.pending) for e in alone.slices]
    assert found.defect_kinds == alone.defect_kinds


@pytest.mark.parametrize("seed", range(12))
def test_two_processes_see_what_one_sees(seed: int, tmp_path: Path) -> None:
    choice = random.Random(seed)
    path = write(tmp_path / "log.jsonl", walk(OBSERVATION, seed, orders=4, steps=60))
    lines = path.read_text().splitlines(keepends=True)
    if choice.random() < 0.5:
        lines = [line.replace('"outcome": "duplicate"', '"outcome": "shipped"') for line in lines]
    path.write_text("".join(lines))
    merged = {name: each for name, each in MANY.items() if name != "own"}
    one = stream_replay([str(path)], OBSERVATION, Settings(), monitors=merged)
    two = stream_replay(
        [str(path)], OBSERVATION, Settings(), monitors=merged, stream=StreamSettings(jobs=2)
    )
    assert told(one) == told(two)
    for left, right in zip(one.monitors, two.monitors, strict=True):
        if left.name not in ("same", "all"):  # these keep no line of each number or content
            assert left.findings == right.findings


def test_an_answer_in_any_order_is_the_same_in_every_order(tmp_path: Path) -> None:
    for seed in range(20):
        choice = random.Random(seed)
        lines = lines_of(walk(OBSERVATION, seed, shuffled=False))
        path = tmp_path / "log.jsonl"
        answers = set()
        for _ in range(4):
            choice.shuffle(lines)
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))
            found = seen(path, {n: m for n, m in MANY.items() if m.order == "any"})
            answers.add(tuple((n, e.verdict, e.keys, e.broken) for n, e in found.items()))
        assert len(answers) == 1


# ── The command ──────────────────────────────────────────────────────────────────────────────────

OWN = '''
from checker.traces.monitors import AtMostOnce, Broken, Monitor


class ShipsOnce(Monitor):
    """An order ships once."""

    events = ("consume",)
    key = ("order",)
    fields = ("outcome",)
    order = "any"

    def step(self, state, event, at, outcome):
        if outcome != "shipped":
            return state
        if state is not None:
            raise Broken("it ships again", earlier=state)
        return at


published = AtMostOnce("publish", key="order", says="an order is published once")
'''


def test_a_file_of_monitors_is_used_beside_the_shipped_ones(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", TWICE)
    (tmp_path / "own.py").write_text(OWN)
    done = checker("replay", "outbox", "log.jsonl", "--monitor", "own.py", cwd=tmp_path)
    assert done.returncode == 1
    shown = "VIOLATED  monitor ShipsOnce: An order ships once. (2 lines, 1 of 1 key)"
    assert shown in done.stdout
    assert "A: it ships again at log.jsonl:7; earlier: log.jsonl:6" in done.stdout
    assert "OK  monitor published" in done.stdout
    assert "monitor ships_once" in done.stdout
    one = ("--monitor", "own.py:published", "--no-monitors", "--json")
    done = checker("replay", "outbox", "log.jsonl", *one, cwd=tmp_path)
    assert [each["name"] for each in json.loads(done.stdout)["monitors"]] == ["published"]


@pytest.mark.parametrize(
    ("text", "what", "message"),
    [
        ("x = 1\n", "own.py", "has no monitor"),
        (OWN, "own.py:Missing", "it has: ShipsOnce, published"),
        ("import nothing_of_this_name\n", "own.py", "own.py, line 1: ModuleNotFoundError"),
        ("def broken(:\n", "own.py", "own.py, line 1: SyntaxError"),
        (OWN.replace('"any"', "None"), "own.py", "in which order"),
        (OWN.replace('"consume"', '"consumed"'), "own.py", "an event that the mapping does not"),
        (OWN.replace("return at", "return at / 0"), "own.py", "failed: ZeroDivisionError"),
        (OWN, "nowhere.py", "cannot read the monitors nowhere.py"),
        (OWN, "own", "write FILE.py"),
        (OWN, "no_such_module:X", "cannot load no_such_module"),
    ],
)
def test_a_monitor_that_cannot_be_used_is_explained(
    text: str, what: str, message: str, tmp_path: Path
) -> None:
    write(tmp_path / "log.jsonl", TWICE)
    (tmp_path / "own.py").write_text(text)
    done = checker("replay", "outbox", "log.jsonl", "--monitor", what, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
