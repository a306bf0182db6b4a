"""Random well-typed models as IR, from the random sources of `tests/frontend/random_models.py`.

Owns nothing of the grammar. Run by hand for more programs than CI can afford:

    python tests/backends/native/random_ir.py --models 1000 --seed 0
    python tests/backends/native/random_ir.py --models 500 --compiled

What is answered differently is shrunk and kept in `kept/`, and a test asks it again from then on.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from checker import ir
from checker.backends.native.shapes import Unsupported
from checker.passes.bind import bind

HERE = Path(__file__).parent
KEPT = HERE / "kept"  # programs that were once answered differently, as small as they got
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "frontend")]

from agreement import Agreement, as_machine_code, as_python, reachable  # noqa: E402
from fuzzing import accepted, without  # noqa: E402
from random_models import Generator  # noqa: E402


def random_models(first: int, count: int, folder: Path) -> Iterator[tuple[int, ir.Model]]:
    """The models of these seeds that the front end accepts, after repairs."""
    for seed in range(first, first + count):
        found = accepted(Generator(random.Random(seed)).model(), folder / f"model_{seed}.py")
        if found is not None:
            yield seed, bind(found[0].model)


def compared(model: ir.Model, states_max: int, *, compiled: bool = False) -> list[str] | None:
    """What the native engine says differently; None, if it refuses the model."""
    try:
        agreement = Agreement(model, as_machine_code if compiled else as_python)
    except Unsupported:
        return None
    agreement.compare(reachable(agreement.program, states_max))
    return agreement.differences


def shrunk(source: str, file: Path, states_max: int) -> str:
    """The source with as many statements passed over as still leave a difference."""

    def differs(text: str) -> bool:
        found = accepted(text, file)
        if found is None:
            return False
        try:
            return bool(compared(bind(found[0].model), states_max))
        except Exception:
            return True

    line = source.count("\n", 0, source.index("class Random"))
    while line < source.count("\n"):
        line += 1
        text = source.splitlines()[line - 1].strip()
        shorter = without(source, {line})
        if text not in ("", "pass") and shorter != source and differs(shorter):
            source = shorter
    return source


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--states", type=int, default=40)
    parser.add_argument("--compiled", action="store_true")
    given = parser.parse_args()
    done = refused = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed, model in random_models(given.seed, given.models, Path(folder)):
            try:
                found = compared(model, given.states, compiled=given.compiled)
            except Exception as problem:
                found = [f"{type(problem).__name__}: {problem}"]
            done += found is not None
            refused += found is None
            if found:
                failed += 1
                print(f"seed {seed}: {found[0]}", flush=True)  # noqa: T201
                source = Generator(random.Random(seed)).model()
                small = shrunk(source, Path(folder) / "shrunk.py", given.states)
                (KEPT / f"seed_{seed}.txt").write_text(small)
    print(f"{done} models compared, {refused} refused, {failed} with differences")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
