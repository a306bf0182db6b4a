"""Counterexamples as pytest functions that drive a real system through an adapter.

Owns the file that `--emit-test` writes: plain calls of the adapter's methods, and the property
asked of what the system shows at the end. A system that has the model's bug fails; one that has not
passes, or refuses a step.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import ir
from ..backends.python import Program
from ..explore.outcome import Outcome, PropertyResult, Step, Verdict
from ..ir.walk import walk
from ..report.trace_text import plural
from ..run import Prepared
from ..states import Value, show, universe
from .program import Script
from .subject import Call, Subject, choices_of

__all__ = ["tests_of"]

_HEAD = '''"""Counterexamples of {models}, as tests of the real system.

Give pytest a fixture `adapter`: an object with a method for each step below, and `observe()`, which
returns the fields {fields} as the system has them.
"""
'''


def tests_of(runs: Sequence[tuple[Prepared, Outcome]]) -> str:
    """The file's text; empty, if no property failed."""
    functions: list[str] = []
    imports: list[str] = []
    models: list[str] = []
    fields: dict[str, None] = {}
    for prepared, outcome in runs:
        subject = Subject(
            prepared, Program(prepared.model), prepared.loaded.python_values(prepared.model)
        )
        script = Script(subject, system="adapter")
        for result in outcome.properties:
            if result.verdict is Verdict.FAILS and result.trace is not None:
                functions.append(_function(script, result, len(runs)))
                fields.update(dict.fromkeys(_fields(subject.model, result)))
        models.append(outcome.model.name)
        imports += script.imports_text().splitlines()
    if not functions:
        return ""
    head = _HEAD.format(
        models=", ".join(dict.fromkeys(models)), fields=", ".join(fields) or "of the model"
    )
    return "\n".join([head, *dict.fromkeys(imports), "", "", "\n\n".join(functions)])


def _function(script: Script, result: PropertyResult, runs: int) -> str:
    trace = result.trace
    assert trace is not None
    subject = script.subject
    for number, step in enumerate(trace.steps):
        if trace.loop == number:
            script.lines.append("# from here on the model can go round for ever; one turn:")
        script.call(_call(subject, step))
    _end(script, result)
    sizes = "".join(f"_{n.lower()}{s.size}" for s in subject.model.sorts for n in [s.name])
    name = f"test_{result.name}" + (sizes if runs > 1 else "")
    steps = plural(result.steps or 0, "step")
    doc = f"{subject.model.name}: {result.name} fails after {steps}."
    return script.function(name, doc, "adapter")


def _call(subject: Subject, step: Step) -> Call:
    """The step with all its choices: an adapter that cannot make them has to be lucky."""
    rule = subject.program.rule(step.rule)
    taken = [
        (place, value)
        for place, (choice, value) in enumerate(
            zip(choices_of(rule.rule), step.picks, strict=False)
        )
        if value is not None or isinstance(choice.type, ir.Option)
    ]
    return subject.call(rule, step.args, tuple(taken))


def _end(script: Script, result: PropertyResult) -> None:
    trace, model = result.trace, script.subject.model
    assert trace is not None
    if result.kind == "step-error":
        why = trace.steps[-1].failure
        script.lines.append(f"# the model has no state after this: {why.message if why else ''}")
        return
    prop = model.prop(result.name)
    if prop.kind.is_liveness and trace.loop == len(trace.steps):
        script.lines.append("# in the model nothing more happens from here on")
    script.import_from("checker.testing", "assert_property")
    given = _arguments(script, prop, result)
    more = "".join(f", {text}" for text in (*given, *script.arguments()))
    call = f"assert_property({script.model_text()}, {result.name!r}, adapter.observe()"
    script.lines.append(f"{call}{more})")


def _arguments(script: Script, prop: ir.Prop, result: PropertyResult) -> list[str]:
    """The values that the property fails for; others may well be true."""
    if not prop.params:
        return []
    shown = dict(result.args)
    texts = [_value_text(script, param, shown.get(param.name, "")) for param in prop.params]
    return [f"arguments=({', '.join(texts)},)"]


def _value_text(script: Script, param: ir.Param, shown: str) -> str:
    values: tuple[Value, ...] = universe(param.type, script.subject.classes.sizes)
    value = next((v for v in values if show(v, param.type) == shown), values[0])
    return script.text(value, param.type)


def _fields(model: ir.Model, result: PropertyResult) -> list[str]:
    """What the property reads."""
    prop = next((p for p in model.props if p.name == result.name), None)
    if prop is None:
        return []
    expr = prop.consequent if prop.consequent is not None else prop.expr
    return sorted({node.var for node in walk(expr) if isinstance(node, ir.Read)})
