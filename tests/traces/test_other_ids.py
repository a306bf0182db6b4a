"""Lines that name ids of other sorts: read quickly, with the same verdicts and monitors."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from checker.frontend import load
from checker.traces.mapping import load_mapping
from checker.traces.monitors import AtMostOnce, Monitor, Same
from checker.traces.observe import Observation, observe
from checker.traces.replay import Settings, Verdict
from checker.traces.stream import stream_replay
from checker.traces.stream.lines import Decoder

from .random_logs import damage
from .test_stream import assert_same, everything

MAPPING = """
format = "crashproof/mapping/1"
model = "Dedup"
slice = "MessageId"
order = "{order}"
hidden = ["drop", "expire"]
max_hidden = 0
starts = ["started"]
[ends]
killed = {{ instance = "target" }}
[services.worker]
nodes = "w*"
{ties}
"""
EVENTS = {
    "send": "msg", "begin": "worker, msg", "finish": "worker, msg", "crash": "worker",
}  # fmt: skip
MONITORS: dict[str, Monitor] = {
    "taken_once": AtMostOnce("begin", key="msg", says="a message is taken once"),
    "one_worker": Same("finish", key="msg", fields="worker", says="by one worker"),
}


def observation(folder: Path, order: str, ties: bool) -> Observation:
    text = MAPPING.format(order=order, ties='params = { worker = "worker" }' if ties else "")
    for event, params in EVENTS.items():
        told = ", ".join(f'{name} = "{name}"' for name in params.split(", "))
        logged = "with" if order == "file" else "after"
        text += (
            f'[events.{event}]\nservice = "worker"\nlogged = "{logged}"\nparams = {{ {told} }}\n'
        )
    path = folder / f"{order}_{ties}.toml"
    path.write_text(text)
    return observe(load("dedup"), load_mapping(path))


def log(seed: int, length: int = 36, *, crashes: bool) -> list[dict[str, object]]:
    """Workers that take messages; a few take one again, in a step that is none of the model."""
    draw = random.Random(seed)
    lines: list[dict[str, object]] = []
    seq: dict[str, int] = {}

    def write(node: str, event: str, **fields: str) -> None:
        seq[node] = seq.get(node, 0) + 1
        lines.append({"ts": 1, "node": node, "seq": seq[node], "event": event, **fields})

    sent = 0
    busy: dict[str, str] = {}
    while len(lines) < length:
        worker = draw.choice(["w1", "w2", "w3"])
        if worker in busy:
            write(worker, "finish", worker=worker, msg=busy.pop(worker))
        elif crashes and draw.random() < 0.05:
            write(worker, "crash", worker=worker)
        elif draw.random() < 0.06 and sent:
            message = f"m{draw.randint(1, sent)}"
            write(worker, "begin", worker=worker, msg=message)
            busy[worker] = message
        else:
            sent += 1
            write("w0", "send", msg=f"m{sent}")
            write(worker, "begin", worker=worker, msg=f"m{sent}")
            busy[worker] = f"m{sent}"
    return lines


@pytest.mark.parametrize("seed", range(8))
def test_quickly_and_with_care_the_same_is_said(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = observation(tmp_path, "file" if seed % 3 == 0 else "node", ties=seed % 2 == 0)
    path = tmp_path / "log.jsonl"
    lines = log(seed, crashes=seed % 4 == 3)
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    path.write_bytes(damage(lines, random.Random(seed)) if seed % 4 == 1 else text)
    assert_same(path, own, Settings(width_max=2_000))
    monitors = dict(MONITORS)
    quick = stream_replay([str(path)], own, Settings(width_max=2_000), monitors=monitors)
    monkeypatch.setattr(Decoder, "whole", lambda self, text: None)
    care = stream_replay([str(path)], own, Settings(width_max=2_000), monitors=monitors)
    assert everything(quick) == everything(care)
    assert quick.monitors == care.monitors
    assert quick.coverage == care.coverage


def test_most_lines_are_read_quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from checker.traces.stream.reader import Reader

    own = observation(tmp_path, "file", ties=False)
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in log(1, 2_000, crashes=False)))
    careful = 0
    taken = Reader._taken

    def counted(*args: object) -> object:
        nonlocal careful
        careful += 1
        return taken(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "_taken", counted)
    found = stream_replay([str(path)], own, Settings(), monitors=dict(MONITORS))
    assert {Verdict.ACCEPTED} <= {each.verdict for each in found.slices}
    assert careful < 100


def test_which_worker_it_was_matters_within_a_slice_alone(tmp_path: Path) -> None:
    own = observation(tmp_path, "file", ties=False)
    path = tmp_path / "log.jsonl"
    lines = [
        {"event": "send", "msg": "a"}, {"event": "begin", "worker": "w1", "msg": "a"},
        {"event": "finish", "worker": "w1", "msg": "a"},
        {"event": "send", "msg": "b"}, {"event": "begin", "worker": "w2", "msg": "b"},
        {"event": "finish", "worker": "w2", "msg": "b"},
        {"event": "send", "msg": "c"}, {"event": "begin", "worker": "w1", "msg": "c"},
        {"event": "finish", "worker": "w2", "msg": "c"},
    ]  # fmt: skip
    told = [{"ts": 1, "node": "w0", "seq": n, **line} for n, line in enumerate(lines, 1)]
    path.write_text("".join(json.dumps(line) + "\n" for line in told))
    found = assert_same(path, own, Settings())
    verdicts = {each.keys[0]: each.verdict for each in found.slices}
    assert verdicts == {"a": Verdict.ACCEPTED, "b": Verdict.ACCEPTED, "c": Verdict.REJECTED}
