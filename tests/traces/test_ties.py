"""What an instance did without a line it did under its own id, where the mapping says so."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.traces.replay import Verdict

from .conftest import Held
from .random_logs import damage, random_log, random_observation

MODEL = '''
from checker import Id, Model, action, when

class Worker(Id, scope=2):
    "A worker."

class M(Model):
    """Whoever has taken the one job may do it."""
    taken: Worker | None = None
    done: bool = False

    @action
    def take(self, worker: Worker) -> None:
        when(self.taken is None)
        self.taken = worker

    @action
    def do(self, worker: Worker) -> None:
        when(self.taken == worker)
        self.done = True

    @action
    def find_done(self) -> None:
        when(self.done)
'''

MAPPING = """
format = "crashproof/mapping/1"
model = "M"
starts = ["started"]
[ends]
stopped = {{ clean = true }}
[services.worker]
{ties}
[services.other]
[events.take]
service = "worker"
logged = "after"
params = {{ worker = "me" }}
[events.do]
service = "worker"
logged = "after"
params = {{ worker = "me" }}
[events.find_done]
service = "other"
logged = "with"
"""

TIED = 'params = { worker = "me" }'
FOUND = "other-1: find_done, stopped"


@pytest.mark.parametrize(
    ("log", "tied", "untied"),
    [
        # Who has taken the job may have died before the line of `do`.
        ("worker-1: take me=a", Verdict.ACCEPTED, Verdict.ACCEPTED),
        # The second instance names no id, so it may be anybody.
        ("worker-1: take me=a, stopped; worker-2: started", Verdict.ACCEPTED, Verdict.ACCEPTED),
        # Its lines contradict each other: the mapping's word does not hold of it.
        ("worker-1: take me=a, do me=b", Verdict.REJECTED, Verdict.REJECTED),
    ],
)
def test_lost_steps_of_a_worker(held: Held, log: str, tied: Verdict, untied: Verdict) -> None:
    for ties, expected in ((TIED, tied), ("", untied)):
        found = held.text(f"{log}; {FOUND}", held.model(MODEL, MAPPING.format(ties=ties)))
        assert [each.verdict for each in found.slices] == [expected]


SEEN = """
[[events.seen]]
rule = "note"
service = "worker"
logged = "after"
params = { worker = "me" }
"""

NOTING = (
    MODEL
    + '''
    @action
    def note(self, worker: Worker) -> None:
        """A worker says who it is."""
'''
)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("worker-1: take me=a, stopped; worker-2: seen me=b", Verdict.REJECTED),
        ("worker-1: take me=a, stopped; worker-2: seen me=a", Verdict.ACCEPTED),
        # Two ids in one instance: it is not known whose its lost step is.
        ("worker-1: take me=a, stopped; worker-2: seen me=b, seen me=a", Verdict.ACCEPTED),
        # The next life of a node is another instance, and may have another id.
        ("worker-1: take me=a, stopped; worker-2: seen me=b, stopped, started", Verdict.ACCEPTED),
        (
            "worker-1: take me=a, stopped; worker-2: seen me=a, stopped, started, seen me=b",
            Verdict.REJECTED,
        ),
    ],
)
def test_which_id_an_instance_has_is_told_by_its_own_lines(
    held: Held, log: str, expected: Verdict
) -> None:
    observation = held.model(NOTING, MAPPING.format(ties=TIED) + SEEN)
    found = held.text(f"{log}; {FOUND}", observation)
    assert [each.verdict for each in found.slices] == [expected]


@pytest.mark.parametrize(("by", "expected"), [("b", Verdict.ACCEPTED), ("a", Verdict.REJECTED)])
def test_every_rule_of_the_service_is_tied(held: Held, by: str, expected: Verdict) -> None:
    taken = """
    @action
    def see_taken(self, worker: Worker) -> None:
        when(self.taken == worker)
"""
    told = '[events.see_taken]\nservice = "other"\nlogged = "with"\nparams = { worker = "by" }\n'
    observation = held.model(NOTING + taken, MAPPING.format(ties=TIED) + SEEN + told)
    assert {tie.rule for tie in observation.ties["worker"]} == {"take", "do", "note"}
    found = held.text(f"worker-2: seen me=b; other-1: see_taken by={by}, stopped", observation)
    assert [each.verdict for each in found.slices] == [expected]


def test_of_a_node_that_is_two_services_a_rule_is_tied_as_far_as_both_say(held: Held) -> None:
    also = SEEN.replace('service = "worker"', 'service = "other"')
    both = MAPPING.format(ties=TIED) + also + '[events.again]\nrule = "do"\nservice = "other"\n'
    observation = held.model(NOTING, both.replace('logged = "with"', 'logged = "after"'))
    # worker-2 writes `other`'s lines too, and that service ties nothing.
    text = f"worker-1: take me=a, stopped; worker-2: seen me=b; {FOUND}"
    assert [each.verdict for each in held.text(text, observation).slices] == [Verdict.ACCEPTED]


@pytest.mark.parametrize(
    ("ties", "message"),
    [
        ('params = { wrker = "me" }', "no parameter in the rules of worker 'wrker'"),
        ("params = { worker = 1 }", "'worker' must be a string"),
        ('params = "me"', "'params' must be a table"),
    ],
)
def test_a_tie_that_does_not_fit_is_an_error_with_its_line(
    held: Held, ties: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        held.model(MODEL, MAPPING.format(ties=ties))
    assert message in str(caught.value)
    line = MAPPING.format(ties=ties).splitlines().index(ties) + 1
    assert f"mapping.toml:{line}:" in str(caught.value)


def test_a_tie_never_explains_more(tmp_path: Path) -> None:
    held, compared = Held(tmp_path), 0
    for seed in range(60):
        observation = random_observation(seed, tmp_path)
        if observation is None or not any(observation.ties.values()):
            continue
        free = replace(observation, ties={name: frozenset() for name in observation.ties})
        draw = random.Random(seed)
        for _ in range(5):
            path = tmp_path / "log.jsonl"
            path.write_bytes(damage(random_log(observation, draw, draw.randint(1, 8)), draw))
            tied, untied = (held.file(path, each).slices for each in (observation, free))
            for one, other in zip(tied, untied, strict=True):
                compared += 1
                assert one.keys == other.keys
                assert not (one.verdict is Verdict.ACCEPTED and other.verdict is Verdict.REJECTED)
    assert compared > 30
