"""Runs TLC on every twin and writes what it found: .cfg files, manifest.json, README's table.

    python specs/record.py                  # writes
    python specs/record.py outbox           # this model's, and leaves the others as they are
    python specs/record.py --check          # says what would change, and exits with 1
    python specs/record.py --new outbox     # begins a module with what `checker tla` prints

Owns the generated files of this folder; the modules are written by hand, or begun by `--new`.
`manifest.json` has the shape of tlaplus/Examples'.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker import manifest
from checker.backends.python import Program
from checker.backends.tla import print_module
from checker.run import Prepared, Request, prepare
from checker.twin.sides import model_side
from checker.twin.tlc import Tools, find_tools, run_tlc
from checker.twin.twin import Spec, Twin, compare, kept_rules, needs_flip, read_spec

HERE = Path(__file__).parent
RESULTS = {0: "success", 12: "safety failure", 13: "liveness failure"}


HEAD = (
    "| model | variant | scope | states | edges | generated | depth | verdicts | TLC on the .cfg |"
)

# A twin is compared at the largest scopes of the manifest that have no more states than this.
STATES_MAX = 3_000
# A variant that has no such row is compared at its smallest, up to here; else where the correct
# form is.
ROW_MAX = 20_000

# Models with published counts, which are of all states: dead locals of processes are kept.
PUBLISHED = ("message_handler", "outbox_handler", "outbox_staged")


@dataclass(frozen=True)
class Planned:
    """A model and variant, at the scopes and constants of one row of the manifest."""

    model: manifest.ModelRuns
    variant: str
    row: manifest.Run
    module: Path


@dataclass(frozen=True)
class Run:
    """The comparison, and TLC on the .cfg as it is delivered."""

    plan: Planned
    title: str
    text: str
    twin: Twin
    result: str

    @property
    def name(self) -> str:
        return self.plan.model.name

    @property
    def variant(self) -> str:
        return self.plan.variant

    @property
    def spec(self) -> str:
        """The module's path in this folder."""
        return f"{self.name}/{self.plan.module.name}"

    @property
    def cfg(self) -> str:
        return cfg_of(self.plan)

    @property
    def flip(self) -> bool:
        """Has the module a bit that every step changes?"""
        return self.twin.flip


def cfg_of(plan: Planned) -> str:
    """The configuration's path in this folder."""
    ending = f"_{plan.variant}" if plan.variant else ""
    return f"{plan.model.name}/{plan.module.stem}{ending}.cfg"


def plans(names: Collection[str] = ()) -> list[Planned]:
    """The models that have a module here, or those of these names, with their variants."""
    found = []
    for name, model in manifest.built_in().models.items():
        modules = sorted((HERE / name).glob("*.tla"))
        if modules and (not names or name in names):
            for variant in ("", *model.variants):
                found.append(Planned(model, variant, chosen(model, variant), modules[0]))
    return found


def chosen(model: manifest.ModelRuns, variant: str) -> manifest.Run:
    """The row of the manifest at which the variant is compared.

    All variants of a model share a module, so they all keep the dead locals of processes, or none.
    """
    correct = _row(model, "")
    assert correct is not None, f"{model.name} has no row that fits its module"
    return correct if not variant else _row(model, variant) or correct


def _row(model: manifest.ModelRuns, variant: str) -> manifest.Run | None:
    reductions = model.name not in PUBLISHED
    rows = [r for r in model.runs if r.variant == variant and r.reductions == reductions]
    sizes = {r.distinct: r for r in rows if r.distinct is not None and r.distinct <= ROW_MAX}
    small = [n for n in sizes if n <= STATES_MAX]
    return sizes[max(small)] if small else sizes[min(sizes)] if sizes else None


def request_of(plan: Planned) -> Request:
    row = plan.row
    keeps = not row.reductions
    return Request(plan.model.name, plan.variant, row.constants, row.scopes, keep_dead_locals=keeps)


def run(plan: Planned, tools: Tools, *, delivered: bool = True) -> Run:
    """The comparison; without `delivered` the .cfg is not run again, its result is as recorded."""
    prepared = prepare(request_of(plan))
    spec = read_spec(str(plan.module))
    source = kept_rules(prepared.loaded.model, prepared.model)
    twin = compare(source, prepared.model, tools, spec)
    text = cfg_text(prepared, spec, plan)
    doc = prepared.model.doc.strip()
    title = doc.splitlines()[0] if doc else plan.model.name
    if delivered:
        result = RESULTS[run_tlc(tools, spec.files, spec.module, text).code]
    else:
        result = recorded()[f"specs/{cfg_of(plan)}"]["result"]
    return Run(plan, title, text, twin, result)


def recorded() -> dict[str, dict[str, Any]]:
    """What manifest.json says, by the path of the .cfg file."""
    entries = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))["specifications"]
    return {m["path"]: m for e in entries for module in e["modules"] for m in module["models"]}


def new_module(name: str) -> Path:
    """Writes what `checker tla` prints, for someone to make it better."""
    model = manifest.built_in().models[name]
    row = chosen(model, "")
    prepared = prepare(request_of(Planned(model, "", row, HERE)))
    source = kept_rules(prepared.loaded.model, prepared.model)
    side = model_side(Program(prepared.model), states_max=200_000)
    flip = needs_flip(prepared.model, side)
    printed = print_module(source, values=prepared.model, flip=flip)
    path = HERE / name / f"{printed.module}.tla"
    path.parent.mkdir(exist_ok=True)
    if path.exists():
        raise SystemExit(f"{path} exists")
    keeps = "" if row.reductions else " --keep-dead-locals"
    about = [
        "\\*",
        f"\\* The twin of models/{name}.py: the same variables, actions and properties.",
        f"\\*     checker twin {name} specs/{name}/{path.name}{keeps}",
        "\\* compares their state graphs under TLC.",
    ]
    head, extends, rest = printed.text.partition("\nEXTENDS")
    path.write_text("\n".join([head, *about]) + extends + rest, encoding="utf-8")
    return path


def cfg_text(prepared: Prepared, spec: Spec, plan: Planned) -> str:
    """The printed configuration, without what this module does not declare."""
    printed = print_module(prepared.loaded.model, values=prepared.model)
    text = printed.cfg
    code = re.sub(r"\\\*.*|\(\*.*?\*\)", "", spec.text)
    for name in ("None", "no_step_error", "nothing_is_cut"):
        if not re.search(rf"\b{name}\b", code):
            text = re.sub(rf"^    {name}\b.*\n", "", text, flags=re.M)
    variants, variant = plan.model.variants, plan.variant
    about = variants[variant].about if variant else "the correct form: nothing is violated"
    return f"\\* {plan.model.name}, {variant or 'as it should be'}: {about}.\n\n{text}"


# ── What is written ──────────────────────────────────────────────────────────────────────────────


def manifest_text(found: list[Run], old: str) -> str:
    """The old text with these models in it, in the order of the models' manifest."""
    entries = {entry["path"]: entry for entry in json.loads(old)["specifications"]}
    for name in dict.fromkeys(r.name for r in found):
        entries[f"specs/{name}"] = _entry([r for r in found if r.name == name])
    order = [f"specs/{name}" for name in manifest.built_in().models]
    listed = [entries[path] for path in order if path in entries]
    return json.dumps({"specifications": listed}, indent=2, ensure_ascii=False) + "\n"


def _entry(mine: list[Run]) -> dict[str, object]:
    module = {
        "path": f"specs/{mine[0].spec}",
        "communityDependencies": [],
        "tlaLanguageVersion": 2,
        "features": [],
        "models": [_model(r) for r in mine],
    }
    return {
        "path": f"specs/{mine[0].name}",
        "title": mine[0].title,
        "description": f"The twin of models/{mine[0].name}.py",
        "sources": [],
        "authors": [],
        "tags": [],
        "modules": [module],
    }


def _model(r: Run) -> dict[str, object]:
    assert r.twin.tlc is not None
    return {
        "path": f"specs/{r.cfg}",
        "runtime": "00:00:10",
        "size": "small",
        "mode": "exhaustive search",
        "features": ["liveness"] if "PROPERTIES" in r.text else [],
        "result": r.result,
        "distinctStates": r.twin.tlc.distinct,
        "totalStates": r.twin.tlc.generated,
        "stateDepth": depth_of(r.twin) + 1,
    }


def depth_of(twin: Twin) -> int:
    """In steps; of the graph, or TLC's word for one that is too large to be read."""
    assert twin.tlc is not None
    return twin.theirs.depth() if twin.theirs is not None else twin.tlc.depth - 1


def row_text(r: Run) -> str:
    twin = r.twin
    assert twin.tlc is not None
    if twin.theirs is None:
        return f"| [{r.name}]({r.spec}) | {r.variant} | too large for a table | | | | | | |"
    numbers = [
        (len(twin.ours.edges), len(twin.theirs.edges)),
        (twin.ours.edge_count, twin.theirs.edge_count),
        # With a bit that every step changes, TLC's own number says nothing.
        (twin.ours.generated, twin.ours.generated if r.flip else twin.tlc.generated),
        (twin.ours.depth(), twin.theirs.depth()),
    ]
    cells = [f"{a:,}" if a == b else f"**{a:,} / {b:,}**" for a, b in numbers]
    broken = [name for name, _, _, verdict in twin.verdicts if verdict == "FAILS"]
    verdicts = f"`{'`, `'.join(broken)}` FAILS" if broken else "all hold"
    same = "equal" if twin.equal else "**different**"
    name = f"[{r.name}]({r.spec})" + (" ‡" if r.flip else "")
    scopes = ", ".join(f"{sort}={n}" for sort, n in twin_scopes(r).items())
    row = [name, r.variant or "–", scopes, *cells, f"{verdicts}, {same}", r.result]
    return f"| {' | '.join(row)} |"


def twin_scopes(r: Run) -> dict[str, object]:
    """The sizes of the sorts, and the constants that the row sets beside the variant's."""
    sizes: dict[str, object] = {s.name: s.size for s in r.twin.model.sorts}
    return {**sizes, **r.plan.row.constants}


def readme_text(found: list[Run], old: str) -> str:
    head, _, rest = old.partition("<!-- table -->\n")
    table, _, tail = rest.partition("<!-- end -->")
    rows: dict[str, list[str]] = {}
    for line in table.splitlines()[2:]:
        rows.setdefault(line[3:].partition("]")[0], []).append(line)
    for name in dict.fromkeys(r.name for r in found):
        rows[name] = [row_text(r) for r in found if r.name == name]
    lines = [HEAD, "|---|---|---|--:|--:|--:|--:|---|---|"]
    for name in manifest.built_in().models:
        lines += rows.get(name, [])
    return f"{head}<!-- table -->\n" + "\n".join(lines) + f"\n<!-- end -->{tail}"


def written(found: list[Run]) -> dict[Path, str]:
    """The files that these runs change, and what stands in them then."""
    files = {HERE / r.cfg: r.text for r in found}
    for path, text in ((HERE / "manifest.json", manifest_text), (HERE / "README.md", readme_text)):
        files[path] = text(found, path.read_text(encoding="utf-8"))
    return files


def stale(files: dict[Path, str]) -> list[Path]:
    return [
        path
        for path, text in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Run TLC on the twins and record the results.")
    parser.add_argument("models", nargs="*", help="only these")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--new", action="store_true", help="print modules that are not there")
    given = parser.parse_args()
    if given.new:
        for name in given.models:
            sys.stdout.write(f"wrote: {new_module(name)}\n")
        return 0
    tools = find_tools()
    found = [run(plan, tools) for plan in plans(given.models)]
    files = written(found)
    for path in (changed := stale(files)):
        if not given.check:
            path.write_text(files[path], encoding="utf-8")
        sys.stdout.write(f"{'stale' if given.check else 'wrote'}: {path.name}\n")
    different = [r for r in found if not r.twin.equal]
    for r in different:
        sys.stdout.write(f"different: {r.name} {r.variant}\n")
    return 1 if different or (changed and given.check) else 0


if __name__ == "__main__":
    sys.exit(main())
