"""What it costs a service to write its events: this package's emitter beside plain `logging`.

All sides write the same line to a file of their own, in one process, in turns; the number is
microseconds of one event, the least of the turns. Needs nothing but the package; the last side is
left out where OpenTelemetry is not installed.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from checker.traces import emit

EVENTS = 20_000
TURNS = 5


def sides(folder: Path) -> dict[str, Callable[[], None]]:
    def by_hand() -> None:
        line = {"ts": time.time(), "node": "relay-1", "seq": 1, "event": "publish"}
        logging.getLogger("plain").info(json.dumps({**line, "lamport": 1, "order": "order-35"}))

    for name, handler in (
        ("plain", logging.FileHandler(folder / "plain.jsonl")),
        ("buffered", logging.FileHandler(folder / "buffered.jsonl")),
        ("checker.events", emit.EventFile(folder / "events.jsonl")),
    ):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
    to_file = emit.to_logging("relay-1")
    to_handler = emit.to_logging("relay-1", "buffered")
    to_nowhere = emit.Emitter("relay-1", lambda line: None)
    found: dict[str, Callable[[], None]] = {
        "json.dumps, logging.FileHandler": by_hand,
        "emit, logging.FileHandler": lambda: to_handler.event("publish", order="order-35"),
        "emit, EventFile": lambda: to_file.event("publish", order="order-35"),
        "emit, written nowhere": lambda: to_nowhere.event("publish", order="order-35"),
    }
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import SpanLimits, TracerProvider
    except ImportError:
        return found
    # Spans keep 128 events and drop the oldest, as they do in a service.
    tracer = TracerProvider(span_limits=SpanLimits()).get_tracer("benchmark")
    span = tracer.start_span("a request")
    to_spans = emit.to_spans("relay-1")

    def in_span() -> None:
        with trace.use_span(span):
            to_spans.event("publish", order="order-35")

    found["emit, span events"] = in_span
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        measured = sides(Path(name))
        best = dict.fromkeys(measured, float("inf"))
        for _ in range(TURNS):
            for side, write in measured.items():
                began = time.process_time()
                for _ in range(EVENTS):
                    write()
                best[side] = min(best[side], time.process_time() - began)
    for side, seconds in best.items():
        print(f"{side:34} {seconds / EVENTS * 1e6:6.1f} µs of processor an event")


if __name__ == "__main__":
    main()
