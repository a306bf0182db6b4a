"""What each model is expected to give: variants, verdicts, counts and lengths, from a TOML file.

Owns the file's form, its errors, and the comparison with an outcome. Every count in it is that of a
complete exploration; a run that was cut has none.

    [outbox]                                    # built in, or yours: model = "shop.py:Outbox"
    [outbox.variants.no_deduplication]
    about = "the consumer ships at every delivery"
    set = { deduplicate = false }

    [[outbox.runs]]
    variant = "no_deduplication"                # without it: the model as it is written
    scopes = { OrderId = 2 }                    # without it: the scopes that the model declares
    set = { retries = 1 }                       # beside what the variant sets
    reductions = false                          # as with --keep-dead-locals; without it: true
    distinct = 343
    orbits = 175                                # states up to renaming ids
    properties = { no_order_ships_twice = { verdict = "FAILS", steps = 5 } }
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .catalogue import closest
from .errors import UsageError
from .explore.outcome import Outcome, PropertyResult, Verdict

__all__ = [
    "Expected",
    "Manifest",
    "ModelRuns",
    "Run",
    "Variant",
    "built_in",
    "differences",
    "load",
    "orbit_differences",
    "with_orbits",
]


@dataclass(frozen=True)
class Variant:
    """The model with other constants; their values are written as `--set` takes them."""

    name: str
    about: str
    constants: Mapping[str, str]


@dataclass(frozen=True)
class Expected:
    """What a property should give. A witness that is seen HOLDS, one that is never seen FAILS."""

    verdict: Verdict
    steps: int | None = None


@dataclass(frozen=True)
class Run:
    """One exploration; what is None is not compared."""

    variant: str
    scopes: Mapping[str, int]
    constants: Mapping[str, str]
    distinct: int | None
    orbits: int | None
    generated: int | None
    depth: int | None
    exit: int | None
    slow: bool
    reductions: bool
    properties: Mapping[str, Expected]


@dataclass(frozen=True)
class ModelRuns:
    """One table of the manifest."""

    name: str
    target: str
    variants: Mapping[str, Variant]
    runs: tuple[Run, ...]

    def variant(self, name: str) -> Variant:
        """Raises: UsageError, naming the variants there are."""
        if name not in self.variants:
            known = ", ".join(self.variants)
            raise UsageError(
                f"{self.name} has no variant {name!r}",
                help=f"it has {known}{closest(name, self.variants)}" if known else "it has none",
            )
        return self.variants[name]


@dataclass(frozen=True)
class Manifest:
    path: Path
    models: Mapping[str, ModelRuns]


def built_in() -> Manifest:
    """The manifest of the catalogue."""
    from importlib.resources import files

    return load(Path(str(files("checker.models").joinpath("manifest.toml"))))


def load(path: Path) -> Manifest:
    """Raises: UsageError with the file, and the line and key of what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        raise UsageError(f"{path} is not a text file in UTF-8") from problem
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(f"{path} is not TOML: {problem}") from problem
    reader = _Reader(path, text)
    models = {name: reader.model(name, table) for name, table in tables.items()}
    return Manifest(path, models)


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Reader:
    path: Path
    text: str

    def wrong(self, where: tuple[str, ...], message: str, help: str = "") -> UsageError:
        shown = ".".join(where)
        return UsageError(f"{self.path}:{self._line(where)}: `{shown}` {message}", help=help)

    def _line(self, where: tuple[str, ...]) -> int:
        # tomllib keeps no lines: find each key of the path behind the one before.
        position = 0
        for part in where:
            if index := re.fullmatch(r"(\w+)\[(\d+)\]", part):
                header = rf"(?m)^\s*\[\[\s*{re.escape(where[0])}\s*\.\s*{index[1]}\s*\]\]"
                starts = [found.start() for found in re.finditer(header, self.text)]
                position = starts[int(index[2])] if int(index[2]) < len(starts) else position
            elif found := re.compile(rf"\b{re.escape(part)}\b").search(self.text, position):
                position = found.start()
        return self.text.count("\n", 0, position) + 1

    def keys(self, where: tuple[str, ...], table: Any, known: tuple[str, ...]) -> None:
        if not isinstance(table, dict):
            raise self.wrong(where, "has to be a table")
        for key in table:
            if known and key not in known:
                raise self.wrong(
                    (*where, key),
                    "is not known",
                    f"known are {', '.join(known)}{closest(key, known)}",
                )

    def model(self, name: str, table: Any) -> ModelRuns:
        where = (name,)
        self.keys(where, table, ("model", "variants", "runs"))
        target = table.get("model", name)
        if not isinstance(target, str):
            raise self.wrong((*where, "model"), "has to be a text such as shop.py:Outbox")
        if ".py" in target:  # a path counts from the manifest's own folder
            target = str(self.path.parent / target)
        self.keys((*where, "variants"), table.get("variants", {}), ())
        variants = {
            key: self.variant((*where, "variants", key), key, value)
            for key, value in table.get("variants", {}).items()
        }
        runs = table.get("runs", [])
        if not isinstance(runs, list):
            raise self.wrong((*where, "runs"), f"has to be written as [[{name}.runs]]")
        read = tuple(
            self.run((*where, f"runs[{index}]"), run, variants) for index, run in enumerate(runs)
        )
        return ModelRuns(name, target, variants, read)

    def variant(self, where: tuple[str, ...], name: str, table: Any) -> Variant:
        self.keys(where, table, ("about", "set"))
        about = table.get("about", "")
        if not isinstance(about, str):
            raise self.wrong((*where, "about"), "has to be a text")
        return Variant(name, about, self.constants(where, table))

    def constants(self, where: tuple[str, ...], table: Any) -> dict[str, str]:
        given = table.get("set", {})
        self.keys((*where, "set"), given, ())
        for key, value in given.items():
            if not isinstance(value, bool | int | str):
                raise self.wrong((*where, "set", key), "has to be true, false, a number or a name")
        return {key: _as_text(value) for key, value in given.items()}

    def run(self, where: tuple[str, ...], table: Any, variants: Mapping[str, Variant]) -> Run:
        known = (
            "variant",
            "scopes",
            "set",
            "distinct",
            "orbits",
            "generated",
            "depth",
            "exit",
            "slow",
            "reductions",
            "properties",
        )
        self.keys(where, table, known)
        variant = table.get("variant", "")
        if not isinstance(variant, str) or (variant and variant not in variants):
            raise self.wrong(
                (*where, "variant"),
                f"is {variant!r}, which is not one of the variants above",
                f"they are {', '.join(variants) or '(none)'}",
            )
        scopes = table.get("scopes", {})
        self.keys((*where, "scopes"), scopes, ())
        for key in scopes:
            self.number((*where, "scopes", key), scopes, at_least=1)
        slow, reductions = table.get("slow", False), table.get("reductions", True)
        for key, value in (("slow", slow), ("reductions", reductions)):
            if not isinstance(value, bool):
                raise self.wrong((*where, key), "has to be true or false")
        properties = table.get("properties", {})
        self.keys((*where, "properties"), properties, ())
        return Run(
            variant=variant,
            scopes=dict(scopes),
            constants=self.constants(where, table),
            distinct=self.number((*where, "distinct"), table, at_least=1),
            orbits=self.number((*where, "orbits"), table, at_least=1),
            generated=self.number((*where, "generated"), table, at_least=1),
            depth=self.number((*where, "depth"), table),
            exit=self.number((*where, "exit"), table),
            slow=slow,
            reductions=reductions,
            properties={
                key: self.expected((*where, "properties", key), value)
                for key, value in properties.items()
            },
        )

    def number(self, where: tuple[str, ...], table: Any, at_least: int = 0) -> int | None:
        value = table.get(where[-1])
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
            raise self.wrong(where, f"has to be a whole number of at least {at_least}")
        return value

    def expected(self, where: tuple[str, ...], value: Any) -> Expected:
        table = {"verdict": value} if isinstance(value, str) else value
        self.keys(where, table, ("verdict", "steps"))
        words = [v.value for v in Verdict]
        if table.get("verdict") not in words:
            raise self.wrong(where, f"needs a verdict: one of {', '.join(words)}")
        return Expected(Verdict(table["verdict"]), self.number((*where, "steps"), table))


def _as_text(value: bool | int | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# ── Comparing ────────────────────────────────────────────────────────────────────────────────────


def differences(run: Run, outcome: Outcome) -> list[str]:
    """What came out otherwise, one sentence each; empty if all is as expected."""
    counts = [
        ("distinct", run.distinct, outcome.distinct),
        ("generated", run.generated, outcome.generated),
        ("depth", run.depth, outcome.depth),
        ("exit", run.exit, int(outcome.exit_code())),
    ]
    found = [
        f"{name}: expected {wanted:,}, found {got:,}"
        for name, wanted, got in counts
        if wanted is not None and wanted != got
    ]
    if not outcome.complete:
        limits = ", ".join(limit.name for limit in outcome.limits) or "unknown"
        found.append(f"the exploration was cut: {limits}")
    results = {p.name: p for p in outcome.properties}
    # No model is expected to have a step error, so a manifest has to speak of one only if it does.
    expected = {"no_step_error": Expected(Verdict.HOLDS)} | dict(run.properties)
    for name, wanted in expected.items():
        if name not in results:
            found.append(f"{name}: there is no such property")
        elif (said := _said(wanted, results[name])) is not None:
            found.append(f"{name}: {said}")
    # A property that nobody expected anything of is one that nobody would miss.
    found += [f"{name}: not in the manifest" for name in results if name not in expected]
    return found


def orbit_differences(run: Run, outcome: Outcome, reduced: Outcome) -> list[str]:
    """What the search of one state of each orbit found otherwise than the full one, and than
    expected. Both are without liveness, or the full one has properties beyond.
    """
    reduction = reduced.reduction
    if reduction is None or not reduction.sorts:
        said = reduction.off if reduction is not None else "no sort has two ids"
        return [] if run.orbits is None else [f"orbits: expected {run.orbits:,}, but {said}"]
    pairs = [
        ("orbits", run.orbits, reduced.distinct),
        ("states by the sizes of their orbits", outcome.distinct, reduction.states),
        ("generated by the sizes of orbits", outcome.generated, reduction.generated),
        ("depth of the orbits", outcome.depth, reduced.depth),
    ]
    found = [
        f"{name}: expected {wanted:,}, found {'nothing' if got is None else format(got, ',')}"
        for name, wanted, got in pairs
        if wanted is not None and wanted != got
    ]
    full = {p.name: Expected(p.verdict, p.steps) for p in outcome.properties}
    for result in reduced.properties:
        if (said_of := _said(full[result.name], result)) is not None:
            found.append(f"{result.name} on one state of each orbit: {said_of}")
    return found


def _said(wanted: Expected, got: PropertyResult) -> str | None:
    if wanted.verdict is not got.verdict:
        return f"expected {wanted.verdict.value}, found {got.verdict.value}"
    if wanted.steps is not None and wanted.steps != got.steps:
        return f"expected {wanted.steps} steps, found {got.steps}"
    return None


# ── Recording ────────────────────────────────────────────────────────────────────────────────────


def with_orbits(text: str, counts: Mapping[tuple[str, int], int]) -> str:
    """The text of a manifest with the number of orbits in some rows: (model, number of its row).

    >>> print(with_orbits("[[a.runs]]\\ndistinct = 6\\nexit = 0", {("a", 0): 2}))
    [[a.runs]]
    distinct = 6
    orbits = 2
    exit = 0
    """
    lines, row, seen = [], ("", 0), dict[str, int]()
    for line in text.split("\n"):
        lines.append(line)
        if header := re.match(r"\s*\[\[\s*(\w+)\s*\.\s*runs\s*\]\]", line):
            row = header[1], seen.get(header[1], 0)
            seen[row[0]] = row[1] + 1
        elif re.match(r"\s*distinct\s*=", line) and row in counts:
            lines.append(f"orbits = {counts[row]}")
    return "\n".join(lines)
