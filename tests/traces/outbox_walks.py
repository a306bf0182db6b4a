"""Logs of random behaviours of the outbox, and random damage to logs."""

from __future__ import annotations

import json
import random
from typing import Any

from checker.backends.failure import Failure
from checker.backends.python import Program
from checker.passes.bind import bind
from checker.traces.observe import Observation

from .conftest import lines_of

SERVICE = {
    "place_order": "producer",
    "publish": "relay",
    "mark_sent": "relay",
    "consume": "consumer",
}


class Service:
    """Writes the log of a walk: who does a step, and what a kill loses."""

    def __init__(self, choice: random.Random) -> None:
        self.choice = choice
        self.number = dict.fromkeys(("producer", "relay", "consumer"), 1)
        self.lines: list[tuple[str, str]] = []

    def node(self, service: str) -> str:
        return f"{service}-{self.number[service]}"

    def kill(self, service: str) -> None:
        """The last line of the instance is lost half the time."""
        node = self.node(service)
        own = [n for n, (writer, _) in enumerate(self.lines) if writer == node]
        if own and self.choice.random() < 0.5:
            del self.lines[own[-1]]
        self.lines.append(("driver", f"killed target={node}"))
        self.number[service] += 1
        self.lines.append((self.node(service), "started"))

    def shuffled(self) -> str:
        """The lines in any order that keeps each node's own."""
        rows: dict[str, list[str]] = {}
        for node, line in self.lines:
            rows.setdefault(node, []).append(line)
        found = []
        while rows:
            node = self.choice.choice(sorted(rows))
            found.append(f"{node}: {rows[node].pop(0)}")
            if not rows[node]:
                del rows[node]
        return ";".join(found)


def walk(
    observation: Observation, seed: int, *, orders: int = 3, steps: int = 18, shuffled: bool = True
) -> str:
    """The log of a random behaviour of the outbox; in the order of its steps if not `shuffled`."""
    choice = random.Random(seed)
    model = bind(observation.model, scopes={"OrderId": orders})
    program, service = Program(model), Service(choice)
    applied = [var.name for var in model.vars].index("applied")
    shipped = [var.name for var in model.vars].index("shipped")
    state = program.initial_states()[0]
    redelivered = 0
    for _ in range(choice.randint(4, steps)):
        possible = [
            (rule.rule.name, args, after)
            for rule in program.rules
            for args in rule.args
            for _, after in rule.step(state, args)
            if not isinstance(after, Failure)
            if rule.rule.name != "redeliver" or redelivered < 2
        ]
        if not possible:
            break
        name, args, after = choice.choice(possible)
        if name == "crash_relay":
            service.kill("relay")
        elif name == "redeliver":
            redelivered += 1
        else:
            facts = ""
            if name == "consume":
                before, count = state[applied], dict(after[shipped])  # type: ignore[call-overload]
                outcome = "duplicate" if args[0] in before else "shipped"  # type: ignore[operator]
                facts = f" shipped={count[args[0]]} outcome={outcome}"
            service.lines.append((service.node(SERVICE[name]), f"{name} order-{args[0]}{facts}"))
            if choice.random() < 0.1 and SERVICE[name] != "relay":
                service.kill(SERVICE[name])
        state = after
    if shuffled:
        return service.shuffled()
    return ";".join(f"{node}: {line}" for node, line in service.lines)


Lines = list[dict[str, Any]]


def damaged(lines: Lines, choice: random.Random) -> list[bytes]:
    """The lines with a few mistakes of the kinds that services and their pipes make."""
    found: list[Any] = [dict(line) for line in lines]
    for _ in range(choice.choice((0, 0, 1, 1, 2, 4))):
        if not found:
            break
        at = choice.randrange(len(found))
        line = found[at]
        if not isinstance(line, dict):
            continue
        match choice.randrange(13):
            case 0:
                del found[at]
            case 1:
                found.insert(choice.randrange(len(found) + 1), dict(line))
            case 2:
                other = choice.randrange(len(found))
                found[at], found[other] = found[other], found[at]
            case 3:
                line["order"] = f"order-{choice.randrange(5)}"
            case 4:
                line["event"] = choice.choice(["publish", "mark_sent", "consume", "place_order"])
            case 5:
                line["shipped"] = choice.choice([0, 1, 2, 3, True, "1", 1.5])
            case 6:
                line["outcome"] = choice.choice(["shipped", "duplicate", "lost", 1, None])
            case 7:
                line["seq"] += choice.choice([-1, 1, 2])
            case 8:
                line["node"] = choice.choice(["relay-1", "consumer-1", "elsewhere-1", ""])
            case 9:
                found[at] = choice.choice([b"{", b"[]", b'{"a": "\xff"}', b"\x00", b"", b"null"])
            case 10:
                found[at] = json.dumps(line).encode().replace(b'"seq"', b'"seq": 7, "seq"')
            case 11:
                line["more"] = choice.choice([{"order": "x"}, "\u00e9", "a: b", '"', ": "])
            case 12:
                found[at] = json.dumps(line, separators=(" ,  ", " : ")).encode() + b"\r"
    return [
        each if isinstance(each, bytes)
        else json.dumps(each, ensure_ascii=choice.random() < 0.5).encode()
        for each in found
    ]  # fmt: skip


def damaged_log(observation: Observation, seed: int, **size: int) -> bytes:
    choice = random.Random(seed)
    text = walk(observation, seed, **size)
    if choice.random() < 0.5:
        nodes = sorted({part.partition(":")[0] for part in text.split(";") if part})
        text += "".join(f";{node}: stopped" for node in nodes if choice.random() < 0.7)
    lines = damaged(lines_of(text), choice)
    return b"\n".join(lines) + (b"\n" if choice.random() < 0.9 else b"")
