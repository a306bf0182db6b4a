"""Traces as ITF files: https://apalache-mc.org/docs/adr/015adr-trace.html

Owns the document: its `#meta`, the steps in each state's `#meta`, and what is wrong with a file
that cannot be read. Values are `itf_values.py`'s. What we wrote is read back as the same trace.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import ir
from ..errors import UsageError
from ..explore.outcome import Failure, PropertyResult, Step, Trace
from ..source import NOWHERE
from ..states import Sizes, State, Value, sort_sizes
from .changes import changes
from .itf_values import Misfit, escaped, parsed, unescaped, written
from .terminal import Page

__all__ = ["Origin", "document", "dumps", "origin", "read", "trace_from"]

Json = Any

_FORMAT = "https://apalache-mc.org/docs/adr/015adr-trace.html"


@dataclass(frozen=True)
class Origin:
    """Which run a trace came from: enough to build the same model again."""

    model: str
    variant: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)
    scopes: Mapping[str, int] = field(default_factory=dict)
    no_faults: tuple[str, ...] = ()
    keep_dead_locals: bool = False
    property: str = ""
    kind: str = ""


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


def document(trace: Trace, origin: Origin, result: PropertyResult | None = None) -> Json:
    """The trace as an ITF object, ready for `json.dumps`."""
    model = trace.model
    says = "leads to" if origin.kind == "witness" else "breaks"
    meta: dict[str, Json] = {
        "format": "ITF",
        "format-description": _FORMAT,
        "source": "crashproof",
        "description": f"{says} {origin.property} of {origin.model}" if origin.property else "",
        "model": origin.model,
        "variant": origin.variant,
        "constants": dict(origin.constants),
        "scopes": dict(origin.scopes),
        "no-faults": list(origin.no_faults),
        "property": origin.property,
        "kind": origin.kind,
    }
    if origin.keep_dead_locals:
        meta["keep-dead-locals"] = True
    if result is not None and result.args:
        meta["arguments"] = dict(result.args)
    last = trace.steps[-1] if trace.steps else None
    if last is not None and last.state is None:
        message = last.failure.message if last.failure else ""
        meta["failure"] = {**_step(model, last), "message": message}
    states = [_state(model, trace.initial, {"index": 0})]
    before = trace.initial
    for index, step in enumerate(trace.steps, start=1):
        if step.state is not None:
            phrases = changes(model, before, step.state, Page(unicode=False))
            about = {"index": index, **_step(model, step), "changes": phrases}
            states.append(_state(model, step.state, about))
            before = step.state
    whole: dict[str, Json] = {"#meta": meta, "vars": [escaped(v.name) for v in model.vars]}
    if trace.loop is not None:
        whole["loop"] = trace.loop
    return {**whole, "states": states}


def dumps(itf: Json) -> str:
    """The object as text, one state a line, so that two traces can be compared line by line."""
    head = {key: value for key, value in itf.items() if key != "states"}
    lines = [f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}," for k, v in head.items()]
    states = [f"    {json.dumps(state, ensure_ascii=False)}" for state in itf["states"]]
    return "\n".join(["{", *lines, '  "states": [', ",\n".join(states), "  ]", "}"]) + "\n"


def _state(model: ir.Model, state: State, about: Json) -> Json:
    sizes = sort_sizes(model)
    values = zip(model.vars, state, strict=True)
    return {"#meta": about, **{escaped(v.name): written(x, v.type, sizes) for v, x in values}}


def _step(model: ir.Model, step: Step) -> dict[str, Json]:
    rule, sizes = _rule(model, step.rule), sort_sizes(model)
    assert rule is not None, step.rule
    arguments = zip(rule.params, step.args, strict=True)
    # A step that failed may have made fewer choices than its rule has.
    picks = zip(_choices(rule), step.picks, strict=False)
    return {
        "action": rule.name,
        "kind": rule.kind.value,
        "parameters": {p.name: written(v, p.type, sizes) for p, v in arguments},
        "choices": [_written_pick(c, v, sizes) for c, v in picks],
        "source": str(rule.span) if rule.span is not NOWHERE else "",
    }


def _written_pick(choice: ir.Choose, value: Value, sizes: Sizes) -> Json:
    name = choice.show or choice.name
    # None is what a choice on a branch not taken has; only an option has it as a value too.
    if value is None and not isinstance(choice.type, ir.Option):
        return {"name": name, "skipped": True}
    return {"name": name, "value": written(value, choice.type, sizes)}


def _rule(model: ir.Model, name: str) -> ir.Rule | None:
    # The initial rule is a step of a trace only where it fails.
    rules = model.rules if model.initial is None else (*model.rules, model.initial)
    return next((r for r in rules if r.name == name), None)


def _choices(rule: ir.Rule) -> list[ir.Choose]:
    return [item for item in rule.body if isinstance(item, ir.Choose)]


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


def read(path: Path) -> Json:
    """The object in the file, its outer shape checked."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        raise UsageError(f"{path} is not a text file in UTF-8") from problem
    try:
        itf = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path} is not JSON: {problem}") from problem
    if not isinstance(itf, dict):
        raise _wrong("is not an ITF trace: it has to be one JSON object")
    for key, shape, name in (("vars", list, "list of names"), ("states", list, "list of states")):
        if not isinstance(itf.get(key), shape):
            raise _wrong(f"is not an ITF trace: `{key}` has to be a {name}")
    if not itf["states"] or not all(isinstance(state, dict) for state in itf["states"]):
        raise _wrong("is not an ITF trace: `states` has to be a list of objects, at least one")
    return itf


def _wrong(message: str) -> UsageError:
    return UsageError(f"the file {message}", help=f"the format is {_FORMAT}")


def origin(itf: Json) -> Origin:
    """Where the trace came from, as far as its `#meta` says."""
    meta = itf.get("#meta", {})
    if not isinstance(meta, dict):
        raise _wrong("has a `#meta` that is not an object")
    constants, scopes = meta.get("constants", {}), meta.get("scopes", {})
    off = meta.get("no-faults", [])
    fits = (
        isinstance(constants, dict)
        and isinstance(scopes, dict)
        and all(isinstance(n, int) and not isinstance(n, bool) for n in scopes.values())
        and isinstance(off, list)
    )
    if not fits:
        raise _wrong("has constants, scopes or no-faults in `#meta` that are of another shape")
    return Origin(
        model=_text(meta, "model"),
        variant=_text(meta, "variant"),
        constants={str(k): str(v) for k, v in constants.items()},
        scopes={str(k): v for k, v in scopes.items()},
        no_faults=tuple(map(str, off)),
        keep_dead_locals=meta.get("keep-dead-locals") is True,
        property=_text(meta, "property"),
        kind=_text(meta, "kind"),
    )


def _text(meta: Json, key: str) -> str:
    value = meta.get(key, "")
    if not isinstance(value, str):
        raise _wrong(f"has a `{key}` in `#meta` that is not a text")
    return value


def trace_from(itf: Json, model: ir.Model) -> Trace:
    """The trace, its values typed by the model."""
    states = [_parsed_state(state, model, index) for index, state in enumerate(itf["states"])]
    steps = [
        _parsed_step(raw.get("#meta"), model, f"state {index}", states[index])
        for index, raw in enumerate(itf["states"])
        if index
    ]
    meta = itf.get("#meta")
    failure = meta.get("failure") if isinstance(meta, dict) else None
    if failure is not None:
        steps.append(_parsed_step(failure, model, "the failure in `#meta`", None))
    loop = itf.get("loop")
    if loop is not None and (
        isinstance(loop, bool) or not isinstance(loop, int) or not 0 <= loop < len(states)
    ):
        raise _wrong(f"has a `loop` that is not the number of a state: {loop!r}")
    return Trace(model, states[0], tuple(steps), loop)


def _parsed_state(raw: Json, model: ir.Model, index: int) -> State:
    values = {unescaped(key): value for key, value in raw.items() if key != "#meta"}
    known = [v.name for v in model.vars]
    missing = [name for name in known if name not in values]
    unknown = [name for name in values if name not in known]
    if missing or unknown:
        wrong = [f"lacks {', '.join(missing)}"] if missing else []
        wrong += [f"has {', '.join(unknown)} besides"] if unknown else []
        raise UsageError(
            f"state {index} of the file is not a state of {model.name}: it {' and '.join(wrong)}",
            help=f"the fields of {model.name} are {', '.join(known)}",
        )
    return tuple(
        _value(values[v.name], v.type, model, f"state {index}: {v.name}") for v in model.vars
    )


def _parsed_step(raw: Json, model: ir.Model, where: str, state: State | None) -> Step:
    if not isinstance(raw, dict) or not isinstance(raw.get("action"), str):
        raise _wrong(f"does not say which action led to {where}: `#meta` needs an `action`")
    rule = _rule(model, raw["action"])
    if rule is None:
        raise UsageError(
            f"{where} of the file: {model.name} has no action {raw['action']!r}",
            help=f"it has {', '.join(r.name for r in model.rules)}",
        )
    given, chosen = raw.get("parameters", {}), raw.get("choices", [])
    names, picks = [p.name for p in rule.params], _choices(rule)
    if not isinstance(given, dict) or sorted(given) != sorted(names):
        raise _wrong(f"names other parameters in {where} than {rule.name}({', '.join(names)})")
    fits = isinstance(chosen, list) and all(isinstance(c, dict) for c in chosen)
    if not fits or len(chosen) > len(picks) or (len(chosen) < len(picks) and state is not None):
        raise _wrong(f"needs {len(picks)} choices for {rule.name} in {where}")
    at = f"{where}, {rule.name}"
    args = tuple(_value(given[p.name], p.type, model, f"{at}: {p.name}") for p in rule.params)
    values = tuple(
        _value(c["value"], p.type, model, f"{at}: {p.show or p.name}") if "value" in c else None
        for c, p in zip(chosen, picks, strict=False)
    )
    failure = None
    if state is None:
        failure = Failure(False, str(raw.get("message", "")), rule.name, rule.span)
    return Step(rule.name, args, values, state, failure)


def _value(raw: Json, type_: ir.Type, model: ir.Model, where: str) -> Value:
    try:
        return parsed(raw, type_, sort_sizes(model))
    except Misfit as misfit:
        place = where + "".join(reversed(misfit.path))
        found = json.dumps(misfit.found, ensure_ascii=False)
        found = found if len(found) <= 60 else found[:57] + "..."
        raise UsageError(f"{place} of the file is not {misfit.expected}: {found}") from misfit
