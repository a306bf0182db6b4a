"""Events that a service writes with `checker.traces.emit` are read back, whole and in order."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.json.file import FileSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from checker.frontend import load
from checker.traces import emit
from checker.traces.mapping import load_mapping
from checker.traces.observe import observe
from checker.traces.replay import Replay, Settings, Verdict
from checker.traces.stream import stream_replay

MAPPING = """\
format = "crashproof/mapping/1"
model = "Outbox"
slice = "OrderId"
hidden = ["redeliver", "crash_relay"]
ORDER
[events.place_order]
params = { order = "order" }
[events.publish]
params = { order = "order" }
[events.mark_sent]
params = { order = "order" }
[events.consume]
params = { order = "order" }
facts.shipped = "self.shipped.count(order)"
"""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "events.jsonl"
    handler = emit.EventFile(path)
    logger = logging.getLogger("checker.events")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield path
    logger.removeHandler(handler)
    handler.close()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().split("\n") if line]


def held(path: Path, order: str = "") -> Replay:
    mapping = path.parent / "mapping.toml"
    mapping.write_text(MAPPING.replace("ORDER", order))
    observation = observe(load("outbox"), load_mapping(mapping))
    return stream_replay([str(path)], observation, Settings())


def ship(producer: emit.Emitter, relay: emit.Emitter, consumer: emit.Emitter, order: str) -> None:
    placed = producer.stamp()
    producer.event("place_order", stamp=placed, order=order)
    sent = relay.stamp(after=str(placed))
    relay.event("publish", stamp=sent, order=order)
    relay.event("mark_sent", order=order)
    consumer.event("consume", after=[str(sent)], order=order, shipped=1)


def test_events_written_through_logging_are_accepted(log: Path) -> None:
    services = [emit.to_logging(emit.instance(name)) for name in ("producer", "relay", "consumer")]
    ship(*services, "A")
    ship(*services, "B")
    assert [line["seq"] for line in lines(log)] == [1, 1, 2, 1, 2, 3, 4, 2]
    for order in ("", 'order = "causes"'):
        found = held(log, order)
        assert not found.defects
        assert (found.steps, found.count(Verdict.ACCEPTED)) == (8, 2)


def test_stamps_tell_which_line_came_before_which(log: Path) -> None:
    producer, consumer = emit.to_logging("producer"), emit.to_logging("consumer")
    other = emit.to_logging("other")
    for _ in range(5):
        other.event("publish", order="A")
    stamp = other.stamp()
    other.event("publish", stamp=stamp, order="A")
    producer.event("place_order", after=str(stamp), order="A")
    consumer.event("consume", order="A", shipped=1)
    found = lines(log)
    assert found[6]["lamport"] > found[5]["lamport"]
    assert found[6]["after"] == [found[5]["id"]] == [stamp.id]
    # An order is published before it is placed: the causes say so, and numbers of nodes do not.
    first = lines(log)[5:]
    text = "".join(json.dumps(line | {"seq": 1}) + "\n" for line in first)
    (log.parent / "short.jsonl").write_text(text)
    assert held(log.parent / "short.jsonl").count(Verdict.ACCEPTED) == 1
    assert held(log.parent / "short.jsonl", 'order = "causes"').count(Verdict.REJECTED) == 1


def test_a_line_that_is_lost_is_noticed(log: Path) -> None:
    relay = emit.to_logging("relay")
    relay.event("publish", order="A")
    logging.getLogger("checker.events").setLevel(logging.WARNING)
    relay.event("mark_sent", order="A")
    logging.getLogger("checker.events").setLevel(logging.INFO)
    relay.event("publish", order="B")
    assert [d.message for d in held(log).defects] == ["after seq 1 comes seq 3 of relay"]


def test_threads_write_whole_lines_in_the_order_of_their_numbers(log: Path) -> None:
    emitter = emit.to_logging("relay")

    def work(name: str) -> None:
        for number in range(200):
            emitter.event("publish", order=f"{name}{number}", note="x" * 500)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line["seq"] for line in lines(log)] == list(range(1, 801))


def test_a_forked_process_counts_for_itself(log: Path) -> None:
    emitter = emit.to_logging("relay")
    emitter.event("publish", order="A")
    pid = os.fork()
    if pid == 0:
        emitter.event("publish", order="B")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    emitter.event("publish", order="C")
    found = {(line["node"], line["seq"]): line["order"] for line in lines(log)}
    assert found == {("relay", 1): "A", (f"relay.{pid}", 1): "B", ("relay", 2): "C"}


def test_hostile_texts_stay_in_their_line(log: Path) -> None:
    emit.to_logging("relay").event("publish", order='A"\n{"seq": %s} \u2028 %d')
    assert lines(log)[0]["order"] == 'A"\n{"seq": %s} \u2028 %d'


def test_a_call_that_makes_no_line_is_refused() -> None:
    emitter = emit.Emitter("relay", lambda line: None)
    with pytest.raises(TypeError, match="written by itself"):
        emitter.event("publish", seq=7)
    with pytest.raises(TypeError, match="must be a string"):
        emitter.event("publish", order=["A"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no stamp"):
        emitter.event("publish", after="A")
    with pytest.raises(ValueError, match="needs a name"):
        emit.Emitter("", lambda line: None)
    logging.getLogger("quiet.events").setLevel(logging.ERROR)
    with pytest.raises(ValueError, match="drops INFO"):
        emit.to_logging("relay", "quiet.events")


SPANS = """
[log]
format = "otlp"
node = "checker.node"
seq = "checker.seq"
spans = false
[order]
ORDER
"""


@pytest.mark.parametrize(
    "order", ['by = "node"', 'by = "causes"\nid = "checker.id"\nafter = "checker.after"']
)
def test_events_of_spans_are_accepted(tmp_path: Path, order: str) -> None:
    path = tmp_path / "spans.jsonl"
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(str(path))))
    tracer = provider.get_tracer("shop")
    services = [emit.to_spans(name) for name in ("producer", "relay", "consumer")]
    for name in "AB":
        with tracer.start_as_current_span("a request"):
            ship(*services, name)
    provider.shutdown()
    found = held(path, SPANS.replace("ORDER", order))
    assert not found.defects
    assert (found.steps, found.count(Verdict.ACCEPTED)) == (8, 2)
