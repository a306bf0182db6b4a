"""What `prove` says of small models made to show one claim each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from checker import ir
from checker.backends.python import Program
from checker.errors import ExitCode, UsageError
from checker.passes.capacities import with_capacities
from checker.prove.bounded import Budget, Tick
from checker.prove.outcome import Proof, ProofOutcome, Said
from checker.prove.proof import prove
from checker.run import Request, prepare

HEAD = """
from enum import Enum
from typing import Annotated, Final
from checker import (
    Bag, Bounds, Capacity, Id, LeadsTo, Limit, Model, action, fault, fresh, invariant, liveness,
    when, witness,
)

class W(Id, scope=2):
    pass

"""


def model_of(folder: Path, body: str, **scopes: int) -> ir.Model:
    file = folder / "small.py"
    file.write_text(HEAD + textwrap.dedent(body))
    return prepare(Request(str(file), scopes=scopes)).model


def catalogue(name: str, *, variant: str = "", **scopes: int) -> ir.Model:
    return prepare(Request(name, variant=variant, scopes=scopes)).model


def said(outcome: ProofOutcome, name: str) -> Proof:
    return next(p for p in outcome.proofs if p.name == name)


PHASES = """
class Phase(Enum):
    A = "a"
    B = "b"
    D = "d"
    E = "e"

class Small(Model):
    phase: Phase = Phase.A

    @action
    def go(self) -> None:
        when(self.phase is Phase.A)
        self.phase = Phase.B

    @action
    def back(self) -> None:
        when(self.phase is Phase.B)
        self.phase = Phase.A

    @action
    def fall(self) -> None:
        when(self.phase is Phase.D)
        self.phase = Phase.E

    @invariant
    def never_e(self) -> bool:
        return self.phase is not Phase.E
"""

D_IS_SEEN = """
    @witness
    def d_is_seen(self) -> bool:
        return self.phase is Phase.D
"""


def test_what_one_step_does_not_preserve_two_may(tmp_path: Path) -> None:
    program = Program(model_of(tmp_path, PHASES))
    once = said(prove(program, k=1, depth=2), "never_e")
    assert once.said is Said.UNKNOWN
    assert once.cti is not None and once.cti.step.rule == "fall"
    assert once.cti.states == (("D",),) and once.cti.step.state == ("E",)
    twice = said(prove(program, k=2, depth=2), "never_e")
    assert (twice.said, twice.how) == (Said.PROVED, "2-inductive")


def test_a_witness_that_is_proved_unreachable_is_vacuous(tmp_path: Path) -> None:
    outcome = prove(Program(model_of(tmp_path, PHASES + D_IS_SEEN)), k=2, depth=2)
    assert said(outcome, "d_is_seen").said is Said.UNREACHABLE
    assert outcome.exit_code() is ExitCode.VACUOUS


STEPS = """
class Small(Model):
    n: Annotated[int, Limit(0, 3)] = 0
    bad: bool = False

    @action
    def count(self) -> None:
        self.n += 1

    @invariant
    def never_bad(self) -> bool:
        return not self.bad
"""


def test_an_inductive_property_is_not_proved_past_a_limit(tmp_path: Path) -> None:
    outcome = prove(Program(model_of(tmp_path, STEPS)), k=1, depth=6)
    proof = said(outcome, "never_bad")
    assert (proof.said, proof.how) == (Said.UNKNOWN, "inductive")
    assert "limit of n is exceeded after 4 steps" in proof.reason
    assert outcome.exit_code() is ExitCode.UNKNOWN


def test_a_step_error_fails_with_a_trace_and_proves_nothing_behind_it(tmp_path: Path) -> None:
    body = STEPS.replace("Limit(0, 3)", "Bounds(0, 3)")
    outcome = prove(Program(model_of(tmp_path, body)), k=1, depth=6)
    error = said(outcome, "no_step_error")
    assert error.said is Said.FAILS
    assert error.found is not None and error.found.steps == 4
    assert said(outcome, "never_bad").said is Said.UNKNOWN
    assert "a step error is reached" in said(outcome, "never_bad").reason


def test_an_undefined_property_fails(tmp_path: Path) -> None:
    body = """
    class Small(Model):
        busy: dict[W, bool] = {}

        @action
        def begin(self, w: W) -> None:
            self.busy[w] = True

        @invariant
        def all_are_busy(self, w: W) -> bool:
            return self.busy[w]
    """
    proof = said(prove(Program(model_of(tmp_path, body))), "all_are_busy")
    assert proof.said is Said.FAILS
    assert proof.found is not None and proof.found.steps == 0
    assert "no entry" in proof.found.note


def test_a_capacity_is_proved_before_it_is_relied_on() -> None:
    model = catalogue("dedup", MessageId=9)
    eight = prove(Program(model), k=1, depth=2)
    assert said(eight, "capacity of effects").said is Said.UNKNOWN
    assert said(eight, "no_step_error").said is Said.UNKNOWN
    raised = with_capacities(model, {"effects": 20})
    assert [v.type for v in raised.vars if v.name == "effects"] == [
        ir.Bag(ir.Sort("MessageId"), 20)
    ]
    with pytest.raises(UsageError, match="no bag or list 'keys'"):
        with_capacities(model, {"keys": 3})


def test_a_raised_capacity_is_the_reference_engines_too() -> None:
    model = with_capacities(catalogue("outbox", OrderId=1), {"queue": 1})
    outcome = prove(Program(model), k=1, depth=4)
    proof = said(outcome, "capacity of queue")
    assert proof.said is Said.UNKNOWN
    assert proof.reason.startswith("the capacity 1 of `queue` is exceeded, after 3 steps")


def test_exhausted_supplies_are_cuts_and_ids_are_not_interchangeable_then(tmp_path: Path) -> None:
    body = """
    class Small(Model):
        used: set[W] = set()

        @action
        def take(self) -> None:
            w = fresh(W, self.used)
            self.used.add(w)

        @invariant
        def few(self) -> bool:
            return len(self.used) <= 2
    """
    outcome = prove(Program(model_of(tmp_path, body)), k=1, depth=4)
    supply = said(outcome, "supply of W")
    assert supply.said is Said.UNKNOWN and "in use" in supply.reason
    assert said(outcome, "few").said is Said.UNKNOWN


def test_what_the_encoding_cannot_express_is_named(tmp_path: Path) -> None:
    body = """
    class Small(Model):
        long: Annotated[list[W], Capacity(40)] = []
        done: bool = False

        @action
        def append(self, w: W) -> None:
            self.long.append(w)

        @invariant
        def never_done(self) -> bool:
            return not self.done
    """
    outcome = prove(Program(model_of(tmp_path, body)))
    assert {p.said for p in outcome.proofs} == {Said.UNKNOWN}
    assert "a list of up to 40 items" in said(outcome, "never_done").reason
    assert outcome.exit_code() is ExitCode.UNKNOWN


def test_liveness_is_not_attempted_and_not_counted() -> None:
    outcome = prove(Program(catalogue("dedup")))
    assert said(outcome, "every_message_takes_effect").said is Said.NOT_ATTEMPTED
    assert outcome.exit_code() is ExitCode.OK


def test_no_time_gives_no_proof_and_says_so() -> None:
    outcome = prove(
        Program(catalogue("two_phase_commit")), budget=Budget(seconds_max=0.000001), depth=6
    )
    assert not any(p.said in (Said.PROVED, Said.FAILS) for p in outcome.proofs)
    assert any("time" in limit for limit in outcome.limits)


def test_a_query_that_reaches_its_limit_is_named() -> None:
    outcome = prove(
        Program(catalogue("two_phase_commit", Participant=40)),
        budget=Budget(timeout_s=0.001),
        depth=8,
    )
    assert outcome.exit_code() in (ExitCode.UNKNOWN, ExitCode.OK)
    assert outcome.limits or outcome.depth == 8


def test_the_gap_names_the_conjunct_and_the_step() -> None:
    proof = said(prove(Program(catalogue("outbox")), k=1, depth=1), "only_committed_orders_ship")
    assert proof.cti is not None
    assert proof.cti.step.rule == "consume"
    assert proof.cti.blame[0].text == "o in self.orders"
    assert proof.cti.assumed[-1] == "only_committed_orders_ship"


def test_progress_tells_the_stage_and_what_is_asked() -> None:
    ticks: list[Tick] = []
    prove(Program(catalogue("outbox")), k=1, depth=1, budget=Budget(on_tick=ticks.append))
    assert any(t.stage == "depth 1" and "no_event_is_lost" in t.about for t in ticks)
    assert any(t.stage == "1-induction" and t.about.startswith("place_order") for t in ticks)


def test_the_same_seed_gives_the_same_report_whatever_the_order_of_hashes() -> None:
    shown = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", "from checker.cli import main; main()", "prove",
             "two_phase_commit", "--depth", "2", "--k", "1", "--json"],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        shown.append(json.loads(done.stdout)["properties"])
    assert shown[0] == shown[1]


def test_help_does_not_import_z3() -> None:
    script = (
        "import sys; sys.argv = ['checker', '--help']\n"
        "from checker.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "assert 'z3' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_fails_beyond_the_solvers_time_is_found_by_visiting_states() -> None:
    program = Program(prepare(Request("saga", variant="do_not_deduplicated")).model)
    outcome = prove(program, depth=10, k=1, budget=Budget(timeout_s=0.05))
    twice = next(p for p in outcome.proofs if p.name == "no_step_is_done_twice")
    assert outcome.depth < 5 and outcome.limits
    assert twice.said is Said.FAILS
    assert twice.found is not None and twice.found.steps == 5
