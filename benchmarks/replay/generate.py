"""The log of a correct outbox service, as long as wanted, but for three planted violations.

    python benchmarks/replay/generate.py LOG.jsonl [--events N] [--orders N] [--open N]

Producers, relays (one after the other, each killed but the last) and consumers write our JSON
lines. At any time about `--open` orders are under way, and the next line is of any of them. What an
order has beyond its first four lines are deliveries that the broker repeats, which nobody logs.
Prints the planted violations as JSON: the order, and the first line that no behaviour explains.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

PRODUCERS = 4
CONSUMERS = 4
RELAYS = 3
BUFFER_LINES = 50_000


class Log:
    """Writes lines, and counts them for each node and over all."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.lines = 0
        self.seq: dict[str, int] = {}
        self.waiting: list[str] = []

    def write(self, node: str, event: str, rest: str = "") -> int:
        seq = self.seq[node] = self.seq.get(node, 0) + 1
        self.lines += 1
        self.waiting.append(
            f'{{"ts": {1_795_225_867 + self.lines / 1000:.3f}, "node": "{node}", "seq": {seq}, '
            f'"event": "{event}"{rest}}}\n'
        )
        if len(self.waiting) >= BUFFER_LINES:
            self.flush()
        return self.lines

    def flush(self) -> None:
        self.out.write("".join(self.waiting))
        self.waiting.clear()


class Service:
    """The life of each order as a script of lines. `relay` is the number of the present relay."""

    def __init__(self, log: Log, choice: random.Random, events: int, orders: int) -> None:
        self.log = log
        self.choice = choice
        self.extra = events / orders - 4  # repeated deliveries of an order, on the average
        self.relay = 1
        third = orders // 4
        self.planted = {
            third: "ships_twice",
            2 * third: "never_placed",
            3 * third: "published_twice",
        }
        self.found: dict[str, dict[str, object]] = {}

    def order(self, number: int) -> Iterator[None]:
        """Each step writes one line, or two of one relay that nothing comes between."""
        log, wrong = self.log, self.planted.get(number, "")
        name = f"order-{number}"
        about = f', "order": "{name}"'
        if wrong != "never_placed":
            log.write(f"producer-{number % PRODUCERS + 1}", "place_order", about)
            yield
        line = log.write(f"relay-{self.relay}", "publish", about)
        if wrong == "never_placed":
            self._plant(wrong, name, line)
        log.write(f"relay-{self.relay}", "mark_sent", about)
        yield
        if wrong == "published_twice":
            self._plant(wrong, name, log.write(f"relay-{self.relay}", "publish", about))
            log.write(f"relay-{self.relay}", "mark_sent", about)
            yield
        consumer = f"consumer-{number % CONSUMERS + 1}"
        log.write(consumer, "consume", f'{about}, "shipped": 1, "outcome": "shipped"')
        if wrong == "ships_twice":
            yield
            twice = f'{about}, "shipped": 2, "outcome": "shipped"'
            self._plant(wrong, name, log.write(consumer, "consume", twice))
        if not wrong:
            whole = int(self.extra)
            for _ in range(whole + (self.choice.random() < self.extra - whole)):
                yield
                again = f'{about}, "shipped": 1, "outcome": "duplicate"'
                log.write(consumer, "consume", again)

    def _plant(self, wrong: str, order: str, line: int) -> None:
        self.found[wrong] = {"order": order, "line": line}

    def restart_relay(self) -> None:
        """Killed between two orders: there is nothing that it could forget."""
        self.log.write("driver", "killed", f', "target": "relay-{self.relay}"')
        self.relay += 1
        self.log.write(f"relay-{self.relay}", "started")


def generate(
    path: Path, *, events: int, orders: int, open_orders: int, seed: int = 1
) -> dict[str, object]:
    """Write the log; returns what was planted, and how many lines there are."""
    choice = random.Random(seed)
    with path.open("w") as out:
        log = Log(out)
        service = Service(log, choice, events, orders)
        under_way: list[Iterator[None]] = []
        begun = 0
        while begun < orders or under_way:
            while begun < orders and len(under_way) < open_orders:
                under_way.append(service.order(begun))
                begun += 1
            at = int(choice.random() * len(under_way))
            if next(under_way[at], StopIteration) is StopIteration:
                under_way[at] = under_way[-1]
                under_way.pop()
            if service.relay < RELAYS and log.lines > service.relay * events // RELAYS:
                service.restart_relay()
        for node in [n for n in log.seq if n != "driver"]:
            if not node.startswith("relay-") or node == f"relay-{service.relay}":
                log.write(node, "stopped")
        log.flush()
    return {"lines": log.lines, "orders": orders, "planted": service.found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=100_000)
    told = parser.parse_args()
    print(
        json.dumps(
            generate(told.log, events=told.events, orders=told.orders, open_orders=told.open)
        )
    )


if __name__ == "__main__":
    main()
