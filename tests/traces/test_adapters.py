"""Logs of other formats: what real producers wrote is read as it is, and damage is told."""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from checker.errors import UsageError
from checker.frontend import load
from checker.traces.adapters import FORMATS, Record, Unreadable, adapter_of
from checker.traces.inputs import expanded
from checker.traces.mapping import load_mapping
from checker.traces.observe import observe
from checker.traces.replay import Replay, Settings, Verdict
from checker.traces.stream import stream_replay

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SAMPLES = Path(__file__).parent / "samples"


def read(name: str, raw: bytes, **options: str) -> list[tuple[int, Record | Unreadable]]:
    adapter = adapter_of(name, options)
    assert adapter is not None
    return list(adapter.records(io.BytesIO(raw)))


def sample(name: str, file: str, **options: str) -> list[Record]:
    found = [each for _, each in read(name, (SAMPLES / file).read_bytes(), **options)]
    assert all(isinstance(each, Record) for each in found)
    return [each for each in found if isinstance(each, Record)]


# ── What real producers wrote ────────────────────────────────────────────────────────────────────

ROWS: list[tuple[str, dict[str, object]]] = [
    ("insert orders", {"new.id": "order-1", "new.total": 42, "new.paid": False}),
    ("insert outbox", {"new.id": 1, "new.order_id": "order-1", "new.sent_at": None}),
    ("insert orders", {"new.id": "order-2", "new.total": 7, "new.details": None}),
    ("insert outbox", {"new.id": 2, "new.order_id": "order-2"}),
    ("update outbox", {"new.sent_at": "2026-11-21 08:00:00+00", "old.order_id": "order-1"}),
    ("update orders", {"new.paid": True, "new.details.to.city": "Łódź", "new.details.lines": 2}),
    ("insert shop.items", {"new.n": 1, "new.name": 'a "quoted" \\ name\nwith a line break'}),
    ("update shop.items", {"new.n": 2, "old.n": 1}),
    ("delete outbox", {"old.id": 1, "old.order_id": "order-1"}),
    ("message consume", {"content.order": "order-1", "content.outcome": "shipped"}),
    ("truncate shop.items", {"table": "items"}),
    ("update outbox", {"new.order_id": "order-2"}),
]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("wal2json", "wal2json-v1.jsonl"),
        ("wal2json", "wal2json-v2.jsonl"),
        ("pgoutput", "pgoutput.bin"),
    ],
)
def test_changed_rows_of_postgresql_are_read_alike_from_three_forms(name: str, file: str) -> None:
    wanted = ROWS if file != "wal2json-v1.jsonl" else [r for r in ROWS if "truncate" not in r[0]]
    found = sample(name, file)
    assert [each.event for each in found] == [event for event, _ in wanted]
    for each, (_, fields) in zip(found, wanted, strict=True):
        assert fields.items() <= each.fields.items()
        assert (each.node, each.seq) == ("postgres", None)


def test_records_of_kcat_have_their_partition_and_offset() -> None:
    found = sample("kcat", "kcat.jsonl")
    places = [(each.node, each.seq) for each in found]
    assert places == [
        ("orders/0", 0), ("orders/0", 1), ("orders/0", 2),
        ("orders/1", 0), ("orders/1", 1), ("orders/0", 3),
    ]  # fmt: skip
    assert found[0].fields["headers.type"] == "OrderPlaced"
    assert found[0].fields["payload.total"] == 42
    assert found[2].fields["payload"] is None
    assert found[5].fields["payload"] == 'plain texté 😀 "quoted" \\back'
    assert {each.event for each in found} == {"orders"}
    (first, *_) = read("kcat", (SAMPLES / "kcat.jsonl").read_bytes(), event="headers.type")
    assert isinstance(first[1], Record)
    assert first[1].event == "OrderPlaced"


def test_spans_come_after_their_parents_and_links() -> None:
    found = sample("otlp", "otlp-spans.jsonl", events="false")
    ids = {each.id: each for each in found}
    causes = [
        (each.event, each.fields["order.id"], [ids[a].event for a in each.after]) for each in found
    ]
    assert causes == [
        ("place_order", "order-1", []), ("place_order", "order-2", []),
        ("publish", "order-1", ["place_order"]), ("mark_sent", "order-1", ["publish"]),
        ("publish", "order-2", ["place_order"]), ("mark_sent", "order-2", ["publish"]),
        ("consume", "order-2", ["publish"]), ("consume", "order-1", ["publish"]),
    ]  # fmt: skip
    assert {each.node for each in found} == {"producer-1", "relay-1", "consumer-1"}
    assert found[0].fields["total"] == 42
    assert found[0].start is not None
    assert found[0].end is not None
    assert found[0].start < found[0].end


def test_events_of_a_span_come_in_their_order() -> None:
    found = sample("otlp", "otlp-spans.jsonl", spans="false")
    assert [each.event for each in found] == ["committed", "answered"] * 2
    assert found[1].after == (found[0].id,)
    assert found[0].within == found[1].within


def test_log_records_name_their_span() -> None:
    spans = {each.id for each in sample("otlp", "otlp-spans.jsonl", events="false")}
    found = sample("otlp", "otlp-logs.jsonl")
    assert [(each.event, each.fields["n"]) for each in found] == [("consume", 2), ("consume", 1)]
    assert all(each.within in spans for each in found)


def test_lines_of_structlog_are_read() -> None:
    found = sample("logfmt", "structlog.logfmt", seq="seq")
    assert [(each.event, each.node, each.seq) for each in found] == [
        ("place_order", "producer-1", 1), ("publish", "relay-1", 1), ("mark_sent", "relay-1", 2),
        ("consume", "consumer-1", 1), ("consume", "consumer-1", 2),
    ]  # fmt: skip
    assert found[0].fields["note"] == 'with "quotes" and = signs'
    assert found[1].fields["batch"] == "true"
    assert found[2].fields["empty"] == ""


# ── Debezium, from the published fields ──────────────────────────────────────────────────────────

SOURCE = {
    "version": "3.0.0.Final", "connector": "postgresql", "name": "shop", "ts_ms": 1795247996854,
    "snapshot": "false", "db": "shop", "sequence": '["23803720","23803720"]', "schema": "public",
    "table": "orders", "txId": 730, "lsn": 23803720, "xmin": None,
}  # fmt: skip


def change(op: str, before: object, after: object, **more: object) -> dict[str, object]:
    return {
        "before": before, "after": after, "source": SOURCE, "op": op, "ts_ms": 1795247996900,
        "transaction": {"id": "730:23803720", "total_order": 1, "data_collection_order": 1},
    } | more  # fmt: skip


def test_change_events_of_debezium_are_read_with_and_without_schema() -> None:
    row = {"id": "order-1", "total": 42}
    bare = change("c", None, row)
    wrapped = {"schema": {"type": "struct"}, "payload": change("u", {"id": "order-1"}, row)}
    lines = [bare, wrapped, change("d", row, None), change("r", None, row)]
    raw = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + b"null\n"
    found = [each for _, each in read("debezium", raw)]
    assert [each.event for each in found if isinstance(each, Record)] == [
        "insert orders", "update orders", "delete orders", "snapshot orders",
    ]  # fmt: skip
    assert isinstance(found[1], Record)
    assert found[1].fields["new.total"] == 42
    assert found[1].fields["old.id"] == "order-1"
    assert found[1].fields["source.lsn"] == 23803720
    assert found[1].node == "shop"


def test_change_events_in_the_envelope_of_kcat_have_its_offsets() -> None:
    def wrapped(offset: int, value: object) -> bytes:
        payload = None if value is None else json.dumps(value)
        record = {"topic": "shop.public.orders", "partition": 3, "offset": offset, "key": "{}"}
        return json.dumps(record | {"payload": payload}).encode() + b"\n"

    raw = wrapped(7, change("d", {"id": "order-1"}, None)) + wrapped(8, None)
    found = [each for _, each in read("debezium", raw)]
    assert [(e.event, e.node, e.seq) for e in found if isinstance(e, Record)] == [
        ("delete orders", "shop.public.orders/3", 7), ("tombstone", "shop.public.orders/3", 8),
    ]  # fmt: skip


# ── Damage ───────────────────────────────────────────────────────────────────────────────────────

GOOD = {
    "logfmt": b"node=a event=x order=1\n",
    "kcat": b'{"topic": "t", "partition": 0, "offset": 0, "payload": "x"}\n',
    "otlp": (SAMPLES / "otlp-spans.jsonl").read_bytes().splitlines(keepends=True)[1],
    "wal2json": (SAMPLES / "wal2json-v1.jsonl").read_bytes().splitlines(keepends=True)[0],
    "debezium": json.dumps(change("c", None, {"id": "1"})).encode() + b"\n",
}
DAMAGED: list[tuple[str, bytes, str]] = [
    *((name, b'\xff"\n', "not UTF-8") for name in GOOD),
    *((name, b"{garbage\n", "not JSON") for name in GOOD if name != "logfmt"),
    *((name, b"[1]\n", "not a JSON object") for name in GOOD if name not in ("logfmt",)),
    *((name, b"{}\n", "no ") for name in GOOD if name not in ("logfmt",)),
    *((name, b'{"a": ' + b"[" * 90_000 + b"\n", "nested") for name in GOOD if name != "logfmt"),
    ("logfmt", b'node=a event="x\n', "not logfmt at character 8"),
    ("logfmt", b"event=x\n", "no field 'node'"),
    ("logfmt", b'node=a event="x"y\n', "not logfmt"),
    ("kcat", b'{"topic": "t", "partition": 0, "offset": -1}\n', "no record of kcat"),
    (
        "kcat",
        b'{"topic": "t", "partition": 0, "offset": 1, "headers": ["a"]}\n',
        "'headers' must be",
    ),
    (
        "kcat",
        b'{"topic": "t", "partition": 0, "offset": 1, "payload_error": "x"}\n',
        "not decode",
    ),
    ("wal2json", b'{"action": "X"}\n', "'action' is none"),
    ("wal2json", b'{"action": "I", "table": "t", "columns": [1]}\n', "a list of columns"),
    ("wal2json", b'{"change": [{"kind": "insert"}]}\n', "without 'table'"),
    ("debezium", b'{"op": "z", "source": {}}\n', "'op' is none"),
    ("debezium", b'{"op": "c", "source": 7}\n', "'source' must be an object"),
    (
        "otlp",
        GOOD["otlp"].replace(b'"spanId":"', b'"spanId":"x', 1),
        "not 32 or 16 hexadecimal digits",
    ),
    (
        "otlp",
        GOOD["otlp"].replace(b'"startTimeUnixNano":"', b'"startTimeUnixNano":"-', 1),
        "count of nanoseconds",
    ),
]


@pytest.mark.parametrize(("name", "damage", "said"), DAMAGED)
def test_a_damaged_line_of_any_format_is_numbered_and_the_rest_is_read(
    name: str, damage: bytes, said: str
) -> None:
    good = [each for _, each in read(name, GOOD[name])]
    found = read(name, GOOD[name].replace(b'"offset": 0', b'"offset": 9') + damage + GOOD[name])
    wrong = [(number, each) for number, each in found if isinstance(each, Unreadable)]
    assert [number for number, _ in wrong][:1] == [2]
    assert said in str(wrong[0][1])
    assert wrong[0][1].is_gap
    assert sum(number == 3 for number, _ in found) == len(good)


def test_a_damaged_span_does_not_take_the_others_of_its_line_with_it() -> None:
    (line,) = [GOOD["otlp"].replace(b'"spanId":"', b'"spanId":"x', 1)]
    found = [each for _, each in read("otlp", line)]
    assert [isinstance(each, Record) for each in found] == [False, True, True, True]


@pytest.mark.parametrize("name", [*GOOD])
def test_a_line_that_does_not_end_is_not_kept(name: str) -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    adapter = adapter_of(name, {})
    assert adapter is not None
    found = [str(each) for _, each in adapter.records(io.BufferedReader(Endless()))]
    assert found[0].startswith("the line is longer than")
    assert found[-1].endswith("the rest of the file was not read")


def test_a_binary_stream_is_read_up_to_what_is_no_message() -> None:
    raw = (SAMPLES / "pgoutput.bin").read_bytes()
    whole = len(read("pgoutput", raw))
    for cut in range(1, len(raw)):
        found = read("pgoutput", raw[:cut])
        assert len(found) <= whole + 1
        assert sum(isinstance(each, Unreadable) for _, each in found) <= 1
    (*_, last) = read("pgoutput", raw[:-3])
    assert str(last[1]) == "the last message is cut off"
    (*_, last) = read("pgoutput", raw + b"Z")
    assert "no message of pgoutput" in str(last[1])


def test_random_bytes_break_no_adapter() -> None:
    choice = random.Random(3)
    for name in FORMATS:
        files = [p.read_bytes() for p in SAMPLES.iterdir() if p.suffix in (".jsonl", ".bin")]
        pool = [*files, GOOD.get(name, b"")]
        for _ in range(300):
            raw = bytearray(choice.choice(pool))
            for _ in range(choice.randrange(8)):
                at = choice.randrange(len(raw) + 1)
                raw[at : at + choice.randrange(3)] = choice.randbytes(choice.randrange(4))
            adapter = adapter_of(name, {})
            assert adapter is not None
            for number, each in adapter.records(io.BytesIO(bytes(raw))):
                assert number >= 1
                assert isinstance(each, Record | Unreadable)


def test_a_transaction_that_is_sent_again_is_left_out_and_is_no_gap() -> None:
    for name, file in [("wal2json", "wal2json-v2.jsonl"), ("pgoutput", "pgoutput.bin")]:
        raw = (SAMPLES / file).read_bytes()
        once = read(name, raw)
        twice = [each for _, each in read(name, raw + raw)]
        again = twice[len(once) :]
        assert len(again) == len(once)
        assert all(isinstance(each, Unreadable) and not each.is_gap for each in again)


# ── From a file to a verdict ─────────────────────────────────────────────────────────────────────

MAPPING = """\
format = "crashproof/mapping/1"
model = "Outbox"
slice = "OrderId"
hidden = ["redeliver", "crash_relay"]
ignore = ["committed", "ans*"]
[log]
format = "FORMAT"
[events.place_order]
params = { order = "ORDER" }
[events.publish]
params = { order = "ORDER" }
[events.mark_sent]
params = { order = "ORDER" }
[events.consume]
params = { order = "ORDER" }
facts.shipped = "self.shipped.count(order)"
"""
ROW_MAPPING = """\
format = "crashproof/mapping/1"
model = "Outbox"
slice = "OrderId"
hidden = ["redeliver", "crash_relay", "publish"]
ignore = ["* orders", "* shop.items", "delete *"]
[log]
format = "FORMAT"
[events."insert outbox"]
rule = "place_order"
params = { order = "new.order_id" }
[events."update outbox"]
rule = "mark_sent"
params = { order = "new.order_id" }
[events."message consume"]
rule = "consume"
params = { order = "content.order" }
"""


def held(
    folder: Path, log: Path, mapping: str, replaced: Mapping[str, str], **settings: Any
) -> Replay:
    for old, new in replaced.items():
        mapping = mapping.replace(old, new)
    file = folder / "mapping.toml"
    file.write_text(mapping)
    observation = observe(load("outbox"), load_mapping(file))
    return stream_replay([str(log)], observation, Settings(**settings))


@pytest.mark.parametrize(
    ("file", "mapping", "replaced", "steps"),
    [
        ("structlog.logfmt", MAPPING, {"FORMAT": "logfmt", "ORDER": "order"}, 5),
        ("otlp-spans.jsonl", MAPPING, {"FORMAT": "otlp", "ORDER": "order.id"}, 8),
        ("wal2json-v1.jsonl", ROW_MAPPING, {"FORMAT": "wal2json"}, 5),
        ("wal2json-v2.jsonl", ROW_MAPPING, {"FORMAT": "wal2json"}, 5),
        ("pgoutput.bin", ROW_MAPPING, {"FORMAT": "pgoutput"}, 5),
    ],
)
def test_recorded_logs_are_held_against_the_model(
    tmp_path: Path, file: str, mapping: str, replaced: dict[str, str], steps: int
) -> None:
    found = held(tmp_path, SAMPLES / file, mapping, replaced)
    assert not found.defects
    assert found.steps == steps
    assert {each.verdict for each in found.slices} == {Verdict.ACCEPTED}


def test_a_rejection_names_the_line_of_the_original_file(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    lines = (SAMPLES / "structlog.logfmt").read_text().splitlines()
    log.write_text("\n".join([*lines[:-1], lines[-1].replace("shipped=1", "shipped=2")]) + "\n")
    found = held(tmp_path, log, MAPPING, {"FORMAT": "logfmt", "ORDER": "order"})
    (part,) = found.slices
    assert part.verdict is Verdict.REJECTED
    assert part.diagnosis is not None
    assert str(part.diagnosis.candidates[0].event.place) == f"{log}:5"


def test_damage_in_another_format_makes_a_rejection_unknown(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    lines = (SAMPLES / "structlog.logfmt").read_text().splitlines()
    lines[-1] = lines[-1].replace("shipped=1", "shipped=2")
    log.write_text("\n".join([lines[0], 'node=relay-1 event="', *lines[1:]]) + "\n")
    found = held(tmp_path, log, MAPPING, {"FORMAT": "logfmt", "ORDER": "order"})
    assert found.slices[0].verdict is Verdict.UNKNOWN
    assert [str(each.place) for each in found.defects] == [f"{log}:2"]
    with pytest.raises(UsageError, match=r"service.log:2: not logfmt"):
        held(tmp_path, log, MAPPING, {"FORMAT": "logfmt", "ORDER": "order"}, strict=True)


def test_packed_files_are_read_in_every_format(tmp_path: Path) -> None:
    raw = (SAMPLES / "wal2json-v2.jsonl").read_bytes()
    (tmp_path / "log.gz").write_bytes(gzip.compress(raw))
    (tmp_path / "log.zst").write_bytes(zstd.compress(raw))
    for name in ("log.gz", "log.zst"):
        found = held(tmp_path, tmp_path / name, ROW_MAPPING, {"FORMAT": "wal2json"})
        assert found.steps == 5
        packed = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(packed[: len(packed) // 2])
        found = held(tmp_path, tmp_path / name, ROW_MAPPING, {"FORMAT": "wal2json"})
        assert found.defect_kinds["damaged file"] == 1
        (tmp_path / name).write_bytes(b"no packed file")
        found = held(tmp_path, tmp_path / name, ROW_MAPPING, {"FORMAT": "wal2json"})
        assert found.defect_kinds["damaged file"] == 1


# ── Formats of users, options, names ─────────────────────────────────────────────────────────────

OWN = '''
from checker.traces.adapters import Adapter, Record, Unreadable

class Pipes(Adapter):
    """node|event|order"""
    options = {"separator": "|"}

    def line(self, text):
        parts = text.split(self.given["separator"])
        if len(parts) != 3:
            raise Unreadable("not three parts")
        node, event, order = parts
        yield Record(event, node, {"order": order})
'''


def test_a_format_of_the_user_is_a_small_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_pipes.py").write_text(OWN)
    log = tmp_path / "service.log"
    log.write_text("p|place_order|A\nr|publish|A\nbroken\nr|mark_sent|A\nc|consume|A\n")
    mapping = MAPPING.replace('facts.shipped = "self.shipped.count(order)"', "")
    found = held(tmp_path, log, mapping, {"FORMAT": "my_pipes:Pipes", "ORDER": "order"})
    assert found.steps == 4
    assert [(str(d.place), d.message) for d in found.defects] == [(f"{log}:3", "not three parts")]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("logfmtt", {}, "there is no log format 'logfmtt'"),
        ("nothing:Here", {}, "cannot load the log format"),
        ("json:JSONDecoder", {}, "is no log format"),
        ("logfmt", {"colour": "red"}, "no option 'colour'"),
        ("kcat", {"holes": "some"}, "must be true or false"),
        ("jsonl", {"node": "x"}, "has no options"),
    ],
)
def test_a_wrong_format_is_refused_at_its_line(
    name: str, options: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        adapter_of(name, options)
    given = "".join(f'\n{key} = "{value}"' for key, value in options.items())
    text = MAPPING.replace('"FORMAT"', f'"{name}"{given}')
    with pytest.raises(UsageError, match=r"mapping\.toml:6: "):
        held(tmp_path, SAMPLES / "structlog.logfmt", text, {"ORDER": "order"})


def test_patterns_name_files_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.log", "a.log", "c.txt", "[x].log"):
        Path(name).touch()
    assert expanded(["*.log", "-"]) == ("[x].log", "a.log", "b.log", "-")
    assert expanded(["[x].log"]) == ("[x].log",)
    for wrong in (["a.log", "?.log"], ["*.none"]):
        with pytest.raises(UsageError):
            expanded(wrong)
