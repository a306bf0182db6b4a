"""Coverage as a report and as a file that later runs add to, `crashproof/coverage/1`.

Owns both forms. Coverage is added only for the same model with the same constants.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from checker.errors import UsageError
from checker.report.terminal import Page

from .coverage import Coverage, Shown, Site, digest_of
from .event import printable
from .observe import Observation

__all__ = ["coverage_object", "coverage_text", "merged"]

SCHEMA = "crashproof/coverage/1"
LOGS_KEPT_MAX = 10_000  # names of logs; all are counted


def merged(
    found: Coverage, observation: Observation, files: tuple[str, ...], name: str
) -> Coverage:
    """With what the file has from earlier runs, if it is there; and write both to it.

    Raises: UsageError, if it cannot be written, is no such file, or is of another model.
    """
    path = Path(name)
    whole = replace(found, logs=list(files))
    if path.exists():
        whole = _added(_read(path, observation), whole)
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_text(json.dumps(coverage_object(whole, observation), indent=1) + "\n")
        beside.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {printable(name)}: {error.strerror}") from None
    return whole


def _added(first: Coverage, second: Coverage) -> Coverage:
    shown = {
        site: Shown(
            each.certain + second.shown[site].certain, each.possible + second.shown[site].possible
        )
        for site, each in first.shown.items()
    }
    return Coverage(
        shown, first.slices + second.slices, first.left_out + second.left_out,
        first.others + second.others, first.logs + second.logs,
    )  # fmt: skip


def _read(path: Path, observation: Observation) -> Coverage:
    shown = printable(str(path))
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError(f"{shown} cannot be read as coverage") from None
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise UsageError(f"{shown} is no coverage", help="name a new file, or one of --coverage")
    if told.get("digest") != digest_of(observation):
        raise UsageError(
            f"{shown} is of another model, or of other constants",
            help="the model has changed since: begin a new file",
        )
    try:
        items = {
            Site(i["kind"], i["rule"], i["text"], i["source"], i["outcome"]): Shown(
                int(i["certain"]), int(i["possible"])
            )
            for i in told["items"]
        }
        slices, left_out, others = (
            int(told[name]) for name in ("slices", "left_out", "not_accepted")
        )
        logs = [str(name) for name in told["logs"]]
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"{shown} is damaged: it lacks what coverage has") from None
    # Sources are shown as they are now: a file may have moved since, with the same text.
    now = Coverage.of(observation).shown
    known = {site._replace(source=""): each for site, each in items.items()}
    shown_now = {site: known.get(site._replace(source=""), Shown()) for site in now}
    return Coverage(shown_now, slices, left_out, others, logs)


def coverage_object(found: Coverage, observation: Observation) -> dict[str, Any]:
    """As plain data."""
    return {
        "schema": SCHEMA,
        "model": observation.model.name,
        "digest": digest_of(observation),
        "logs": found.logs[:LOGS_KEPT_MAX],
        "slices": found.slices,
        "left_out": found.left_out,
        "not_accepted": found.others,
        "items": [
            {**site._asdict(), "certain": each.certain, "possible": each.possible}
            for site, each in found.shown.items()
        ],
    }


def coverage_text(found: Coverage, page: Page) -> str:
    """What was shown, and what never."""
    logs = f"{len(found.logs)} log{'s' * (len(found.logs) != 1)}"
    lines = [f"coverage: {found.slices} accepted slices of {logs}"]
    if found.others or found.left_out:
        lines.append(
            f"  not counted: {found.others} rejected or undecided slices, {found.left_out} with "
            "too many explanations"
        )
    by_rule: dict[str, list[tuple[Site, Shown]]] = {}
    for site, each in found.shown.items():
        by_rule.setdefault(site.rule, []).append((site, each))
    for rule, own in by_rule.items():
        lines += _rule(rule, own, page)
    return "\n".join(lines)


def _rule(rule: str, own: list[tuple[Site, Shown]], page: Page) -> Iterator[str]:
    (_, taken), *parts = own
    if not taken.possible:
        yield f"  {rule}: {page.paint('doubt', 'never shown by these logs')}"
        return
    yield f"  {rule}: {_amount(taken)}"
    for site, each in parts:
        if each.certain:
            continue
        what = "if" if site.kind == "branch" else "guard"
        word = "never shown" if not each.possible else _amount(each)
        outcome = "true" if site.outcome else "false"
        yield f"    {what} `{site.text}` ({site.source}) {outcome}: {page.paint('doubt', word)}"


def _amount(each: Shown) -> str:
    if each.certain == each.possible:
        return f"in {each.certain} slices"
    return f"in {each.certain} slices for certain, possibly in {each.possible}"
