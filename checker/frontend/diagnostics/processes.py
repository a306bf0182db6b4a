"""Mistakes in processes: labels, locals, restarts."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import Diagnostic

__all__ = [
    "BeforeFirstLabel",
    "LabelName",
    "LabelNotText",
    "LabelTwice",
    "LabelUnreachable",
    "LocalCaptured",
    "LocalName",
    "LocalOfTwoTypes",
    "LocalShared",
    "LocalUnbounded",
    "LoopWithoutLabel",
    "NotAProcess",
    "ProcessWithoutLabels",
    "RestartInLoop",
    "RestartOutside",
    "StepTooLarge",
    "UnknownLabel",
    "VolatileKey",
    "VolatileUnknown",
    "YieldInside",
]


@dataclass(frozen=True)
class ProcessWithoutLabels(Diagnostic):
    slug = "process-without-labels"
    title = "the process `{name}` has no label"
    label = "it would do nothing"
    help = 'begin its first step with `yield "label"`, or make it an action'

    name: str


@dataclass(frozen=True)
class LabelNotText(Diagnostic):
    slug = "label-not-text"
    title = "`{text}` is no label"
    label = "a label is a text, and stands alone"
    help = 'write `yield "verb_phrase"` as a statement of its own'

    text: str


@dataclass(frozen=True)
class LabelName(Diagnostic):
    slug = "label-name"
    title = "`{name}` cannot be a label"
    label = "{reason}"
    help = "name the step with a verb phrase in lower case, as a method would be"

    name: str
    reason: str


@dataclass(frozen=True)
class LabelTwice(Diagnostic):
    slug = "label-twice"
    title = "two labels `{name}` in one process"
    label = "the first is on line {line}"
    help = "give each step a name of its own"

    name: str
    line: int


@dataclass(frozen=True)
class LabelUnreachable(Diagnostic):
    slug = "label-unreachable"
    title = "no way leads to the label `{name}`"
    label = "what stands before it never gets here"
    help = "remove it, or leave the loop before it with `break`"

    name: str


@dataclass(frozen=True)
class BeforeFirstLabel(Diagnostic):
    slug = "before-first-label"
    title = "before its first label a process only gives constants to locals"
    label = "a restart does this again, and must neither block nor choose"
    help = "move it behind the first `yield`"


@dataclass(frozen=True)
class LoopWithoutLabel(Diagnostic):
    slug = "loop-without-label"
    title = "a turn of this loop can pass no label"
    label = "one step would never end"
    help = 'begin the turn with `yield "label"`'


@dataclass(frozen=True)
class YieldInside(Diagnostic):
    slug = "yield-inside"
    title = "a label inside {what}"
    label = "{reason}"
    help = "{instead}"

    what: str
    reason: str
    instead: str


@dataclass(frozen=True)
class StepTooLarge(Diagnostic):
    slug = "step-too-large"
    title = "the step `{name}` has more than {most} ways through it"
    label = "every way to the next label is a case of its own"
    help = "put a label between its branches, or join them before the next one"

    name: str
    most: int


@dataclass(frozen=True)
class LocalUnbounded(Diagnostic):
    slug = "local-unbounded"
    title = "the local `{name}` holds an int without bounds over a label"
    label = "it belongs to the state, which would be infinite"
    help = "declare it: `{name}: Annotated[int, Limit(0, 3)] = ...`"

    name: str


@dataclass(frozen=True)
class LocalOfTwoTypes(Diagnostic):
    slug = "local-of-two-types"
    title = "the local `{name}` is {first} here and {second} elsewhere"
    label = "a local has one type, at every label"
    help = "use two names"

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class LocalShared(Diagnostic):
    slug = "local-shared"
    title = "`{name}` is another name for `{root}` when the step ends here"
    label = "other steps would change both, or neither"
    help = "keep a copy: `{name} = ... .copy()`"

    name: str
    root: str


@dataclass(frozen=True)
class LocalCaptured(Diagnostic):
    slug = "local-captured"
    title = "`{name}` is read behind this label, and was bound by a `for` or `case`"
    label = "which value it has is lost at the end of the loop or case"
    help = "assign it to a local of its own before the label"

    name: str


@dataclass(frozen=True)
class LocalName(Diagnostic):
    slug = "local-name"
    title = "the state of the process would have the name `{var}` twice"
    label = "`{var}` is a field or a method already"
    help = "rename one of them"

    var: str


@dataclass(frozen=True)
class NotAProcess(Diagnostic):
    slug = "not-a-process"
    title = "`{name}` needs a process: `{name}(self.worker, ...)`"
    label = "which instance is meant cannot be told"
    help = "name a method of this model that is decorated with `@process`"

    name: str


@dataclass(frozen=True)
class UnknownLabel(Diagnostic):
    slug = "unknown-label"
    title = "`{process}` has no label {label_text}"
    label = "it would never be there"
    help = "it has {known}"

    process: str
    label_text: str
    known: str


@dataclass(frozen=True)
class RestartInLoop(Diagnostic):
    slug = "restart-in-loop"
    title = "`{name}` in a loop"
    label = "an instance is restarted at the end of the step, not in a turn"
    help = "write it once for each process, with a parameter for the instance"

    name: str


@dataclass(frozen=True)
class RestartOutside(Diagnostic):
    slug = "restart-outside"
    title = "`{name}` in {place}"
    label = "it is a statement of a step, and has no value"
    help = "write `{name}(self.worker, ...)` on a line of its own, in an action, fault or process"

    name: str
    place: str


@dataclass(frozen=True)
class VolatileUnknown(Diagnostic):
    slug = "volatile-unknown"
    title = "the field `{name}` is the memory of `{process}`, which is no process"
    label = "nothing would ever empty it"
    help = "the processes are: {known}"

    name: str
    process: str
    known: str


@dataclass(frozen=True)
class VolatileKey(Diagnostic):
    slug = "volatile-key"
    title = "the field `{name}` has no entry for one instance of `{process}`"
    label = "a restart of one would empty the memory of all"
    help = "make it a `Map` or dict from {wanted}"

    name: str
    process: str
    wanted: str
