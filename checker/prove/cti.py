"""From a gap in an induction to a counterexample that teaches: the states, the step, the conjunct.

Owns the check that the reference engine agrees: it takes the step from the state and finds the
claim broken behind it. An encoding that imagined the gap would be found here.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..backends.python import Failure, Program
from ..errors import InternalError
from ..explore import setting
from ..explore.blame import blame, blame_failure
from ..explore.outcome import Step
from .bounded import failing_step, finding_of
from .claims import Claim
from .induction import Gap
from .outcome import Cti

__all__ = ["cti_of"]


def cti_of(program: Program, gap: Gap, assumed: Sequence[Claim]) -> Cti:
    """Raises: InternalError, if the reference does not take the step or finds nothing broken."""
    claim, before = gap.claim, gap.states[-1]
    names = tuple(dict.fromkeys(c.name for c in assumed if not c.about_steps))
    name, args = gap.last.rule.name, gap.last.args
    if gap.after is None:
        step = failing_step(program, before, name, args, claim)
        assert step.failure is not None
        return Cti(
            model=program.model,
            defaults=program.default_state(),
            states=gap.states,
            step=step,
            args=(),
            blame=blame_failure(step.failure),
            assumed=names,
        )
    ends = program.rule(name).step(before, args)
    picks = [picks for picks, end in ends if not isinstance(end, Failure) and end == gap.after]
    if not picks:
        raise InternalError(f"the solver takes a step of {name} that the reference does not take")
    found = finding_of(program, claim, gap.after)
    return Cti(
        model=program.model,
        defaults=program.default_state(),
        states=gap.states,
        step=Step(name, args, picks[0], gap.after),
        args=setting.shown_args(found.prop.params, found.args),
        blame=blame(program, found.prop, gap.after, found.args),
        assumed=names,
    )
