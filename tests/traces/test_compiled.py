"""Long logs by machine code against the same logs without it: the same is said of every log.

The blocks are small and no log is given back here, so that both ways meet at many places.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checker.traces.event import Event, Place
from checker.traces.jsonl import read_line
from checker.traces.monitors import AtMostOnce, Monitor, Never, Same
from checker.traces.observe import Observation
from checker.traces.replay import Replay, Settings, Verdict
from checker.traces.report import replay_object
from checker.traces.shipped_monitors import BY_MODEL
from checker.traces.stream import StreamSettings, kernel, stream_replay
from checker.traces.stream.fields import fields_of
from checker.traces.stream.packed import code
from checker.traces.stream.reader import Bounds
from checker.traces.stream.scanner import Scanner, _table_of, classes_of

from .conftest import outbox_observation
from .outbox_walks import damaged_log
from .random_logs import damage, random_log, random_observation
from .test_hostile import DAMAGES
from .test_stream import everything, in_file_order

OBSERVATION = outbox_observation()
MONITORS = BY_MODEL["outbox"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checker.traces.stream.lines.BLOCK_BYTES", 3_000)
    monkeypatch.setattr("checker.traces.stream.packed.FIRST_SLOTS", 4)
    monkeypatch.setattr("checker.traces.stream.scanner.CARE_MAX", 2.0)


class Counted:
    """How many lines were read with care."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.care = 0
        whole = Scanner._care

        def care(scanner: Scanner, raw: bytes, codes: Any) -> None:
            self.care += 1
            whole(scanner, raw, codes)

        monkeypatch.setattr(Scanner, "_care", care)


def held(
    path: Path,
    observation: Observation,
    settings: Settings,
    *,
    compiled: bool,
    jobs: int = 1,
    bounds: Bounds | None = None,
    monitors: dict[str, Monitor] | None = None,
) -> Replay:
    how = StreamSettings(bounds or Bounds(), jobs, compiled=compiled)
    return stream_replay([str(path)], observation, settings, stream=how, monitors=monitors or {})


def assert_same(
    path: Path,
    observation: Observation = OBSERVATION,
    settings: Settings | None = None,
    **how: Any,
) -> Replay:
    settings = settings or Settings()
    plain = held(path, observation, settings, compiled=False, **how)
    for jobs in (1, 2):
        found = held(path, observation, settings, compiled=True, **(how | {"jobs": jobs}))
        assert everything(found) == everything(plain), jobs
        assert found.monitors == plain.monitors, jobs
    return found


def report(found: Replay) -> dict[str, Any]:
    """The report, but for the times and in which order what is alike was counted."""
    said = replay_object(found)
    said.pop("seconds", None)
    said["groups"] = sorted(map(repr, said.get("groups", ())))
    return said


# ── Logs of an outbox ────────────────────────────────────────────────────────────────────────────


def lines_of_orders(draw: random.Random, orders: int, broken: float = 0.02) -> Iterator[bytes]:
    """Lines of many orders side by side, a few of which go wrong."""
    seq: dict[str, int] = {}

    def line(node: str, event: str, **fields: object) -> bytes:
        seq[node] = seq.get(node, 0) + 1
        record = {"ts": draw.randrange(10**6) / 8, "node": node, "seq": seq[node], "event": event}
        return json.dumps(record | fields).encode()

    def order(number: int) -> Iterator[bytes]:
        name = draw.choice(["o-{}", "order-{}", "an order with a long name, that is {}"])
        about = {"order": name.format(number)}
        relay, consumer = f"relay-{draw.randint(1, 2)}", f"consumer-{draw.randint(1, 2)}"
        yield line("producer-1", "place_order", **about)
        yield line(relay, "publish", **about)
        if draw.random() < broken:
            yield line(relay, "mark_sent", **about)
        yield line(relay, "mark_sent", **about)
        yield line(consumer, "consume", **about, shipped=1, outcome="shipped")
        if draw.random() < broken:
            yield line(consumer, "consume", **about, shipped=2, outcome="shipped")

    under_way: list[Iterator[bytes]] = []
    begun = 0
    while begun < orders or under_way:
        if begun < orders and len(under_way) < 20:
            under_way.append(order(begun))
            begun += 1
            continue
        each = draw.choice(under_way)
        made = next(each, None)
        if made is None:
            under_way.remove(each)
        else:
            yield made


def otherwise(raw: bytes, draw: random.Random) -> bytes:
    """The same line as another writer would write it, or a line that is damaged."""
    record = json.loads(raw)
    match draw.randrange(16):
        case 0:
            return json.dumps(record, separators=(",", ":")).encode()
        case 1:
            return json.dumps(dict(sorted(record.items()))).encode()
        case 2:
            return json.dumps(
                record | {"msg": draw.choice(['a "b"\n', "\u20ac\u2028", "x" * 99])}
            ).encode()
        case 3:
            return json.dumps(record | {"took": draw.random() * 10 ** draw.randint(-9, 9)}).encode()
        case 4:
            return json.dumps(record | {"more": {"a": [1, None]}}).encode()
        case 5:
            return (
                json.dumps(record | {"more": True, "and": None}, indent=1)
                .replace("\n", " ")
                .encode()
            )
        case 6:
            return raw + draw.choice([b" ", b"\r", b"\t", b"x", b"}"])
        case 7:
            return raw.replace(
                b'"seq": ', draw.choice([b'"seq":  ', b'"seq" : ', b'"seq": 0', b'"seq": -'])
            )
        case 8:
            return raw.replace(
                b'"ts": ', draw.choice([b'"ts": -', b'"ts": 1e3', b'"ts": 0', b'"ts": NaN, "x": '])
            )
        case 9:
            return raw.replace(
                b'"order"', draw.choice([b'"ord\\u0065r"', b'"order": "z", "order"', b'"o"'])
            )
        case 10:
            return raw.replace(
                b"-", draw.choice([b"\\u002d", b"\x00", b"\xff", b"\xc3\xa9", b"\\q"])
            )
        case 11:
            return raw.replace(
                b'"shipped": 1',
                draw.choice([b'"shipped": 1.0', b'"shipped": true', b'"shipped": "1"']),
            )
        case 12:
            at = draw.randrange(len(raw))
            return raw[:at] + bytes([draw.randrange(256)]) + raw[at + draw.randrange(2) :]
        case 13:
            return json.dumps(
                record | {"order": draw.choice(["", None, 3, "o" * 5_000, ["o"]])}
            ).encode()
        case 14:
            return raw + b"\n" + raw
        case _:
            return b""


def log_of(path: Path, seed: int, orders: int, odd: float) -> Path:
    draw = random.Random(seed)
    lines = list(lines_of_orders(draw, orders))
    text = b"\n".join(otherwise(raw, draw) if draw.random() < odd else raw for raw in lines)
    path.write_bytes(text + draw.choice([b"\n", b"", b"\n\n"]))
    return path


@pytest.mark.parametrize("seed", range(4))
def test_the_same_is_said_of_long_logs(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = log_of(tmp_path / "log.jsonl", seed, 150, odd=(0, 0.01, 0.05, 0.3)[seed % 4])
    monitors = dict(MONITORS) if seed % 2 else {}
    counted = Counted(monkeypatch)
    found = assert_same(path, monitors=monitors)
    assert found.lines > 500
    if seed % 4 == 0:
        assert counted.care < found.lines / 2, "in one process most lines go the quick way"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 400))
def test_the_same_is_said_of_many_long_logs(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    path = log_of(tmp_path / "log.jsonl", seed, draw.choice([20, 150, 400]), draw.random() * 0.2)
    monitors = dict(MONITORS) if draw.random() < 0.5 else {}
    bounds = Bounds(horizon=draw.choice([None, 20, 100]), open_max=draw.choice([10**6, 30]))
    plain = held(path, OBSERVATION, Settings(), compiled=False, bounds=bounds, monitors=monitors)
    found = held(path, OBSERVATION, Settings(), compiled=True, bounds=bounds, monitors=monitors)
    assert everything(found) == everything(plain)
    assert found.monitors == plain.monitors


def test_the_reports_are_the_same(tmp_path: Path) -> None:
    path = log_of(tmp_path / "log.jsonl", 3, 120, odd=0)
    found = [
        report(held(path, OBSERVATION, Settings(), compiled=compiled, monitors=dict(MONITORS)))
        for compiled in (False, True)
    ]
    assert found[0] == found[1]
    assert found[0]["slices_verdict"] == "REJECTED"


def test_damaged_logs_are_read_alike(tmp_path: Path) -> None:
    for seed in range(12):
        path = tmp_path / "log.jsonl"
        path.write_bytes(damaged_log(OBSERVATION, seed))
        assert_same(path, settings=Settings(ended=seed % 2 == 0), monitors=dict(MONITORS))


@pytest.mark.parametrize("name", DAMAGES)
def test_a_hostile_line_is_read_alike(name: str, tmp_path: Path) -> None:
    lines = list(lines_of_orders(random.Random(1), 12))
    at = len(lines) // 2
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join([*lines[:at], DAMAGES[name][0], *lines[at:]]) + b"\n")
    assert_same(path)


def test_logs_in_file_order_are_read_alike(tmp_path: Path) -> None:
    observation = in_file_order(tmp_path)
    for seed in range(4):
        assert_same(log_of(tmp_path / "log.jsonl", seed, 60, odd=0.02), observation)


def test_logs_of_random_models_are_read_alike(tmp_path: Path) -> None:
    compared = 0
    for seed in range(12):
        observation = random_observation(seed, tmp_path)
        if observation is None or fields_of(observation) is None:
            continue
        draw = random.Random(seed)
        for _ in range(3):
            path = tmp_path / "log.jsonl"
            path.write_bytes(damage(random_log(observation, draw, draw.randint(1, 8)), draw))
            assert_same(path, observation, Settings(width_max=300))
            compared += 1
    assert compared > 10


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(horizon=25),
        Bounds(horizon=25, closed_max=10),
        Bounds(open_max=15),
        Bounds(horizon=60, open_max=25),
    ],
    ids=str,
)
def test_slices_are_closed_alike(bounds: Bounds, tmp_path: Path) -> None:
    for seed in (1, 2):
        path = log_of(tmp_path / "log.jsonl", seed, 120, odd=0.03)
        said = [
            held(path, OBSERVATION, Settings(), compiled=compiled, bounds=bounds)
            for compiled in (False, True)
        ]
        assert everything(said[0]) == everything(said[1])
        assert said[0].notes == said[1].notes


def test_lines_that_wait_to_the_end_find_slices_to_close(tmp_path: Path) -> None:
    lines = list(lines_of_orders(random.Random(4), 60, broken=0))
    lost = next(raw for raw in lines if b"producer-1" in raw and b'"seq": 20,' in raw)
    lines.remove(lost)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert_same(path, bounds=Bounds(open_max=30), jobs=1)


def test_closed_slices_are_known_to_the_other_process(tmp_path: Path) -> None:
    path = log_of(tmp_path / "log.jsonl", 5, 150, odd=0)
    said = [
        held(path, OBSERVATION, Settings(), compiled=compiled, jobs=2, bounds=Bounds(horizon=20))
        for compiled in (False, True)
    ]
    assert everything(said[0]) == everything(said[1])
    assert any(each.reason.startswith("closed") for each in said[0].slices)


def test_histories_without_room_are_unknown_and_those_not_needed_are_dropped(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(lines_of_orders(random.Random(2), 60, broken=0)) + b"\n")
    for most in (3, 30, 60, 200):
        found = held(
            path, OBSERVATION, Settings(), compiled=True, bounds=Bounds(histories_max=most)
        )
        plain = held(path, OBSERVATION, Settings(), compiled=False)
        verdicts = {each.keys: each.verdict for each in plain.slices}
        for each in found.slices:
            assert each.verdict in (verdicts[each.keys], Verdict.UNKNOWN)
        if most == 200:
            assert everything(found) == everything(plain)
        if most == 3:
            assert {each.verdict for each in found.slices} == {Verdict.UNKNOWN}


def test_a_log_of_lines_that_all_need_care_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checker.traces.stream.scanner.CARE_MAX", 0.1)
    counted = Counted(monkeypatch)
    lines = list(lines_of_orders(random.Random(7), 200))
    third = len(lines) // 3
    odd = [raw.replace(b'"node"', b'"x": {}, "node"') for raw in lines[third:]]
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join([*lines[:third], *odd]) + b"\n")
    found = held(path, OBSERVATION, Settings(), compiled=True, monitors=dict(MONITORS))
    assert 50 < counted.care < found.lines - third
    plain = held(path, OBSERVATION, Settings(), compiled=False, monitors=dict(MONITORS))
    assert everything(found) == everything(plain)
    assert found.monitors == plain.monitors


def test_ids_with_one_hash_are_an_attack_and_the_log_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scanner, "_scan", lambda scanner, codes, end: kernel.CROWDED)
    path = log_of(tmp_path / "log.jsonl", 2, 60, odd=0.02)
    assert_same(path, monitors=dict(MONITORS))


# ── Monitors ─────────────────────────────────────────────────────────────────────────────────────


def test_monitors_of_all_kinds_see_the_same(tmp_path: Path) -> None:
    monitors: dict[str, Monitor] = {
        **MONITORS,
        "one_outcome": Same("consume", key="order", fields="outcome", says="one outcome"),
        "by_node": AtMostOnce("publish", key="node", says="one order a relay"),
        "never_two": Never("consume", key="order", where={"shipped": (2, 3)}, says="no two"),
        "of_first": AtMostOnce(
            "publish", key="order", where={"node": "relay-1"}, says="the first relay, once"
        ),
    }
    for chosen in (["of_first", "never_two", "marked_once"], list(monitors)):
        some = {name: monitors[name] for name in chosen}
        path = log_of(tmp_path / "log.jsonl", 11, 200, odd=0.01)
        found = assert_same(path, monitors=some)
        assert any(each.broken for each in found.monitors)


# ── Lines ────────────────────────────────────────────────────────────────────────────────────────


def cut(raw: bytes, classes: dict[str, int]) -> tuple[bytes, int, list[bytes]] | None:
    """The skeleton, the number and the ids of a line."""
    heads, names, name_text = _table_of(classes)
    words = np.zeros(kernel.LINE_MAX // 8 + 4, np.int64)
    work, out = words.view(np.uint8), np.zeros(3 + 2 * kernel.KEYS_MAX, np.int64)
    codes = np.frombuffer(raw, np.uint8)
    if code().split(codes, 0, heads, names, name_text, work, out) < 0:
        return None
    ids = [raw[out[3 + 2 * n] : out[4 + 2 * n]] for n in range(out[2])]
    return work[: out[0]].tobytes(), int(out[1]), ids


def test_lines_with_one_skeleton_differ_in_nothing_that_is_read() -> None:
    fields = fields_of(OBSERVATION)
    assert fields is not None
    wanted = OBSERVATION.mapping.wanted()
    classes = classes_of(wanted, fields)
    assert classes is not None
    draw = random.Random(9)
    lines = list(lines_of_orders(draw, 500))
    lines += [otherwise(draw.choice(lines), draw).split(b"\n")[0] for _ in range(8_000)]
    known: dict[bytes, object] = {}
    quick = again = 0
    for raw in lines:
        found = cut(raw + b"\n", classes)
        if found is None or not _is_utf8(raw):
            continue
        quick += 1
        event = read_line(raw + b"\n", Place("log", 1), wanted, {})
        if not isinstance(event, Event):
            # Its skeleton is then that of no line that can be read.
            assert known.setdefault(found[0], None) is None
            continue
        key = event.fields.get(fields.keys.get(event.name, ""))
        assert event.seq == found[1]
        assert not isinstance(key, str) or key.encode() in found[2]
        rest = {k: v for k, v in event.fields.items() if v is not key}
        said = event.node, event.name, [(k, type(v), v) for k, v in rest.items()]
        again += found[0] in known
        assert known.setdefault(found[0], said) == said
    assert quick > 5_000
    assert again > 1_000


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
