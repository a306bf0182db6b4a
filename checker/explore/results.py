"""From a finding and its trace to the result of a property, the same for every engine.

Owns what a result of a failed or seen property holds. A trace is run again here before it is passed
on.
"""

from __future__ import annotations

from ..backends.failure import Failure
from ..backends.python import Program
from . import setting
from .blame import blame, blame_failure
from .checks import Finding
from .outcome import PropertyResult, Trace, Verdict
from .replay import assert_real
from .verdicts import NO_STEP_ERROR

__all__ = ["found_result", "step_error_result"]


def found_result(program: Program, finding: Finding, trace: Trace) -> PropertyResult:
    """The last state of the trace decides the property.

    Raises: InternalError, if the trace does not replay.
    """
    assert_real(program, trace)
    prop, undefined = finding.prop, finding.undefined
    state = trace.states()[-1]
    return PropertyResult(
        name=prop.name,
        kind=prop.kind.shown,
        verdict=Verdict.FAILS if finding.fails else Verdict.HOLDS,
        reason=undefined.message if undefined else "",
        args=setting.shown_args(prop.params, finding.args),
        steps=len(trace.steps),
        trace=trace,
        blame=blame(program, prop, state, finding.args) if finding.fails else (),
        span=prop.span,
        note=f"undefined: {undefined.message}" if undefined else "",
    )


def step_error_result(
    program: Program, failure: Failure, trace: Trace, *, at_start: bool = False
) -> PropertyResult:
    """The last step of the trace has no successor; the initial rule's failure counts as no step.

    Raises: InternalError, if the trace does not replay.
    """
    assert_real(program, trace)
    return PropertyResult(
        name=NO_STEP_ERROR,
        kind="step-error",
        verdict=Verdict.FAILS,
        steps=0 if at_start else len(trace.steps),
        trace=trace,
        blame=blame_failure(failure),
        span=failure.span,
        note=failure.message,
    )
