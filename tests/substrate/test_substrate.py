"""What each channel and store can do and cannot: a small model for each, in every engine.

The counts are those of complete explorations. A variant is a promise that the real system does not
make; that it fails is what makes the model believable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from agreement import differences
from second_reference import reachable, sample
from smt_agreement import folded, solved, without_liveness

from checker.api import explore
from checker.backends.python import Program
from checker.backends.smt.system import System
from checker.backends.smt.values import Unsupported
from checker.explore.outcome import Verdict
from checker.run import Request, prepare
from checker.twin.tlc import Tools
from checker.twin.twin import compare

FOLDER = Path(__file__).parent
MODELS = sorted(
    p.stem for p in FOLDER.glob("*.py") if p.stem not in ("conftest", Path(__file__).stem)
)


@dataclass(frozen=True)
class Run:
    """`fails`: the broken properties, and the steps of their shortest counterexamples; None for a
    witness that is never seen.
    """

    model: str
    distinct: int
    generated: int
    constants: dict[str, str] = field(default_factory=dict)
    fails: dict[str, int | None] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.model, *(f"{k}={v}" for k, v in self.constants.items())])


RUNS = [
    # Queues: at least once; a zombie works on; a message is given up only where that is asked for.
    Run("peek_lock", 108, 227),
    Run(
        "peek_lock",
        31,
        63,
        {"deliveries": "1"},
        {"a_sent_message_is_handled": 4, "handled_twice_though_sent_once": None},
    ),
    Run("dead_letters", 306, 527),
    Run("in_order", 99, 175),
    Run("in_order_by_key", 287, 959),
    # A log: committed after handling, so handled again after a rebalance, and perhaps out of order.
    Run("rebalance", 170, 315),
    # A link: any order, any number of times.
    Run("lossy_link", 901, 3501),
    # Stores.
    Run("compare_and_set", 52, 101),
    Run("compare_and_set", 74, 115, {"compare": "false"}, {"both_are_counted": 4}),
    Run(
        "compare_and_set",
        66,
        127,
        {"marks": "NONE"},
        {"nothing_is_counted_twice": 6, "both_are_counted": 6},
    ),
    Run(
        "compare_and_set",
        68,
        111,
        {"marks": "LAST"},
        {"nothing_is_counted_twice": 6, "both_are_counted": 6},
    ),
    Run("stale_read", 8, 9),
    Run("stale_read", 18, 24, {"compare": "false"}, {"reserved_once": 2, "no_step_error": 3}),
    Run("one_partition", 5, 6),
    Run("one_partition", 6, 6, {"together": "false"}, {"an_order_has_its_event": 2}),
    Run("isolation", 12, 15),
    Run("isolation", 13, 15, {"level": "SNAPSHOT"}, {"somebody_is_on_call": 4}),
    Run("isolation", 13, 15, {"level": "READ_COMMITTED"}, {"somebody_is_on_call": 4}),
]


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_a_channel_or_store_does_what_its_page_says(run: Run) -> None:
    outcome = explore(str(FOLDER / f"{run.model}.py"), constants=run.constants, symmetry=False)
    assert outcome.complete
    assert (outcome.distinct, outcome.generated) == (run.distinct, run.generated)
    failing = {p.name: p.steps for p in outcome.properties if p.verdict is Verdict.FAILS}
    assert failing == run.fails


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_its_counts_here(name: str) -> None:
    assert name in {run.model for run in RUNS if not run.constants}


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_the_native_engine_agrees_in_every_state(run: Run) -> None:
    prepared = prepare(Request(str(FOLDER / f"{run.model}.py"), constants=run.constants))
    assert differences(prepared.model, 150) == []


@pytest.mark.parametrize("name", MODELS)
def test_the_formulas_agree_in_every_state(name: str) -> None:
    model = without_liveness(prepare(Request(str(FOLDER / f"{name}.py"))).model)
    program = Program(model)
    try:
        system = System(model)
        states = sample(reachable(program, 150), 6, 1)
        assert [p for s in states for p in folded(program, system, s)] == []
        assert [p for s in states[:2] for p in solved(program, system, s)] == []
    except Unsupported as unsupported:
        pytest.skip(f"outside the encoding, and said so: {unsupported}")


@pytest.mark.parametrize("name", ["dead_letters", "in_order", "rebalance", "isolation"])
def test_tlc_agrees_with_the_printed_twin(name: str, tools: Tools) -> None:
    prepared = prepare(Request(str(FOLDER / f"{name}.py")))
    twin = compare(prepared.loaded.model, prepared.model, tools)
    assert twin.equal
