"""Random models, printed as TLA+ and run under TLC: states, edges, facts and verdicts compared.

The sources are those of tests/frontend/random_models.py, every other one with a process; strong
fairness, `@at_rest` and the other temporal forms are added. By hand, for more than CI can afford:

    python tests/twin/fuzzing.py --models 600 --seed 0
"""

from __future__ import annotations

import argparse
import importlib.util
import linecache
import random
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from checker.backends.python import Program
from checker.errors import ModelRefused, UsageError
from checker.frontend import Loaded, load_class
from checker.passes.bind import bind
from checker.twin.sides import model_side
from checker.twin.tlc import Tools, find_tools
from checker.twin.twin import Twin, compare

STATES_MAX = 400
REPAIRS = 60


def _generators() -> ModuleType:
    file = Path(__file__).parents[1] / "frontend" / "random_models.py"
    return _module(file, "_random_models")


def _module(file: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def source_of(seed: int) -> str:
    """A model's source: a random one, made fair and live in more ways."""
    draw = random.Random(seed)
    text: str = _generators().Generator(draw, processes=seed % 2 == 1).model()
    names = "at_rest, AlwaysEventually, Eventually, EventuallyAlways"
    text = text.replace("\n\nclass W", f"\nfrom checker import {names}\n\nclass W", 1)

    def fair(match: re.Match[str]) -> str:
        return draw.choice(['@action(fair="weak")', '@action(fair="strong")', "@action"])

    text = re.sub(r"@action(?:\(fair=\"weak\"\))?(?=\n)", fair, text)
    if draw.random() < 0.5:
        form = draw.choice(["Eventually", "AlwaysEventually", "EventuallyAlways"])
        text = re.sub(r"-> LeadsTo:", f"-> {form}:", text)
        text = re.sub(r"return LeadsTo\((.*), .*\)\n", rf"return {form}(\1)\n", text)
    if draw.random() < 0.5:
        text = re.sub(r"@invariant\n", "@at_rest\n", text, count=1)
    return text


def accepted(source: str, path: Path) -> tuple[Loaded, str] | None:
    """The model after taking out what the front end refuses; None if nothing useful is left."""
    fuzzing = _module(Path(__file__).parents[1] / "frontend" / "fuzzing.py", "_frontend_fuzzing")
    for _ in range(REPAIRS):
        path.write_text(source)
        linecache.checkcache(str(path))
        try:
            module = _module(path, f"_twin_{path.stem}")
            return load_class(module.Random), source
        except ModelRefused as refused:
            source = fuzzing.without(source, {d.span.line for d in refused.diagnostics})
        except SyntaxError:
            return None
    return None


@dataclass(frozen=True)
class Result:
    """`skipped` says why a model was of no use."""

    source: str
    skipped: str = ""
    twin: Twin | None = None
    problem: str = ""

    @property
    def bad(self) -> bool:
        return bool(self.problem) or (self.twin is not None and not self.twin.equal)

    def __str__(self) -> str:
        if self.problem:
            return self.problem
        found = self.twin.differences if self.twin else []
        return "; ".join(f"{d.kind} {d.action} {d.words}" for d in found[:3])


def run(seed: int, folder: Path, tools: Tools) -> Result:
    """One random model, on both sides."""
    source = source_of(seed)
    found = accepted(source, folder / f"model_{seed}.py")
    if found is None:
        return Result(source, "refused")
    return checked(*found, tools)


def checked(loaded: Loaded, source: str, tools: Tools) -> Result:
    model = bind(loaded.model)
    try:
        side = model_side(Program(model), states_max=STATES_MAX)
        if side.capped:
            return Result(source, "too large")
        if len(side.edges) < 3:
            return Result(source, "next to nothing happens")
        return Result(source, twin=compare(loaded.model, model, tools, seconds_max=120))
    except UsageError as problem:
        return Result(source, problem=str(problem))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=500, help="how many to compare")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no model after that")
    parser.add_argument("--keep", type=Path, help="a folder for the models that disagree")
    given = parser.parse_args()
    tools = find_tools()
    skipped: dict[str, int] = {}
    compared = bad = states = edges = flips = failing = 0
    seed, began = given.seed, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        while compared < given.models and time.monotonic() < began + given.seconds:
            result = run(seed, Path(folder), tools)
            seed += 1
            if result.skipped:
                skipped[result.skipped] = skipped.get(result.skipped, 0) + 1
                continue
            compared += 1
            if result.twin is not None:
                states += len(result.twin.ours.edges)
                edges += result.twin.ours.edge_count
                flips += result.twin.flip
                failing += any(f["StepError"] or f["Cut"] for f in result.twin.ours.facts.values())
            if result.bad:
                bad += 1
                sys.stdout.write(f"seed {seed - 1}: {result}\n")
                sys.stdout.flush()
                if given.keep:
                    (given.keep / f"seed_{seed - 1}.py").write_text(result.source)
    sys.stdout.write(
        f"{compared} models up to seed {seed - 1}, {states} states, {edges} edges, {flips} with a "
        f"flip bit, {failing} with step errors or cuts; skipped {skipped}; {bad} disagree\n"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
