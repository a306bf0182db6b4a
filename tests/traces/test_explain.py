"""What is said of a rejection: what would make the line fit, which lines are enough; the page."""

from __future__ import annotations

import html.parser
import json
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.traces.cut_down_file import cut_down_log
from checker.traces.event import Event, Place, printable
from checker.traces.explain import Diagnosis
from checker.traces.html import replay_html
from checker.traces.replay import Replay, Settings
from checker.traces.stream import stream_replay

from .conftest import Held, lines_of, outbox_observation, write
from .test_commands import TWICE, WHOLE, checker

NEVER = WHOLE.replace("place_order A", "place_order B")
AGAIN = WHOLE.replace("mark_sent A, stopped", "mark_sent A, publish A, mark_sent A, stopped")
HOSTILE = "<script>alert(1)</script>'\"&\x1b[2J\u202e"


def diagnosis(found: Replay) -> Diagnosis:
    (only,) = [each.diagnosis for each in found.slices if each.diagnosis is not None]
    return only


def events(found: Diagnosis) -> list[str]:
    assert found.cut_down is not None
    return [event.name for event in found.cut_down.events]


def test_a_line_without_its_cause_names_the_step_that_is_missing(held: Held) -> None:
    (remedy,) = diagnosis(held.text(NEVER)).remedies
    (step,) = remedy.steps
    assert (step.rule, step.args, step.event) == ("place_order", (("order", "A"),), None)
    assert step.service == "producer"


def test_a_cause_that_is_logged_behind_another_line_that_does_not_fit_is_pointed_at(
    held: Held,
) -> None:
    # The producer's first line can be explained by nothing, so its second is never reached.
    text = "producer-1: mark_sent C, place_order A, stopped; relay-1: publish A"
    found = held.text(text, background_max=0)
    (wrong,) = [e.diagnosis for e in found.slices if e.diagnosis is not None]
    assert wrong.candidates[0].event.fields == {"order": "C"}
    text = "producer-1: consume A shipped=1 outcome=shipped, place_order A; relay-1: publish A"
    found = held.text(text, background_max=0)
    first = diagnosis(found)
    steps = {step.rule: step for remedy in first.remedies for step in remedy.steps}
    assert first.candidates[0].event.name in ("consume", "publish")
    place = steps["place_order"].event
    assert place is not None
    assert (place.node, place.seq) == ("producer-1", 2)


def test_nothing_makes_a_contradicted_fact_fit(held: Held) -> None:
    assert diagnosis(held.text(TWICE)).remedies == ()


def test_a_cut_down_log_keeps_why_it_fails(held: Held) -> None:
    found = diagnosis(held.text(AGAIN))
    assert events(found) == ["place_order", "publish", "mark_sent", "publish"]
    assert found.cut_down is not None
    assert found.cut_down.is_least
    assert events(diagnosis(held.text(NEVER))) == ["publish"]


@pytest.mark.parametrize("text", [TWICE, AGAIN, NEVER])
def test_a_cut_down_log_is_rejected_and_without_one_of_its_lines_is_not_for_that_reason(
    text: str, held: Held
) -> None:
    whole = diagnosis(held.text(text))
    assert whole.cut_down is not None
    kept = whole.cut_down.events

    def reason(told: list[Event]) -> list[object]:
        found = held.file(_log(held.folder / "less.jsonl", text, told))
        explained = [each.diagnosis for each in found.slices if each.diagnosis is not None]
        return [
            (c.event.name, [(f.field, f.model) for f in c.facts], [g.text for g in c.guards],
             len(each.remedies))
            for each in explained
            for c in each.candidates[:1]
        ]  # fmt: skip

    wanted = reason(list(kept))
    assert wanted
    for left_out in kept:
        assert reason([event for event in kept if event is not left_out]) != wanted


def _log(path: Path, text: str, told: list[Event]) -> Path:
    """The told lines, and those that end an instance, with new numbers."""
    places = {event.place.line for event in told}
    count: dict[str, int] = {}
    kept = []
    for number, line in enumerate(lines_of(text), 1):
        if number in places or line["event"] == "stopped":
            count[line["node"]] = count.get(line["node"], 0) + 1
            kept.append(line | {"seq": count[line["node"]]})
    path.write_text("".join(json.dumps(line) + "\n" for line in kept))
    return path


@pytest.mark.parametrize("text", [TWICE, AGAIN, NEVER])
def test_the_log_that_is_left_fails_in_the_same_way(text: str, held: Held) -> None:
    observation = outbox_observation()

    def hold(file: str) -> Replay:
        return stream_replay([file], observation, Settings())

    found = hold(str(write(held.folder / "log.jsonl", text)))
    whole = diagnosis(found)
    left = cut_down_log(found, hold)
    assert left is not None
    path = held.folder / "left.jsonl"
    path.write_text(left)
    again = diagnosis(hold(str(path)))
    assert whole.cut_down is not None
    assert again.cut_down is not None
    left_of = [[(e.node, e.name) for e in each.events] for each in (whole.cut_down, again.cut_down)]
    assert left_of[0] == left_of[1]
    first, second = whole.candidates[0], again.candidates[0]
    assert (first.event.name, [f.field for f in first.facts], [g.text for g in first.guards]) == (
        second.event.name, [f.field for f in second.facts], [g.text for g in second.guards]
    )  # fmt: skip
    assert cut_down_log(hold(str(write(path, WHOLE))), hold) is None


def test_a_log_is_not_written_that_would_fail_in_another_way(held: Held) -> None:
    observation = outbox_observation()
    found = held.text(AGAIN, observation)
    accepted = held.file(write(held.folder / "other.jsonl", WHOLE))
    write(held.folder / "log.jsonl", AGAIN)
    with pytest.raises(UsageError, match="do not fail in the same way"):
        cut_down_log(found, lambda file: accepted)


def test_the_command_writes_what_is_left_and_replaces_nothing(tmp_path: Path) -> None:
    lines = "".join(json.dumps(line) + "\n" for line in lines_of(TWICE))
    (tmp_path / "log.jsonl").write_text(lines)
    call = ("replay", "outbox", "log.jsonl", "--cut-down", "left.jsonl")
    done = checker(*call, cwd=tmp_path)
    assert (done.returncode, "left.jsonl: written" in done.stderr) == (1, True)
    (tmp_path / "left.jsonl").write_text("mine")
    done = checker(*call, cwd=tmp_path)
    assert (done.returncode, "left.jsonl exists already" in done.stderr) == (2, True)
    assert (tmp_path / "left.jsonl").read_text() == "mine"
    assert checker(*call, "--force", cwd=tmp_path).returncode == 1
    again = checker("replay", "outbox", "left.jsonl", "--json", cwd=tmp_path)
    assert [each["verdict"] for each in json.loads(again.stdout)["slices"]] == ["REJECTED"]


# ── The page ─────────────────────────────────────────────────────────────────────────────────────


class _Page(html.parser.HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page(found: Replay) -> _Page:
    return _Page(replay_html(found))


def test_a_page_shows_the_steps_the_failing_line_and_why(held: Held) -> None:
    found = page(held.text(TWICE, stories=True))
    classes = [attrs.get("class") for _, attrs in found.tags]
    assert classes.count("step") == 4
    assert classes.count("fails") == 1
    assert "shipped = 2" in found.text
    assert "consumer-1" in found.text


def test_a_page_shows_a_step_that_nobody_logged(held: Held) -> None:
    twice = TWICE.replace("shipped=2 outcome=shipped", "shipped=1 outcome=duplicate")
    text = twice.replace("duplicate, stopped", "duplicate, consume A shipped=7 outcome=shipped")
    found = page(held.text(text, stories=True))
    assert [attrs.get("class") for _, attrs in found.tags].count("hidden") >= 1
    assert "redeliver" in found.text


def test_a_bow_leads_from_a_step_to_the_one_it_made_possible(held: Held) -> None:
    found = diagnosis(held.text(TWICE, stories=True))
    assert found.story is not None
    because = {
        (beat.text, found.story.beats[cause].text)
        for beat in found.story.beats
        for cause in beat.causes
    }
    assert {("publish", "place_order"), ("mark_sent", "publish"), ("consume", "publish")} <= because


def test_a_hostile_log_reaches_the_page_only_as_text(held: Held) -> None:
    path = held.folder / "hostile.jsonl"
    lines = []
    for line in lines_of(NEVER):
        for key in ("order", "node"):
            if key in line:
                line[key] = f"{line[key]}{HOSTILE}"
        lines.append(json.dumps(line) + "\n")
    path.write_text("".join(lines) + '{"' + "<img src=x onerror=alert(1)>" + '"}\n')
    text = replay_html(held.file(path, stories=True))
    assert text.replace("\n", "").isprintable()
    found = _Page(text)
    assert "<script>" in found.text  # as text
    allowed = {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "span", "small",
        "section", "div", "svg", "line", "text", "circle", "path", "g", "table", "tr", "th", "td",
        "code", "ul", "li", "pre",
    }  # fmt: skip
    assert {tag for tag, _ in found.tags} <= allowed
    names = {name for _, attrs in found.tags for name in attrs}
    assert not {name for name in names if name.startswith("on") or name in ("href", "src")}
    assert "default-src 'none'" in text


def test_text_of_a_log_is_cut_and_escaped_before_it_is_shown() -> None:
    event = Event(Place("log", 1), "n", 1, "e\x1b]0;x\x07", {"f": "\u202e" + "x" * 10_000})
    assert str(event).isprintable()
    assert len(str(event)) < 500
    assert printable("\ud800").isascii()


def test_the_command_writes_the_page_beside_its_report(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines_of(TWICE))
    )
    done = checker("replay", "outbox", "log.jsonl", "--html", "out.html", cwd=tmp_path)
    assert done.returncode == 1
    assert "with 4 of its 5 lines it fails alike" in done.stdout
    assert "<svg" in (tmp_path / "out.html").read_text()
    done = checker("replay", "outbox", "log.jsonl", "--html", "no/out.html", cwd=tmp_path)
    assert (done.returncode, "cannot write no/out.html" in done.stderr) == (2, True)
    (tmp_path / "out.html").write_text("mine")
    done = checker("replay", "outbox", "log.jsonl", "--html", "out.html", cwd=tmp_path)
    assert (done.returncode, "out.html exists already" in done.stderr) == (2, True)
    assert (tmp_path / "out.html").read_text() == "mine"
    again = ("log.jsonl", "--html", "out.html", "--force")
    assert checker("replay", "outbox", *again, cwd=tmp_path).returncode == 1
    assert "<svg" in (tmp_path / "out.html").read_text()


def test_json_has_what_would_fit_and_the_cut_down_lines(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines_of(NEVER))
    )
    done = checker("replay", "outbox", "log.jsonl", "--json", cwd=tmp_path)
    (part,) = [e for e in json.loads(done.stdout)["slices"] if e["diagnosis"] is not None]
    ((step,),) = part["diagnosis"]["would_fit_after"]
    assert (step["rule"], step["args"], step["line"]) == ("place_order", {"order": "A"}, None)
    assert [line["line"] for line in part["diagnosis"]["cut_down"]["lines"]] == [3]


def test_the_variant_is_told_apart_on_the_page_too(held: Held) -> None:
    text = replay_html(held.text(WHOLE, outbox_observation(deduplicate=False), stories=True))
    assert "deduplicate=False" in text
    assert "<section>" not in text
