"""A trace as a Mermaid sequence diagram, which GitHub draws in Markdown.

Owns who takes part in it: each id that a step names is a participant, and so is the environment if
it does a fault; a step without ids is the system's. Syntax: mermaid.js.org/syntax/sequenceDiagram
"""

from __future__ import annotations

from .. import ir
from ..explore.outcome import Step, Trace
from ..states import atom_name
from .changes import changes
from .terminal import Page
from .trace_text import is_fault, step_label

__all__ = ["sequence_diagram"]


def sequence_diagram(trace: Trace) -> str:
    """The diagram's text, without the fence of a code block."""
    model = trace.model
    actors = [_actors(model, step) for step in trace.steps]
    everyone = dict.fromkeys(name for names in actors for name in names)
    lines = ["sequenceDiagram"]
    if any(is_fault(model, step) for step in trace.steps):
        lines.append("    participant environment")
    lines += [f"    participant {_escaped(name)}" for name in everyone]
    before = trace.initial
    for number, (step, names) in enumerate(zip(trace.steps, actors, strict=True), start=1):
        if trace.loop == number - 1:
            lines.append("    loop for ever")
        lines += _arrow(model, step, names, number)
        after = step.state if step.state is not None else before
        told = changes(model, before, after, Page(unicode=True)) if step.state else []
        if told:
            lines.append(f"    Note over {_escaped(names[-1])}: {_escaped('<br/>'.join(told))}")
        before = after
    if trace.loop is not None and trace.loop < len(trace.steps):
        lines.append("    end")
    return "\n".join(lines) + "\n"


def _actors(model: ir.Model, step: Step) -> list[str]:
    rule = next(r for r in (*model.rules, model.initial) if r and r.name == step.rule)
    found = [
        atom_name(param.type.name, value)
        for param, value in zip(rule.params, step.args, strict=True)
        if isinstance(param.type, ir.Sort) and isinstance(value, int)
    ]
    return list(dict.fromkeys(found)) or ["system"]


def _arrow(model: ir.Model, step: Step, names: list[str], number: int) -> list[str]:
    label = _escaped(f"{number} {step_label(model, step)}")
    if is_fault(model, step):
        return [f"    environment--x{_escaped(names[-1])}: {label}"]
    return [f"    {_escaped(names[0])}->>{_escaped(names[-1])}: {label}"]


def _escaped(text: str) -> str:
    # `;` ends a statement and `#` begins an entity; arrows in a message would be another message.
    return text.replace("#", "#35;").replace(";", "#59;").replace("->", "→")
