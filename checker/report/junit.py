"""An outcome as a JUnit file: a test case for each property.

Owns which verdicts are failures to a CI server: FAILS is a failure, UNKNOWN an error, a witness
that was never seen a failure (exit 4). Source of the format: the schema of Jenkins' xunit plugin.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable

from ..explore.outcome import Outcome, PropertyResult, Verdict
from .terminal import Page, printable
from .text import About, failure_text

__all__ = ["junit"]


def junit(runs: Iterable[tuple[str, Outcome]]) -> str:
    """The file's text; each run has a name, such as `outbox (no_deduplication)`."""
    root = ElementTree.Element("testsuites", name="crashproof")
    for name, outcome in runs:
        root.append(_suite(name, outcome))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(name: str, outcome: Outcome) -> ElementTree.Element:
    cases = [_case(name, result) for result in outcome.properties]
    counts = {
        word: str(sum(case.find(word) is not None for case in cases))
        for word in ("failure", "error")
    }
    suite = ElementTree.Element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=counts["failure"],
        errors=counts["error"],
        skipped="0",
        time=f"{outcome.seconds:.3f}",
    )
    properties = ElementTree.SubElement(suite, "properties")
    about = {
        "verdict": outcome.verdict.value,
        "engine": outcome.engine,
        "states": str(outcome.distinct),
        "generated": str(outcome.generated),
        "depth": str(outcome.depth),
        **{f"scope {sort}": str(size) for sort, size in outcome.scopes},
        **{f"constant {constant}": value for constant, value in outcome.constants},
    }
    for key, value in about.items():
        ElementTree.SubElement(properties, "property", name=key, value=printable(value))
    suite.extend(cases)
    return suite


def _case(suite: str, result: PropertyResult) -> ElementTree.Element:
    # The kind stands with the name: servers show nothing else of a case that passes.
    case = ElementTree.Element(
        "testcase", classname=suite, name=f"{result.name} ({result.kind})", time="0"
    )
    if result.verdict is Verdict.FAILS:
        never = result.kind == "witness" and result.trace is None
        what = "was never seen" if never else "fails"
        message = f"{result.name} {what}"
        problem = ElementTree.SubElement(case, "failure", type=result.kind, message=message)
        problem.text = "" if never else _plain(failure_text(result, Page(), About()))
    elif result.verdict is Verdict.UNKNOWN:
        reason = printable(result.reason) or "not decided"
        ElementTree.SubElement(case, "error", type="unknown", message=reason)
    return case


def _plain(text: str) -> str:
    # XML 1.0 has no characters for control codes, not even escaped ones.
    return "".join(c for c in text if c in "\n\t" or ord(c) >= 32)
