"""`checker diagnose`: from the command line's values to a report and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from checker import manifest
from checker.catalogue import entries
from checker.errors import ExitCode, UsageError
from checker.report.terminal import page_for
from checker.run import Request, prepare

from .diagnose import Findings, Form, diagnose
from .diagnose_report import diagnosis_object, diagnosis_text
from .inputs import expanded
from .json_text import indented
from .mapping import Mapping, load_mapping, shipped, with_format
from .observe import Observation, observe
from .replay import Replay, Settings
from .stream import stream_replay

__all__ = ["forms_of", "run"]


def run(
    *,
    log: str,
    models: Sequence[str],
    mapping: str | None,
    format: str | None,
    ended: bool,
    max_hidden: int | None,
    json: bool,
) -> ExitCode:
    """Returns the worst code of the models: 0 if each explains the log as it is written."""
    if mapping is not None and len(models) != 1:
        raise UsageError("--mapping is for one model", help="name the model after the log")
    if max_hidden is not None and max_hidden < 0:
        raise UsageError(f"--max-hidden must be at least 0, not {max_hidden}")
    names = list(models) or [entry.name for entry in entries() if shipped(entry.name)]
    settings = Settings(hidden_max=max_hidden, ended=ended, cut_down_max=0)
    page = page_for(sys.stdout)
    codes, objects = [], []
    for name in names:
        path = Path(mapping) if mapping is not None else shipped(name)
        if path is None:
            raise UsageError(
                f"there is no mapping for {name}",
                help="write one (docs/reference/log-format.md) and name it: --mapping FILE.toml",
            )
        found = _held(log, name, with_format(load_mapping(path), format), settings)
        codes.append(found.exit_code())
        objects.append(diagnosis_object(found))
        if not json:
            sys.stdout.write(diagnosis_text(found, page))
    if json:
        sys.stdout.write(indented(objects) + "\n")
    order = (ExitCode.FAILS, ExitCode.UNKNOWN, ExitCode.OK)
    return min(codes, key=order.index, default=ExitCode.OK)


def _held(log: str, model: str, told: Mapping, settings: Settings) -> Findings:
    def hold(observation: Observation, explains: bool) -> Replay:
        return stream_replay(expanded([log]), observation, replace(settings, explains=explains))

    return diagnose(forms_of(model, told), hold)


def forms_of(model: str, told: Mapping) -> list[Form]:
    """The model as it is written, and then each of its variants, seen through a mapping."""
    variants = manifest.built_in().models.get(model)
    forms: list[Form] = [("", "", {}, _observation(Request(model), told))]
    for variant in variants.variants.values() if variants is not None else ():
        seen = _observation(Request(model, variant=variant.name), told)
        forms.append((variant.name, variant.about, dict(variant.constants), seen))
    return forms


def _observation(request: Request, told: Mapping) -> Observation:
    prepared = prepare(request)
    constants = {const.name: const.value for const in prepared.model.consts}
    return observe(prepared.loaded, told, constants=constants)
