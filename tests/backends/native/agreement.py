"""The generated code of a model against the reference, state by state.

Owns what agreement means: the same enabled instances, the same successors in the same order, the
same kind of failure; equal words exactly for equal states; the same answer of every check.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from checker import ir
from checker.backends.native.emit import Generated, Probe, generate
from checker.backends.python import Failure, Program, Undefined
from checker.states import State

Functions = dict[str, Any]


def as_python(generated: Generated) -> Functions:
    """The generated functions as they are, not compiled."""
    functions: Functions = {}
    exec(compile(generated.source, f"<native {generated.model.name}>", "exec"), functions)
    return functions


def as_machine_code(generated: Generated) -> Functions:
    """The generated functions compiled, without a cache."""
    from checker.backends.native.compile import kernel

    return kernel(generated.source, ("expand", "look", "look_at_rest"), keep=False)


def reachable(program: Program, states_max: int) -> list[State]:
    """The first states of a breadth-first search."""
    found = dict.fromkeys(program.initial_states())
    queue = deque(found)
    while queue and len(found) < states_max:
        state = queue.popleft()
        for rule in program.rules:
            for args in rule.args:
                for _, end in rule.step(state, args):
                    if not isinstance(end, Failure) and end not in found:
                        found[end] = None
                        queue.append(end)
    return list(found)[:states_max]


class Agreement:
    """Compares one model's states; `differences` are sentences."""

    def __init__(self, model: ir.Model, load: Callable[[Generated], Functions] = as_python) -> None:
        self.program = Program(model)
        self.generated = generate(model)
        self.code = load(self.generated)
        self.checks = {
            (probe.prop.name, number): self._check(probe)
            for number, probe in enumerate((*self.generated.probes, *self.generated.rest_probes))
        }
        self.differences: list[str] = []

    def _check(self, probe: Probe) -> Callable[[State], int]:
        if probe.domain is None:
            holds: Any = self.program.holds(probe.prop.name)
        else:
            d = probe.domain
            some = ir.Any(d.name, d.domain, d.filter, ir.Lit(True, ir.BOOL))
            holds = self.program.compile_expr(some, probe.prop.params)

        def ask(state: State) -> int:
            try:
                return int(bool(holds(state, probe.args)))
            except Undefined:
                return 2

        return ask

    def compare(self, states: Iterable[State]) -> None:
        states = list(states)
        if not states:
            return
        layout = self.generated.layout
        packed = [layout.pack(state) for state in states]
        for state, words in zip(states, packed, strict=True):
            if layout.unpack(words) != state:
                self.differences.append(f"{words} is not {state}")
        if len(set(packed)) != len(set(states)):
            self.differences.append("two states have the same words")
        self.compare_steps(states, packed)
        self.compare_checks(states, packed)

    def compare_steps(self, states: list[State], packed: list[tuple[int, ...]]) -> None:
        rows = np.array(packed, dtype=np.int64).reshape(len(states), -1)
        room = max(4 * self.generated.fan, 4096)
        out = np.zeros((room, rows.shape[1]), dtype=np.int64)
        tags = np.zeros(room, dtype=np.int32)
        ends = np.zeros(len(states), dtype=np.int64)
        rests = np.zeros(len(states), dtype=np.uint8)
        row = 0
        while row < len(states):
            done, _ = self.code["expand"](rows, row, len(states), out, tags, ends, rests)
            first = 0
            for n in range(done):
                last = int(ends[n])
                self._compare_state(states[row + n], out[first:last], tags[first:last], rests[n])
                first = last
            row += done

    def _compare_state(self, state: State, out: Any, tags: Any, rest: int) -> None:
        got: dict[int, list[object]] = defaultdict(list)
        for words, tag in zip(out.tolist(), tags.tolist(), strict=True):
            if tag < 0:
                got[-1 - tag].append(self.generated.sites[words[0]].failure_kind)
            else:
                got[tag].append(self.generated.layout.unpack(words))
                if self.generated.layout.pack(got[tag][-1]) != tuple(words):  # type: ignore[arg-type]
                    self.differences.append(f"{words} is not how {got[tag][-1]} is packed")
        rests = True
        for number, instance in enumerate(self.generated.instances):
            rule = self.program.rules[instance.rule]
            edges = rule.step(state, instance.args)
            want = [end.kind if isinstance(end, Failure) else end for _, end in edges]
            if rule.rule.kind is ir.Kind.ACTION and any(end != state for end in want):
                rests = False
            if got[number] != want:
                self.differences.append(
                    f"{rule.rule.name}{instance.args} in {state}: {got[number]} is not {want}"
                )
        if bool(rest) != rests:
            self.differences.append(f"at rest in {state}: {rest}")

    def compare_checks(self, states: list[State], packed: list[tuple[int, ...]]) -> None:
        rows = np.array(packed, dtype=np.int64).reshape(len(states), -1)
        rests = np.ones(len(states), dtype=np.uint8)
        probes = (*self.generated.probes, *self.generated.rest_probes)
        for number, probe in enumerate(probes):
            at_rest = number >= len(self.generated.probes)
            count = len(self.generated.rest_probes if at_rest else self.generated.probes)
            wanted = np.zeros(count, dtype=np.int64)
            place = number - len(self.generated.probes) if at_rest else number
            for row, state in enumerate(states):
                answer = self.checks[probe.prop.name, number](state)
                for bit in range(3):
                    wanted[place] = 1 << bit
                    if at_rest:
                        found = self.code["look_at_rest"](rows, rests, row, row + 1, wanted)
                    else:
                        found = self.code["look"](rows, row, row + 1, wanted)
                    if (found == row) != (bit == answer):
                        name = f"{probe.prop.name}{probe.args}"
                        self.differences.append(f"{name} in {state}: not {answer}")


def differences(model: ir.Model, states_max: int) -> list[str]:
    """What the generated code says differently, run as Python."""
    agreement = Agreement(model)
    agreement.compare(reachable(agreement.program, states_max))
    return agreement.differences
