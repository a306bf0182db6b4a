"""The `explore` fixture: a model explored as a test.

Owns which outcomes pass. What is not decided fails, and so does what holds for lack of a world in
which it could fail: a test that passes has to mean what `checker explore` means by exit 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ..backends.python import Program
from ..errors import ExitCode, UsageError
from ..explore.limits import Limits
from ..explore.native.auto import explore_with
from ..explore.outcome import Outcome, PropertyResult, Verdict
from ..model import Model
from ..report import itf
from ..report.terminal import Page
from ..report.text import About, render
from ..run import Prepared, Request, constant_texts, prepare
from ..source import shown_path

__all__ = ["Explore"]


@dataclass(frozen=True)
class Explore:
    """What the fixture gives: call it with a model."""

    config: pytest.Config
    node: pytest.Item

    def __call__(
        self,
        model: str | type[Model],
        *,
        variant: str = "",
        scope: Mapping[str, int] | None = None,
        set: Mapping[str, object] | None = None,
        no_fault: Sequence[str] = (),
        fails: str = "",
        max_states: int | None = None,
    ) -> Outcome:
        """Visit every reachable state; the test fails unless everything holds.

        With `fails`, the test fails unless this property does: for variants that are known to be
        broken. `scope`, `set` and `no_fault` are the flags of `checker explore`.

        Raises: UsageError or ModelRefused.
        """
        __tracebackhide__ = True
        request = Request(model, variant, set or {}, scope or {}, tuple(no_fault))
        prepared = prepare(request)
        if fails and fails not in [p.name for p in prepared.model.props]:
            names = ", ".join(p.name for p in prepared.model.props)
            raise UsageError(f"{prepared.model.name} has no property {fails!r}", help=names)
        outcome = explore_with(
            self.config.getoption("--model-engine"),
            Program(prepared.model),
            limits=Limits(max_states, self.config.getoption("--model-seconds")),
            off=request.no_faults,
        )
        self._record(outcome, prepared)
        problem = _problem(outcome, fails)
        if problem:
            text = render(outcome, Page(), self._about(outcome, prepared))
            pytest.fail(f"{problem}\n\n{text}", pytrace=False)
        return outcome

    def _record(self, outcome: Outcome, prepared: Prepared) -> None:
        """What JUnit's file shall say of the test."""
        about = {
            "model": str(prepared.target),
            "verdict": outcome.verdict.value,
            "scope": ", ".join(f"{name}={size}" for name, size in outcome.scopes),
            "constants": ", ".join(f"{name}={value}" for name, value in outcome.constants),
            "states": str(outcome.distinct),
            "depth": str(outcome.depth),
            "engine": outcome.engine,
        }
        for name, value in about.items():
            self.node.user_properties.append((f"model {name}" if name != "model" else name, value))
        for result in outcome.properties:
            self.node.user_properties.append((f"property {result.name}", result.verdict.value))

    def _about(self, outcome: Outcome, prepared: Prepared) -> About:
        folder = self.config.getoption("--model-traces")
        saved = {
            result.name: self._saved(result, prepared, Path(folder))
            for result in outcome.properties
            if folder and result.verdict is Verdict.FAILS and result.trace is not None
        }
        return About(variant=prepared.request.variant, saved=saved)

    def _saved(self, result: PropertyResult, prepared: Prepared, folder: Path) -> str:
        assert result.trace is not None
        origin = itf.Origin(
            model=str(prepared.target),
            variant=prepared.request.variant,
            constants=constant_texts(prepared.model),
            scopes={sort.name: sort.size for sort in prepared.model.sorts},
            no_faults=prepared.request.no_faults,
        )
        about = replace(origin, property=result.name, kind=result.kind)
        # Tests of one name run in several workers of xdist only if their ids differ.
        test = re.sub(r"\W+", "_", self.node.nodeid).strip("_")
        file = folder / f"{test}.{result.name}.itf.json"
        folder.mkdir(parents=True, exist_ok=True)
        document = itf.document(result.trace, about, result)
        file.write_text(itf.dumps(document), encoding="utf-8")
        return shown_path(str(file))


def _problem(outcome: Outcome, fails: str) -> str:
    """Why the test does not pass; empty, if it does."""
    if fails:
        verdict = next(p.verdict for p in outcome.properties if p.name == fails)
        return "" if verdict is Verdict.FAILS else f"{fails} was expected to fail, and does not"
    code = outcome.exit_code()
    return {
        ExitCode.OK: "",
        ExitCode.FAILS: f"{outcome.model.name} fails",
        ExitCode.VACUOUS: f"{outcome.model.name} holds for lack of a world where it could fail",
    }.get(code, f"{outcome.model.name} was not decided")
