"""What the tests of all labs share: a run, or a skip, and what its log is held against."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from checker.cli import main
from checker.frontend import load
from checker.traces.jsonl import read_logs
from checker.traces.lab import LABS, LabResult, LabUnavailable, components
from checker.traces.lab.broker import broker_of
from checker.traces.lab.watch import watched
from checker.traces.mapping import load_mapping, shipped
from checker.traces.observe import observe
from checker.traces.replay import Replay, Settings, replay


def run(lab: str, out: Path, variant: str, *, seed: int = 1, **more: Any) -> LabResult:
    """A run, or a skip where nothing is installed and nothing required."""
    servers = {"postgres", more.get("broker") or LABS[lab].brokers[0]}
    try:
        return LABS[lab].run(seed=seed, out=out, variant=variant, **more)
    except LabUnavailable as missing:
        skip_unless_required(missing, servers)


def skip_unless_required(missing: LabUnavailable, servers: set[str]) -> NoReturn:
    """Raises: LabUnavailable, where CRASHPROOF_REQUIRE names one of them."""
    if servers & set(os.environ.get("CRASHPROOF_REQUIRE", "").split(",")):
        raise missing
    pytest.skip(str(missing))


@contextmanager
def given_servers() -> Iterator[None]:
    """Servers at URLs in the environment: those that are there, or else some started here."""
    with watched(120) as watch, components.temporary_folder() as folder, ExitStack() as made:
        patch = made.enter_context(pytest.MonkeyPatch.context())
        try:
            nats = made.enter_context(broker_of("nats").server(folder, watch))
            postgres = made.enter_context(components.postgres(folder, watch))
        except LabUnavailable as missing:
            skip_unless_required(missing, {"postgres", "nats"})
        patch.setenv("CRASHPROOF_NATS", nats.url)
        patch.setenv("CRASHPROOF_POSTGRES", postgres.url)
        yield


def held_against(model: str, log: Path) -> Replay:
    mapping = load_mapping(shipped(model))
    read = read_logs([str(log)], mapping.wanted())
    return replay(read, observe(load(model), mapping), Settings(ended=True))


def found(replayed: Replay) -> set[str]:
    return {key for part in replayed.slices if part.verdict.name == "REJECTED" for key in part.keys}


def unfinished(replayed: Replay) -> set[str]:
    return {key for part in replayed.slices if part.pending for key in part.keys}


def minimal_of(log: Path, model: str, capsys: pytest.CaptureFixture[str]) -> list[str | None]:
    """The least forms that `checker diagnose` names; None is the model as it is written."""
    with pytest.raises(SystemExit):
        main(["diagnose", str(log), model, "--ended", "--json"])
    (told,) = json.loads(capsys.readouterr().out)
    return [form["variant"] for form in told["candidates"] if form["minimal"]]
