"""A rule's tree, as the TLA+ printer follows it, made a rule again: so that it can be run.

What a step asks becomes a check or a guard in front of it, and its own condition is dropped. The
rule must then do the same as the one that it was made from, which no TLC is needed to see.
By hand, for more models than CI can afford:

    python tests/twin/flat_steps.py --models 3000 --seed 0
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from checker import ir
from checker.backends.python import Failure, Program
from checker.backends.tla_steps import End, Step, Steps, steps_of
from checker.ir.walk import map_item
from checker.passes.bind import bind
from checker.passes.known import TRUE, all_of, put
from checker.passes.labels import known_behind_guard, set_locals
from checker.states import State

STATES_MAX = 300


def flat_model(model: ir.Model) -> ir.Model:
    """The bound model, each rule by way of its tree."""
    found = set_locals(model)
    rules = []
    for rule in model.rules:
        tree = steps_of(rule, known_behind_guard(rule, model, found))
        rules.append(flat_rule(rule, tree))
    return replace(model, rules=tuple(rules))


def flat_rule(rule: ir.Rule, tree: Steps) -> ir.Rule:
    items, updates = _flat(tree, (), "")
    return replace(rule, body=tuple(items), updates=tuple(updates))


def _flat(
    tree: Steps, path: tuple[ir.Expr, ...], side: str
) -> tuple[list[ir.Item], list[ir.Update]]:
    here = all_of(list(path)) if path else None
    items: list[ir.Item] = []
    for place in range(len(tree.steps)):
        step = tree.steps[place]
        items += _asked(step, here)
        item = step.item
        if isinstance(item, ir.Guard | ir.Check):
            continue
        if side and isinstance(item, ir.Let | ir.Choose):
            # A name of its own for each side.
            tree = _renamed(tree, place, f"{item.name}{side}")
            item = replace(item, name=f"{item.name}{side}")
        items.append(replace(item, path=here) if item.path is None else _under(item, here))
    end = tree.end
    if isinstance(end, End):
        items += _asked(Step(ir.Guard(TRUE), end.passes, end.error, end.cut), here)
        return items, [ir.Update(var, value) for var, value in end.updates.items()]
    then, new = _flat(end.then, (*path, end.test), side + "y")
    orelse, old = _flat(end.orelse, (*path, ir.Not(end.test)), side + "n")
    return [*items, *then, *orelse], list(_joined(end.test, new, old))


def _asked(step: Step, path: ir.Expr | None) -> Iterator[ir.Item]:
    yield ir.Check(ir.Not(step.error), ir.CheckKind.ASSERT, "", path)
    yield ir.Check(ir.Not(step.cut), ir.CheckKind.CAPACITY, "", path)
    yield ir.Guard(step.passes, path)


def _under(item: ir.Item, path: ir.Expr | None) -> ir.Item:
    return item if path is None else replace(item, path=all_of([path, item.path or TRUE]))


def _renamed(tree: Steps, place: int, name: str) -> Steps:
    old = tree.steps[place].item
    assert isinstance(old, ir.Let | ir.Choose)
    type_ = old.value.type if isinstance(old, ir.Let) else old.type

    def change(expr: ir.Expr) -> ir.Expr:
        return put(expr, old.name, ir.Bound(name, type_))

    def changed(body: Steps, first: int) -> Steps:
        steps = [*body.steps[:first]]
        for s in body.steps[first:]:
            steps.append(
                Step(map_item(s.item, change), change(s.passes), change(s.error), change(s.cut))
            )
        end = body.end
        if isinstance(end, End):
            new = {var: change(value) for var, value in end.updates.items()}
            asked = change(end.passes), change(end.error), change(end.cut)
            return Steps(tuple(steps), End(new, *asked))
        sides = changed(end.then, 0), changed(end.orelse, 0)
        return Steps(
            tuple(steps), replace(end, test=change(end.test), then=sides[0], orelse=sides[1])
        )

    return changed(tree, place + 1)


def _joined(test: ir.Expr, new: list[ir.Update], old: list[ir.Update]) -> Iterator[ir.Update]:
    then, orelse = {u.var: u.value for u in new}, {u.var: u.value for u in old}
    for var in {**then, **orelse}:
        type_ = (then.get(var) or orelse[var]).type
        read = ir.Read(var, type_)
        yield ir.Update(var, ir.Ite(test, then.get(var, read), orelse.get(var, read), type_))


def differences(model: ir.Model) -> tuple[int, list[str]]:
    """How many states were compared, and what a rule and its tree do differently in them."""
    ours, flat = Program(model), Program(flat_model(model))
    seen = set(ours.initial_states())
    queue: deque[State] = deque(seen)
    found: list[str] = []
    while queue and not found:
        state = queue.popleft()
        for rule, other in zip(ours.rules, flat.rules, strict=True):
            for args in rule.args:
                ends = [end for _, end in rule.step(state, args)]
                if _outcomes(ends) != _outcomes([end for _, end in other.step(state, args)]):
                    found.append(f"{rule.rule.name}{args} in {state}")
                for end in ends:
                    if not isinstance(end, Failure) and end not in seen and len(seen) < STATES_MAX:
                        seen.add(end)
                        queue.append(end)
    return len(seen), found


def _outcomes(ends: list[State | Failure]) -> set[object]:
    return {("cut" if e.is_cut else "error") if isinstance(e, Failure) else e for e in ends}


def fuzzing() -> ModuleType:
    """The file beside this one; another folder has one of the same name."""
    file = Path(__file__).parent / "fuzzing.py"
    spec = importlib.util.spec_from_file_location("_twin_fuzzing", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["_twin_fuzzing"] = module
    spec.loader.exec_module(module)
    return module


def main() -> int:
    fuzz = fuzzing()
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=1000, help="how many to compare")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    models = states = bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(given.seed, given.seed + given.models):
            found = fuzz.accepted(fuzz.source_of(seed), Path(folder) / f"model_{seed}.py")
            if found is None:
                continue
            count, wrong = differences(bind(found[0].model))
            models, states, bad = models + 1, states + count, bad + bool(wrong)
            if wrong:
                sys.stdout.write(f"seed {seed}: {wrong[0]}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{models} models, {states} states; {bad} disagree\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
