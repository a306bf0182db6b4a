"""Logs of random models: a mapping that fits, a behaviour, and damage to its lines."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

from checker import ir
from checker.backends.failure import Failure
from checker.backends.python import Program
from checker.frontend import Loaded
from checker.passes.bind import bind
from checker.states import Value
from checker.traces.mapping import load_mapping
from checker.traces.observe import Observation, observe

sys.path.insert(0, str(Path(__file__).parents[1] / "frontend"))
from fuzzing import accepted  # type: ignore[import-not-found]
from random_models import Generator  # type: ignore[import-not-found]

SCOPE = 2


def random_observation(seed: int, folder: Path, *, names: bool = True) -> Observation | None:
    """A random model with a mapping; None if nothing useful came of it.

    Without `names` no line names an id.
    """
    draw = random.Random(seed)
    found = accepted(Generator(draw).model(), folder / f"random_{seed}.py")
    if found is None or not found[0].model.rules:
        return None
    loaded: Loaded = found[0]
    path = folder / f"random_{seed}.toml"
    path.write_text(mapping_of(loaded.model, draw, names=names))
    return observe(loaded, load_mapping(path))


def mapping_of(model: ir.Model, draw: random.Random, *, names: bool = True) -> str:
    rules = [rule.name for rule in model.rules]
    hidden = [name for name in rules[1:] if draw.random() < 0.25]
    order = "file" if draw.random() < 0.4 else "node"
    logged = "with" if order == "file" else draw.choice(["after", "after", "with", "before"])
    head = ['format = "crashproof/mapping/1"', f'model = "{model.name}"', f"order = {order!r}"]
    if names and draw.random() < 0.7:
        head.append('slice = "W"')
    head += [f"hidden = {json.dumps(hidden)}", "max_hidden = 1", 'starts = ["started"]']
    head += ["[ends]", "stopped = { clean = true }", 'killed = { instance = "target" }']
    lost: set[str] = set()  # parameters that lines written after their steps tell
    for rule in model.rules:
        if rule.name in hidden:
            continue
        fits = [p for p in rule.params if _fits(p.type) and (names or p.type != ir.Sort("W"))]
        params = {p.name: p.name for p in fits if draw.random() < 0.85}
        text = ", ".join(f"{name} = {field!r}" for name, field in params.items())
        head += [f"[events.{rule.name}]", 'service = "node"', f'logged = "{logged}"']
        head.append(f"params = {{ {text} }}")
        lost |= params.keys() if logged == "after" else set()
        if draw.random() < 0.2:
            head.append("if_enabled = true")
        plain = [var for var in model.vars if _fits(var.type) and not var.name.endswith("_used")]
        plain = [var for var in plain if names or var.type != ir.Sort("W")]
        facts = [var for var in plain if draw.random() < 0.3]
        if facts:
            head.append(f"[events.{rule.name}.facts]")
            head += [f'said_{var.name} = "self.{var.name}"' for var in facts]
    head.append("[services.node]")
    ties = [name for name in sorted(lost) if draw.random() < 0.4]
    if ties:
        head.append(f"params = {{ {', '.join(f'{name} = {name!r}' for name in ties)} }}")
    return "\n".join(head) + "\n"


def _fits(type_: ir.Type) -> bool:
    return isinstance(type_, ir.Bool | ir.Int | ir.Enum | ir.Sort)


def random_log(observation: Observation, draw: random.Random, length: int) -> list[dict[str, Any]]:
    """The lines of a behaviour, of two nodes that are now and then killed."""
    model = bind(observation.model, scopes={sort.name: SCOPE for sort in observation.model.sorts})
    program = Program(model)
    states = program.initial_states()
    lines: list[dict[str, Any]] = []
    seq: dict[str, int] = {}
    lives = {"a": 1, "b": 1}

    def write(node: str, event: str, **fields: object) -> None:
        seq[node] = seq.get(node, 0) + 1
        lines.append({"ts": 1, "node": node, "seq": seq[node], "event": event, **fields})

    if not states:
        return []
    state = draw.choice(list(states))
    events = {what.rule.name: what for what in observation.by_event.values()}
    for _ in range(length):
        steps = [
            (rule.rule, args, after)
            for rule in program.rules
            for args in rule.args
            for _, after in rule.step(state, args)
            if not isinstance(after, Failure)
        ]
        if not steps:
            break
        rule, args, state = draw.choice(steps)
        service = draw.choice("ab")
        node = f"node-{service}{lives[service]}"
        what = events.get(rule.name)
        if what is not None and draw.random() < 0.97:
            fields = {
                field: _written(value, param.type)
                for field, param, value in zip(what.fields, what.rule.params, args, strict=True)
                if field is not None
            }
            for fact in what.facts:
                position = [var.name for var in model.vars].index(fact.field.removeprefix("said_"))
                fields[fact.field] = _written(state[position], fact.type)
            write(node, rule.name, **fields)
        if draw.random() < 0.08:
            if draw.random() < 0.5:
                write("driver", "killed", target=node)
                lives[service] += 1
            write(f"node-{service}{lives[service]}", "started")
    return lines


def _written(value: Value, type_: ir.Type) -> object:
    return f"id-{value}" if isinstance(type_, ir.Sort) else value


def damage(lines: list[dict[str, Any]], draw: random.Random) -> bytes:
    """The lines, shuffled between nodes and with a few mistakes, most of which can be read."""
    found = [dict(line) for line in lines]
    if draw.random() < 0.3:
        order = {id(line): draw.random() for line in found}
        found.sort(key=lambda line: order[id(line)])
    for _ in range(draw.choice((0, 0, 1, 1, 2))):
        if not found:
            break
        line = draw.choice(found)
        others = [key for key in line if key not in ("ts", "node", "seq", "event")]
        match draw.randrange(5):
            case 0:
                found.remove(line)
            case 1:
                found.insert(draw.randrange(len(found)), dict(line))
            case 2 if others:
                same = [each for each in found if each["event"] == line["event"]]
                key = draw.choice(others)
                line[key] = draw.choice(same)[key]
            case 3:
                line["event"] = draw.choice(found)["event"]
            case 4 if others:
                line[draw.choice(others)] = draw.choice([0, 1, True, None, "A", "id-0", 1.5])
    return b"".join(json.dumps(line).encode() + b"\n" for line in found)
