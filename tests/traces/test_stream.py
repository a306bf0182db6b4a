"""Reading once and in parts against reading the whole: the same of every log.

`replay` of `read_logs` is the reference: it holds all lines in memory, sorts them, and searches for
each shape of a slice.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.frontend import load
from checker.traces.instances import chains
from checker.traces.jsonl import read_logs
from checker.traces.mapping import load_mapping, shipped
from checker.traces.observe import Observation, observe
from checker.traces.replay import (
    Replay,
    Settings,
    SliceVerdict,
    Verdict,
    replay,
    shape_of,
)
from checker.traces.slices import cut
from checker.traces.stream import StreamSettings, stream_replay
from checker.traces.stream.reader import Bounds
from checker.traces.unnamed import unnamed_sorts
from checker.traces.validate import Answer, Budget, Limits, Logged, Shape, search
from checker.traces.worlds import Step, Worlds

from .conftest import Held, lines_of, outbox_observation, write
from .outbox_walks import damaged, damaged_log, walk
from .random_logs import damage, random_log, random_observation

OBSERVATION = outbox_observation()


def read_once(path: Path, observation: Observation, settings: Settings, jobs: int = 1) -> Replay:
    return stream_replay([str(path)], observation, settings, stream=StreamSettings(jobs=jobs))


def everything(found: Replay) -> tuple[object, ...]:
    """All that two ways of reading have to agree on."""
    return (
        sorted(found.slices, key=lambda each: each.keys),
        sorted(map(str, found.defects)),
        found.steps,
        found.lines,
        found.never_seen,
        found.exact,
        found.log_accepted,
        found.exit_code(),
    )


def assert_same(path: Path, observation: Observation, settings: Settings) -> Replay:
    mapping = observation.mapping
    log = read_logs([str(path)], mapping.wanted(), in_file_order=mapping.in_file_order)
    whole = everything(replay(log, observation, settings))
    found = read_once(path, observation, settings)
    for jobs in (1, 2):
        assert everything(read_once(path, observation, settings, jobs)) == whole, jobs
    return found


# ── The same of every log ────────────────────────────────────────────────────────────────────────


def damaged_logs_are_read_alike(folder: Path, seeds: range) -> None:
    for seed in seeds:
        path = folder / "log.jsonl"
        path.write_bytes(damaged_log(OBSERVATION, seed))
        assert_same(path, OBSERVATION, Settings(ended=seed % 2 == 0))


def test_damaged_logs_are_read_alike(tmp_path: Path) -> None:
    damaged_logs_are_read_alike(tmp_path, range(25))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_damaged_logs_are_read_alike(tmp_path: Path) -> None:
    damaged_logs_are_read_alike(tmp_path, range(1_000, 3_000))


def in_file_order(folder: Path) -> Observation:
    path = shipped("outbox")
    assert path is not None
    text = path.read_text().replace('"after"', '"with"')
    own = folder / "in_file_order.toml"
    own.write_text(text.replace("ignore = []", 'ignore = []\norder = "file"'))
    return observe(load("outbox"), load_mapping(own))


def test_logs_in_file_order_are_read_alike(tmp_path: Path) -> None:
    observation = in_file_order(tmp_path)
    codes = set()
    for seed in range(24):
        path = tmp_path / "log.jsonl"
        lines = lines_of(walk(observation, seed, shuffled=False))
        path.write_bytes(b"\n".join(damaged(lines, random.Random(seed))) + b"\n")
        codes.add(assert_same(path, observation, Settings()).exit_code())
    assert len(codes) == 3


def random_models_are_read_alike(folder: Path, seeds: range, logs: int) -> int:
    compared = 0
    settings = Settings(width_max=300)
    for seed in seeds:
        observation = random_observation(seed, folder)
        if observation is None:
            continue
        draw = random.Random(seed)
        for _ in range(logs):
            path = folder / "log.jsonl"
            path.write_bytes(damage(random_log(observation, draw, draw.randint(1, 8)), draw))
            assert_same(path, observation, settings)
            compared += 1
    return compared


def test_logs_of_random_models_are_read_alike(tmp_path: Path) -> None:
    assert random_models_are_read_alike(tmp_path, range(12), 4) > 20


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_logs_of_many_random_models_are_read_alike(tmp_path: Path) -> None:
    assert random_models_are_read_alike(tmp_path, range(100, 400), 10) > 1_500


def test_tables_of_sets_give_the_answers_of_a_search(tmp_path: Path) -> None:
    # The same slice alone and through tables that other slices have filled.
    compared = 0
    for seed in range(30):
        observation = random_observation(seed, tmp_path)
        if observation is None or not observation.mapping.in_file_order:
            continue
        draw = random.Random(seed)
        worlds, limits = Worlds(observation), Limits(400, float("inf"))
        for _ in range(6):
            path = tmp_path / "log.jsonl"
            path.write_bytes(damage(random_log(observation, draw, 6), draw))
            for shape in shapes_of(path, observation):
                for faults in (0, 1):
                    budget = Budget(1 if observation.key else 0, faults, 0)
                    with_tables = search(shape, budget, worlds, limits)
                    alone = search(shape, budget, worlds, limits, determinised=False)
                    assert_equal_answers(with_tables, alone)
                    compared += 1
    assert compared > 100


def shapes_of(path: Path, observation: Observation) -> list[Shape]:
    log = read_logs([str(path)], observation.mapping.wanted(), in_file_order=True)
    whole, _ = chains(log, observation)
    return [shape_of(part)[0] for part in cut(whole, observation.key)]


def assert_equal_answers(first: Answer, second: Answer) -> None:
    assert replace(first, stuck=(), width=0) == replace(second, stuck=(), width=0)
    assert {node[1:] for node in first.stuck} == {node[1:] for node in second.stuck}


def test_full_tables_are_emptied_and_change_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []
    for seed in range(12):
        names = walk(OBSERVATION, seed, orders=1, shuffled=False)
        steps = [part.split(":")[1].split()[0] for part in names.split(";") if "order-0" in part]
        lines = tuple(
            Logged(Step(name, (0,), (1, "shipped") if name == "consume" else ()), True)
            for name in steps
        )
        shapes.append(Shape((("OrderId", 1),), (lines,)))
    limits, budget = Limits(10**6, float("inf")), Budget(1, 1, 0)
    expected = [search(s, budget, Worlds(OBSERVATION), limits, determinised=False) for s in shapes]
    monkeypatch.setattr("checker.traces.subsets.SETS_MAX", 3)
    monkeypatch.setattr("checker.traces.subsets.MOVES_MAX", 3)
    worlds = Worlds(OBSERVATION)
    for shape, wanted in zip(shapes * 2, expected * 2, strict=True):
        assert_equal_answers(search(shape, budget, worlds, limits), wanted)


def test_ids_that_no_line_names_are_told_apart_only_as_far_as_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same answers with every state for itself; and a log of names alone goes much further.
    compared, accepted = 0, set()
    for seed in (*range(14), 187, 256):
        observation = random_observation(seed, tmp_path, names=False)
        if observation is None or not unnamed_sorts(observation):
            continue
        draw = random.Random(seed)
        for _ in range(4):
            path = tmp_path / "log.jsonl"
            path.write_bytes(damage(random_log(observation, draw, 6), draw))
            told = replace(observation, scopes={"W": 2})
            mapping = told.mapping
            log = read_logs([str(path)], mapping.wanted(), in_file_order=mapping.in_file_order)
            settings = Settings(width_max=2_000)
            first = replay(log, told, settings)
            with monkeypatch.context() as patch:
                patch.setattr("checker.traces.worlds.unnamed_sorts", lambda _: ())
                second = replay(log, told, settings)
            for one, other in zip(first.slices, second.slices, strict=True):
                if "width" not in other.reason:
                    assert plain(one) == plain(other), seed
                    accepted.add(one.verdict)
                    compared += 1
    assert compared > 20
    assert len(accepted) > 1


def plain(each: SliceVerdict) -> SliceVerdict:
    return each._replace(diagnosis=None)


# ── Order of lines ───────────────────────────────────────────────────────────────────────────────

WHOLE = (
    "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
    "consumer-1: consume A shipped=1 outcome=shipped, stopped"
)


def test_in_file_order_the_file_decides_what_came_first(tmp_path: Path) -> None:
    observation = in_file_order(tmp_path)
    path = tmp_path / "log.jsonl"
    lines = [json.dumps(line) + "\n" for line in lines_of(WHOLE)]
    path.write_text("".join(lines))
    assert read_once(path, observation, Settings()).exit_code() == 0
    path.write_text("".join(lines[2:] + lines[:2]))  # published before it was placed
    assert read_once(path, observation, Settings()).exit_code() == 1
    assert read_once(path, OBSERVATION, Settings()).exit_code() == 0


def test_lines_beside_their_effects_have_no_order_in_the_file(held: Held) -> None:
    path = shipped("outbox")
    assert path is not None
    text = path.read_text().replace("ignore = []", 'ignore = []\norder = "file"')
    own = held.folder / "mapping.toml"
    own.write_text(text)
    with pytest.raises(UsageError, match=r'mapping.toml:10: order = "file" needs every line'):
        load_mapping(own)


# ── Closing slices ───────────────────────────────────────────────────────────────────────────────


def orders(count: int, *more: str) -> str:
    """Orders one after the other, each finished before the next."""
    parts = []
    for number in range(count):
        name = f"order-{number}"
        parts += [
            f"producer-1: place_order {name}",
            f"relay-1: publish {name}, mark_sent {name}",
            f"consumer-1: consume {name} shipped=1 outcome=shipped",
        ]
    return ";".join([*parts, *more, "producer-1: stopped; relay-1: stopped; consumer-1: stopped"])


def closing(path: Path, bounds: Bounds, monkeypatch: pytest.MonkeyPatch, jobs: int = 1) -> Replay:
    monkeypatch.setattr("checker.traces.stream.lines.BLOCK_BYTES", 500)
    stream = StreamSettings(bounds, jobs)
    return stream_replay([str(path)], OBSERVATION, Settings(), stream=stream)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_slice_at_rest_is_closed_after_the_horizon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    path = write(tmp_path / "log.jsonl", orders(60))
    found = closing(path, Bounds(horizon=10), monkeypatch, jobs)
    assert found.exit_code() == 0
    assert found.count(Verdict.ACCEPTED) == found.number() == 60
    assert len(found.slices) < 20, "most were closed, and are counted only"
    assert any("closed at rest before the end" in note for note in found.notes)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_line_for_a_closed_slice_makes_it_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    # L8. As a slice of its own, the second shipment would be rejected; with what was closed, too.
    late = "consumer-1: consume order-3 shipped=2 outcome=shipped"
    path = write(tmp_path / "log.jsonl", orders(60, late))
    found = closing(path, Bounds(horizon=10), monkeypatch, jobs)
    (each,) = [each for each in found.slices if each.keys == ("order-3",)]
    assert each.verdict is Verdict.UNKNOWN
    assert each.reason.startswith("closed: a line came after")
    assert found.exit_code() == 3
    assert found.number() == 60


def workers(folder: Path, *, crashes: bool, sliced: bool = True) -> Observation:
    """The deduplicating consumer with the names of workers, and lines of their crashes alone."""
    rules = {"send": ("msg",), "begin": ("msg", "worker"), "finish": ("msg", "worker")}
    rules |= {"crash": ("worker",)} if crashes else {}
    hidden = [name for name in ("drop", "crash", "expire") if name not in rules]
    head = ['format = "crashproof/mapping/1"', 'model = "Dedup"', 'order = "file"']
    head += ['slice = "MessageId"'] if sliced else []
    head += [f"hidden = {hidden}", "max_hidden = 0"]
    for name, params in rules.items():
        head += [f"[events.{name}]", f"params = {{ {', '.join(f'{p} = {p!r}' for p in params)} }}"]
    path = folder / "dedup.toml"
    path.write_text("\n".join(head) + "\n")
    return observe(load("dedup"), load_mapping(path))


def work(draw: random.Random, count: int, *, crashes: bool) -> str:
    """Messages one after the other; some are finished by another worker, or by a dead one."""
    lines = []
    crashing = draw.sample(range(count), 2 if crashes else 0)
    for number in range(count):
        first, second = draw.sample("abc", 2)
        finisher = draw.choices([first, second], [9, 1])[0]
        lines += [f"send msg=m{number}", f"begin msg=m{number} worker={first}"]
        lines += [f"crash worker={first}"] if number in crashing else []
        lines += [f"finish msg=m{number} worker={finisher}"]
    return "node-1: " + ", ".join(lines)


@pytest.mark.parametrize("crashes", [False, True])
def test_slices_are_judged_with_their_ids_where_lines_of_no_slice_name_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crashes: bool
) -> None:
    # Closed, or judged with all that had a like course, a message that its dead worker finished
    # would be accepted: the crash would be that of another worker.
    observation = workers(tmp_path, crashes=crashes)
    monkeypatch.setattr("checker.traces.stream.lines.BLOCK_BYTES", 500)
    verdicts = Counter[Verdict]()
    for seed in range(6):
        text = work(random.Random(seed), 40, crashes=crashes)
        path = write(tmp_path / "log.jsonl", text)
        log = read_logs([str(path)], observation.mapping.wanted(), in_file_order=True)
        whole = replay(log, observation, Settings(explains=False))
        counts = {verdict: whole.count(verdict) for verdict in Verdict}
        verdicts.update(counts)
        for bounds in (Bounds(), Bounds(horizon=20)):
            stream = StreamSettings(bounds, 1)
            found = stream_replay([str(path)], observation, Settings(explains=False), stream=stream)
            assert {verdict: found.count(verdict) for verdict in Verdict} == counts, seed
            is_closed = any("closed at rest" in note for note in found.notes)
            assert is_closed == (not crashes and bounds.horizon is not None)
    assert verdicts[Verdict.ACCEPTED] > 50
    assert verdicts[Verdict.REJECTED] > 10


def test_more_lines_of_no_slice_than_ids_of_the_background_reject_nothing(tmp_path: Path) -> None:
    # Five workers crash, each with another message. Beside a slice two others are tried.
    lines = [f"send msg=m{n}, begin msg=m{n} worker=a, crash worker=a" for n in range(5)]
    lines += ["send msg=m5", "begin msg=m5 worker=a", "finish msg=m5 worker=a"]
    path = write(tmp_path / "log.jsonl", "node-1: " + ", ".join(lines))
    found = read_once(path, workers(tmp_path, crashes=True), Settings())
    assert found.count(Verdict.UNKNOWN) == found.number() == 6
    assert all("5 lines of no MessageId" in each.reason for each in found.slices)
    whole = read_once(path, workers(tmp_path, crashes=True, sliced=False), Settings())
    assert whole.log_accepted

    # What no crash could explain is still rejected.
    path = write(tmp_path / "log.jsonl", "node-1: " + ", ".join([*lines, "begin msg=m5 worker=b"]))
    found = read_once(path, workers(tmp_path, crashes=True), Settings())
    assert [each.keys for each in found.slices if each.verdict is Verdict.REJECTED] == [("m5",)]


def test_a_slice_that_owes_something_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = orders(60).replace("consumer-1: consume order-2 shipped=1 outcome=shipped;", "")
    path = write(tmp_path / "log.jsonl", text)
    found = closing(path, Bounds(horizon=10), monkeypatch)
    (owing,) = [each for each in found.slices if each.pending]
    assert owing.keys == ("order-2",)


def test_too_many_open_slices_close_those_at_rest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "log.jsonl", orders(60))
    assert closing(path, Bounds(open_max=20), monkeypatch).exit_code() == 0
    unfinished = "".join(f"producer-1: place_order order-{n};" for n in range(60))
    path = write(tmp_path / "log.jsonl", unfinished)
    found = closing(path, Bounds(open_max=20), monkeypatch)
    assert found.exit_code() == 3
    assert [e.reason for e in found.slices if e.verdict is Verdict.UNKNOWN] == [
        "open slices: there was no room for 40 lines of further slices"
    ]
    assert found.number() == 21


def test_more_different_slices_than_there_is_room_for_are_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "log.jsonl", orders(30))
    found = closing(path, Bounds(histories_max=3), monkeypatch)
    assert {each.verdict for each in found.slices} == {Verdict.UNKNOWN}
    assert found.slices[0].reason.startswith("histories")
    # With room for one more, what is finished is dropped and the log is read to its end.
    assert closing(path, Bounds(histories_max=9), monkeypatch).exit_code() == 0


def test_a_slice_of_which_it_was_forgotten_whether_it_was_closed_is_not_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = "consumer-1: consume order-3 shipped=2 outcome=shipped"
    path = write(tmp_path / "log.jsonl", orders(60, late))
    found = closing(path, Bounds(horizon=10, closed_max=5), monkeypatch)
    (each,) = [each for each in found.slices if each.keys == ("order-3",)]
    assert each.verdict is Verdict.UNKNOWN
    assert "too many slices to remember" in each.reason
    assert any("may begin a new one" in note for note in found.notes)


# ── Other ways in ────────────────────────────────────────────────────────────────────────────────


def many(count: int) -> str:
    return orders(count, "consumer-1: consume order-7 shipped=2 outcome=shipped")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_packed_files_and_many_blocks_give_the_same_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr("checker.traces.stream.lines.BLOCK_BYTES", 700)
    plain = write(tmp_path / "plain.jsonl", many(40)).read_bytes()
    path = tmp_path / ("log.jsonl.gz" if pack is gzip.compress else "log.jsonl")
    path.write_bytes(pack(plain))
    found = read_once(path, OBSERVATION, Settings(), jobs=2)
    (rejected,) = [each for each in found.slices if each.verdict is Verdict.REJECTED]
    assert rejected.diagnosis is not None
    event = rejected.diagnosis.candidates[0].event
    line = plain.splitlines()[event.place.line - 1]
    assert json.loads(line)["shipped"] == 2
    assert event.place.file == str(path)


def test_two_files_in_two_processes_are_one_log(tmp_path: Path) -> None:
    lines = [json.dumps(line) + "\n" for line in lines_of(many(40))]
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for at in (3, 80, 150):
        first.write_text("".join(lines[:at]))
        second.write_text("".join(lines[at:]))
        names = [str(first), str(second)]
        log = read_logs(names, OBSERVATION.mapping.wanted())
        whole = everything(replay(log, OBSERVATION, Settings()))
        for jobs in (1, 2):
            stream = StreamSettings(jobs=jobs)
            found = stream_replay(names, OBSERVATION, Settings(), stream=stream)
            assert everything(found) == whole


def test_of_very_many_slices_those_that_need_a_word_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checker.traces.stream.verdicts.LISTED_MAX", 10)
    path = write(tmp_path / "log.jsonl", many(40))
    found = read_once(path, OBSERVATION, Settings())
    assert [each.keys for each in found.slices] == [("order-7",)]
    assert (found.number(), found.count(Verdict.ACCEPTED)) == (40, 39)
