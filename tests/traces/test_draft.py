"""`checker mapping new` drafts a mapping that is accepted as it is, and overwrites nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker import cli
from checker.frontend import load
from checker.traces.adapters import Record
from checker.traces.draft import draft
from checker.traces.likeness import Seen, alike, service_of
from checker.traces.mapping import load_mapping
from checker.traces.observe import observe

RECORDED = Path(__file__).parent / "lab" / "recorded"
SAMPLES = Path(__file__).parent / "samples"


def checker(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    return int(ended.value.code or 0)


def test_the_draft_for_the_labs_log_is_accepted_by_replay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, out = str(RECORDED / "outbox_correct.jsonl"), str(tmp_path / "mapping.toml")
    assert checker("mapping", "new", "outbox", log, "--out", out) == 0
    assert "4 of 6 rules mapped" in capsys.readouterr().out
    text = Path(out).read_text()
    for told in (
        'slice = "OrderId"  # guess: 1607 lines name 200 ids or more of it',
        'hidden = ["crash_relay", "redeliver"]',
        'starts = ["started"]  # guess',
        'killed = { clean = false, instance = "target" }  # guess',
        'nodes = "relay-*"',
        'params = { order = "order" }  # guess: by name',
        '# facts.shipped = "self.shipped.count(order)"  # does it say this of the state? seen: 1',
    ):
        assert told in text
    assert checker("replay", "outbox", log, "--mapping", out) == 0
    assert "400 ACCEPTED" in capsys.readouterr().out
    # With the fact that it suggests, the broken service's log is rejected.
    Path(out).write_text(text.replace("# facts.shipped", "facts.shipped"))
    broken = str(RECORDED / "outbox_no_deduplication.jsonl")
    assert checker("replay", "outbox", broken, "--mapping", out) == 1


def test_instances_of_several_places_are_of_one_service(tmp_path: Path) -> None:
    lines = []
    for node in ("worker-a-1", "worker-b-1", "worker-b-2"):
        for seq, event in enumerate(("begin", "finish"), 1):
            line = {"ts": 1, "node": node, "seq": seq, "event": event, "message": f"m-{node}"}
            lines.append(json.dumps({**line, "worker": node}))
    lines.append(json.dumps({"ts": 1, "node": "producer-1", "seq": 1, "event": "send"}))
    log, out = tmp_path / "log.jsonl", tmp_path / "mapping.toml"
    log.write_text("\n".join(lines) + "\n")
    assert checker("mapping", "new", "dedup", str(log), "--out", str(out)) == 0
    text = out.read_text()
    assert '[services.worker]  # guess: 3 nodes\nnodes = "worker-*"' in text
    assert '[events.begin]  # guess: the rule begin\nservice = "worker"' in text


@pytest.mark.parametrize(
    ("name", "file", "mapped"),
    [
        ("logfmt", "structlog.logfmt", 4),
        ("otlp", "otlp-spans.jsonl", 4),
        ("pgoutput", "pgoutput.bin", 1),
        ("wal2json", "wal2json-v2.jsonl", 1),
        ("kcat", "kcat.jsonl", 0),
    ],
)
def test_drafts_for_other_formats_are_mappings(
    name: str, file: str, mapped: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "mapping.toml")
    log = str(SAMPLES / file)
    assert checker("mapping", "new", "outbox", log, "--format", name, "--out", out) == 0
    assert f"{mapped} of 6 rules mapped" in capsys.readouterr().out
    assert checker("replay", "outbox", log, "--mapping", out) == (0 if mapped else 3)


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mapping.toml"
    out.write_text("mine")
    log = str(RECORDED / "outbox_correct.jsonl")
    assert checker("mapping", "new", "outbox", log, "--out", str(out)) == 2
    assert out.read_text() == "mine"
    assert "exists" in capsys.readouterr().err
    missing = str(tmp_path / "none" / "mapping.toml")
    assert checker("mapping", "new", "outbox", log, "--out", missing) == 2
    assert checker("mapping", "new", "outbox", str(tmp_path / "none.jsonl")) == 2
    assert checker("mapping", "new", "outbox", str(SAMPLES / "structlog.logfmt")) == 2


@pytest.mark.parametrize("name", ["outbox", "dedup", "saga", "relay_outbox", "two_phase_commit"])
def test_a_draft_of_any_log_is_a_mapping_that_fits_the_model(name: str, tmp_path: Path) -> None:
    # Hostile names: nothing of a log ends a string, a comment or a line of the draft.
    loaded = load(name)
    seen = Seen()
    hostile = 'x"\n[events.y]\n# \x1b[2J\u202e\u2028\\'
    for rule in loaded.model.rules:
        fields = {param.name: "a" for param in rule.params} | {hostile: 7, "é": None, "n": True}
        seen.add(Record(rule.name.title().replace("_", ""), f"{rule.name}-1", fields))
    seen.add(Record(hostile, hostile, {hostile: hostile}))
    seen.add(Record("started", "[x]*-1", {}))
    path = tmp_path / "mapping.toml"
    text = draft(loaded.model, seen, log=hostile, log_format="jsonl")
    path.write_text(text)
    assert text.replace("\n", "").isprintable()
    found = load_mapping(path)
    observe(loaded, found)
    assert len(found.events) >= len(loaded.model.rules) // 2
    assert hostile in found.ignore


def test_names_are_compared_by_their_words() -> None:
    assert alike("OrderPlaced", "place_order") == 1.0
    assert alike("insert orders", "consume") < 0.6
    assert service_of("relay-12") == "relay"
    assert service_of("7") == "7"


def test_a_field_that_names_causes_gives_the_order(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    lines = [
        {"ts": 0, "node": f"n-{n}", "seq": 1, "event": "publish", "order": "A", "after": []}
        for n in range(2)
    ]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "mapping.toml"
    assert checker("mapping", "new", "outbox", str(log), "--out", str(out)) == 0
    assert load_mapping(out).order.is_marked
