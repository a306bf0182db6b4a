"""Random models against the second reference; run by hand for more than CI can afford.

python tests/frontend/fuzzing.py --models 1000 --seed 0
"""

from __future__ import annotations

import argparse
import importlib.util
import linecache
import random
import re
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from checker.backends.python import Program
from checker.errors import ModelRefused
from checker.frontend import Loaded, load_class
from checker.passes.bind import bind

try:
    from .random_models import Generator
    from .second_reference import SecondReference, reachable, sample
except ImportError:  # run as a script
    sys.path.insert(0, str(Path(__file__).parent))
    from random_models import Generator  # type: ignore[no-redef,import-not-found]
    from second_reference import (  # type: ignore[no-redef,import-not-found]
        SecondReference,
        reachable,
        sample,
    )

REPAIRS = 60


def accepted(source: str, path: Path) -> tuple[Loaded, str] | None:
    """The model after taking out what the front end refuses; None if nothing useful is left."""
    for _ in range(REPAIRS):
        path.write_text(source)
        linecache.checkcache(str(path))
        module = imported(path)
        try:
            return load_class(module.Random), source
        except ModelRefused as refused:
            lines = {d.span.line for d in refused.diagnostics}
            source = without(source, lines)
    return None


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"_fuzz_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def without(source: str, refused: set[int]) -> str:
    """The source with these lines, and what is indented below them, passed over."""
    kept: list[str] = []
    depth = None
    for number, line in enumerate(source.splitlines(), start=1):
        indent = len(line) - len(line.lstrip())
        chained = line.strip().startswith(("elif", "else")) and indent == depth
        if depth is not None and line.strip() and (indent > depth or chained):
            continue
        depth = None
        word = line.strip().split(" ")[0].rstrip(":")
        if number in refused and word not in ("def", "class") and not word.startswith("@"):
            depth = indent
            if word in ("elif", "else"):
                continue
            if word == "case":
                kept += [" " * indent + "case _ if False:", " " * indent + "    pass"]
            elif word == "return":
                wanted = "LeadsTo(True, True)" if "LeadsTo" in line else "True"
                kept.append(" " * indent + f"return {wanted}")
            else:
                kept.append(" " * indent + "pass")
            continue
        kept.append(line)
    return "\n".join(kept) + "\n"


def disagreements(seed: random.Random, folder: Path, name: str) -> tuple[list[str], str]:
    """What Python and the IR of one random model say differently, and the model."""
    found = accepted(Generator(seed).model(), folder / f"{name}.py")
    if found is None:
        return [], ""
    loaded, source = found
    model = bind(loaded.model)
    program = Program(model)
    reference = SecondReference(loaded, model, program)
    with reference.running():
        reference.compare_initial()
        for state in sample(reachable(program, 60), 12, seed.randrange(1000)):
            reference.compare_state(state)
    return reference.differences, source


def statements(source: str) -> int:
    body = source[source.index("class Random") :]
    return len([line for line in body.splitlines() if re.match(r"        +[^p ]", line)])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    used = lines = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.seed, given.seed + given.models):
            try:
                differences, source = disagreements(
                    random.Random(number), Path(folder), f"model_{number}"
                )
            except Exception as problem:
                differences, source = [f"{type(problem).__name__}: {problem}"], "x"
            used += bool(source)
            lines += statements(source) if "class Random" in source else 0
            if differences:
                failed += 1
                sys.stdout.write(f"seed {number}: {differences[0]}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{used} models with {lines} statements, {failed} with differences\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
