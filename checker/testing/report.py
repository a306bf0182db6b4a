"""What a failing run looks like: the sentence, the steps, and a test to paste.

Owns the layout. The steps are those of the run; what changes beside them is the model's account.
"""

from __future__ import annotations

import textwrap

from .. import ir
from ..explore.outcome import Blame
from ..report.terminal import Page, hang
from ..report.trace_text import plural, trace_table
from ..source import source_text
from .belief import Harness
from .drive import Disagreement, Failing
from .program import Script, adapter_name

__all__ = ["program_of", "told"]


def told(
    failed: Disagreement, harness: Harness, adapter: object, *, saved: str = "", remark: str = ""
) -> str:
    """The whole report, as pytest prints it behind an `E`."""
    page = Page(width=100, colour=False)
    failing = failed.failing
    blocks: list[list[str]] = [[failing.what]]
    blocks[0] += _why(failing, page)
    if failed.trace.steps:
        blocks.append([*trace_table(failed.trace, page)])
    steps = plural(len(failed.calls), "step")
    again = [f"{steps}{remark}; as a test of its own:"]
    again += ["", *textwrap.indent(program_of(failed, harness, adapter), "    ").splitlines()]
    blocks.append(again)
    if saved:
        blocks.append([f"the model's account of it:  checker show {saved}"])
    return "\n\n".join("\n".join(block) for block in blocks)


def _why(failing: Failing, page: Page) -> list[str]:
    lines: list[str] = []
    broken = failing.broken
    if broken is not None:
        if broken.prop.doc:
            lines += hang("  says      ", [" ".join(broken.prop.doc.split())], page)
        for blamed in broken.blamed:
            lines += hang("  is false  ", [_text(blamed)], page)
    if failing.because:
        lines += hang("  because   " if broken else "  where     ", failing.because, page)
    if failing.seen:
        shown = [f"{n} = {v}" for n, v in failing.seen.items()]
        lines += hang("  system    ", shown, page)
    for number, each in enumerate(failing.allowed[:4]):
        word = "  model     " if not number else "  or        "
        lines += hang(word, [f"{n} = {v}" for n, v in each.items()], page)
    if len(failing.allowed) > 4:
        lines.append(f"  or        {len(failing.allowed) - 4} others")
    return lines


def _text(blame: Blame) -> str:
    return source_text(blame.span) or blame.text


def program_of(failed: Disagreement, harness: Harness, adapter: object) -> str:
    """A test that makes the same calls, and fails where the run did."""
    subject = harness.subject
    script = Script(subject)
    is_async = _is_async(adapter)
    script.lines.append(f"system = {adapter_name(adapter, script)}")
    for call in failed.calls:
        script.call(call, is_async=is_async)
    _expectation(failed.failing, script, is_async=is_async)
    name = failed.failing.name or "it_starts_well"
    test = script.function(f"test_{name}_again", "", is_async=is_async)
    return f"{script.imports_text()}\n\n\n{test}"


def _expectation(failing: Failing, script: Script, *, is_async: bool) -> None:
    more = "".join(f", {text}" for text in script.arguments())
    observe = f"{'await ' if is_async else ''}{script.system}.observe()"
    if failing.kind == "invariant":
        script.import_from("checker.testing", "assert_property")
        model = script.model_text()
        script.lines.append(f"assert_property({model}, {failing.name!r}, {observe}{more})")
    elif failing.kind == "observe" and failing.possible:
        script.import_from("checker.testing", "assert_shows")
        variables: tuple[ir.Var, ...] = script.subject.model.vars
        allowed = [
            ", ".join(
                f"{variables[place].name!r}: {script.text(value, variables[place].type)}"
                for place, value in each
            )
            for each in failing.possible[:8]
        ]
        script.lines.append(f"assert_shows(\n        {script.model_text()},\n        {observe},")
        script.lines += [f"    {{{each}}}," for each in allowed]
        script.lines += [f"    {text}," for text in script.arguments()]
        script.lines.append(")")
    elif failing.kind == "observe":
        values = [each["projection"] for each in failing.allowed[:8]]
        script.lines.append(f"assert {observe} in [{', '.join(values)}]")
    else:
        script.lines.append(f"# {failing.what}")


def _is_async(adapter: object) -> bool:
    import inspect

    cls = adapter if isinstance(adapter, type) else type(adapter)
    return any(inspect.iscoroutinefunction(value) for value in vars(cls).values())
