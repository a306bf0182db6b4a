"""Runs TLC on every twin and writes what it found: .cfg files, manifest.json, README's table.

    python specs/record.py            # writes
    python specs/record.py --check    # says what would change, and exits with 1

Owns the generated files of this folder; the modules are written by hand. `manifest.json` has the
shape of tlaplus/Examples'.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from checker import manifest
from checker.backends.tla import print_module
from checker.run import Prepared, Request, prepare
from checker.twin.tlc import Tools, find_tools, run_tlc
from checker.twin.twin import Spec, Twin, compare, kept_rules, read_spec

HERE = Path(__file__).parent
RESULTS = {0: "success", 12: "safety failure", 13: "liveness failure"}


@dataclass(frozen=True)
class Run:
    """One model and variant: the comparison, and TLC on the .cfg as it is delivered."""

    model: str
    variant: str
    about: str
    title: str
    spec: str  # relative to this folder
    cfg: str
    text: str
    twin: Twin
    result: str
    seconds: float


def twins() -> list[tuple[manifest.ModelRuns, Path]]:
    """The models that have a module here."""
    found = []
    for name, model in manifest.built_in().models.items():
        modules = sorted((HERE / name).glob("*.tla"))
        found += [(model, module) for module in modules[:1]]
    return found


def runs(tools: Tools) -> list[Run]:
    return [
        run(model, variant, module, tools)
        for model, module in twins()
        for variant in ("", *model.variants)
    ]


def run(model: manifest.ModelRuns, variant: str, module: Path, tools: Tools) -> Run:
    prepared = prepare(Request(model.name, variant))
    spec = read_spec(str(module))
    source = kept_rules(prepared.loaded.model, prepared.model)
    twin = compare(source, prepared.model, tools, spec)
    text = cfg_text(prepared, spec, model, variant)
    name = module.stem + (f"_{variant}" if variant else "") + ".cfg"
    done = run_tlc(tools, spec.files, spec.module, text)
    return Run(
        model.name,
        variant,
        model.variants[variant].about if variant else "",
        prepared.model.doc.strip().splitlines()[0] if prepared.model.doc else model.name,
        f"{model.name}/{module.name}",
        f"{model.name}/{name}",
        text,
        twin,
        RESULTS[done.code],
        done.seconds,
    )


def cfg_text(prepared: Prepared, spec: Spec, model: manifest.ModelRuns, variant: str) -> str:
    """The printed configuration, without what this module does not declare."""
    printed = print_module(prepared.loaded.model, values=prepared.model)
    text = printed.cfg
    code = re.sub(r"\\\*.*|\(\*.*?\*\)", "", spec.text)
    for name in ("None", "no_step_error", "nothing_is_cut"):
        if not re.search(rf"\b{name}\b", code):
            text = re.sub(rf"^    {name}\b.*\n", "", text, flags=re.M)
    about = model.variants[variant].about if variant else "the correct form: nothing is violated"
    return f"\\* {model.name}, {variant or 'as it should be'}: {about}.\n\n{text}"


# ── What is written ──────────────────────────────────────────────────────────────────────────────


def manifest_text(found: list[Run]) -> str:
    specifications = []
    for name in dict.fromkeys(r.model for r in found):
        mine = [r for r in found if r.model == name]
        models = []
        for r in mine:
            assert r.twin.tlc is not None
            models.append(
                {
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
            )
        module = {
            "path": f"specs/{mine[0].spec}",
            "communityDependencies": [],
            "tlaLanguageVersion": 2,
            "features": [],
            "models": models,
        }
        specifications.append(
            {
                "path": f"specs/{name}",
                "title": mine[0].title,
                "description": f"The twin of models/{name}.py",
                "sources": [],
                "authors": [],
                "tags": [],
                "modules": [module],
            }
        )
    return json.dumps({"specifications": specifications}, indent=2, ensure_ascii=False) + "\n"


def depth_of(twin: Twin) -> int:
    assert twin.theirs is not None
    return twin.theirs.depth()


def table_text(found: list[Run]) -> str:
    lines = [
        "| model | variant | states | edges | generated | depth | verdicts | TLC on the .cfg |",
        "|---|---|--:|--:|--:|--:|---|---|",
    ]
    for r in found:
        twin = r.twin
        assert twin.tlc is not None and twin.theirs is not None
        numbers = [
            (len(twin.ours.edges), len(twin.theirs.edges)),
            (twin.ours.edge_count, twin.theirs.edge_count),
            (twin.ours.generated, twin.tlc.generated),
            (twin.ours.depth(), twin.theirs.depth()),
        ]
        cells = [f"{a:,}" if a == b else f"**{a:,} / {b:,}**" for a, b in numbers]
        broken = [name for name, _, _, verdict in twin.verdicts if verdict == "FAILS"]
        verdicts = f"`{'`, `'.join(broken)}` FAILS" if broken else "all hold"
        same = "equal" if twin.equal else "**different**"
        name = f"[{r.model}]({r.spec})"
        row = [name, r.variant or "–", *cells, f"{verdicts}, {same}", r.result]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def readme_text(found: list[Run]) -> str:
    old = (HERE / "README.md").read_text(encoding="utf-8")
    head, _, rest = old.partition("<!-- table -->\n")
    _, _, tail = rest.partition("<!-- end -->")
    return f"{head}<!-- table -->\n{table_text(found)}<!-- end -->{tail}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Run TLC on every twin and record the results.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    given = parser.parse_args()
    found = runs(find_tools())
    files = {HERE / r.cfg: r.text for r in found}
    files[HERE / "manifest.json"] = manifest_text(found)
    files[HERE / "README.md"] = readme_text(found)
    stale = []
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path)
            if not given.check:
                path.write_text(text, encoding="utf-8")
    for path in stale:
        sys.stdout.write(f"{'stale' if given.check else 'wrote'}: {path.name}\n")
    different = [r for r in found if not r.twin.equal]
    for r in different:
        sys.stdout.write(f"different: {r.model} {r.variant}\n")
    return 1 if different or (stale and given.check) else 0


if __name__ == "__main__":
    sys.exit(main())
