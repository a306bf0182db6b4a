"""The answer to "is this state reachable?" as text: the way there, or why there is none.

Owns the words. "Not reachable" never stands without the scope and the proof it rests on.
"""

from __future__ import annotations

from ..explore.setting import budgets, constants, scopes
from ..prove.outcome import Said
from ..prove.reach import Answer
from .terminal import Page, hang, printable
from .trace_text import labelled, plural, trace_table

__all__ = ["render_answer"]

_WORDS = {
    Said.SEEN: ("REACHABLE", "good", "reachable"),
    Said.UNREACHABLE: ("NOT REACHABLE", "doubt", "not reachable"),
    Said.FAILS: ("UNKNOWN", "doubt", "not decided"),
    Said.UNKNOWN: ("UNKNOWN", "doubt", "not decided"),
}


def render_answer(answer: Answer, asked: str, page: Page, code: int) -> str:
    """The whole answer."""
    model = answer.outcome.model
    word, style, meaning = _WORDS.get(answer.said, _WORDS[Said.UNKNOWN])
    settings = [f"{n}={printable(v)}" for n, v in constants(model)]
    settings += [f"{n}={size}" for n, size in scopes(model)]
    head, *rest = hang(f"{word}  {model.name}   ", settings, page, gap="  ")
    lines = [page.paint(style, word) + head[len(word) :], *rest, ""]
    lines += labelled("state", [printable(asked)], page)
    if answer.found is not None and answer.found.trace is not None:
        steps = answer.found.steps or 0
        lines += labelled("after", [f"{plural(steps, 'step')}; no run gets there in fewer"], page)
        lines += ["", *trace_table(answer.found.trace, page, mark="the state")]
    elif answer.said is Said.UNREACHABLE:
        bounded = [f"{most} {name}" for name, most in budgets(model) if most is not None]
        parts = [f"by no run, however long ({answer.how})"]
        parts += [f"with at most {', '.join(bounded)}"] if bounded else []
        lines += labelled("reached", parts, page)
    else:
        lines += labelled("reason", [printable(answer.reason)], page)
    return "\n".join([*lines, "", page.paint("dim", f"exit {code}: {meaning}")]) + "\n"
