"""The catalogue gives what its manifest says, and a wrong manifest is refused with the place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from checker import catalogue, manifest
from checker.commands.verify import verified
from checker.errors import UsageError
from checker.explore.symmetry import symmetry_of
from checker.run import Request, prepare

KNOWN = manifest.built_in()
QUICK = list(KNOWN.models)


@pytest.mark.parametrize("name", QUICK)
def test_the_catalogue_gives_what_the_manifest_says(name: str) -> None:
    for one in verified(KNOWN, [name]):
        assert one.differences == (), f"{name} {one.run.variant} {one.run.scopes}"


@pytest.mark.parametrize("name", QUICK)
def test_every_row_with_interchangeable_ids_pins_its_orbits(name: str) -> None:
    """So the test above searches each of them twice: in full and by orbits. Which ids are
    interchangeable is asked of the correct form, and of its variants when all tests are run.
    """
    assert_orbits_are_pinned(name, [run for run in KNOWN.models[name].runs if not run.variant])


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_every_variant_with_interchangeable_ids_pins_its_orbits(name: str) -> None:
    assert_orbits_are_pinned(name, [run for run in KNOWN.models[name].runs if run.variant])


def assert_orbits_are_pinned(name: str, runs: list[manifest.Run]) -> None:
    for run in runs:
        request = Request(
            name,
            variant=run.variant,
            constants=run.constants,
            scopes=run.scopes,
            keep_dead_locals=not run.reductions,
        )
        model = prepare(request).model
        safety = tuple(prop for prop in model.props if not prop.kind.is_liveness)
        reducible = symmetry_of(replace(model, props=safety))[0] is not None
        if reducible is (run.orbits is None):
            assert reducible and run.slow, f"{run.variant} {run.scopes}"


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_so_do_the_slow_runs(name: str) -> None:
    for one in verified(KNOWN, [name], slow=True, orbits=True):
        assert one.differences == (), f"{name} {one.run.variant} {one.run.scopes}"


def test_every_model_is_in_the_manifest_and_every_variant_is_run() -> None:
    assert sorted(KNOWN.models) == [entry.name for entry in catalogue.entries()]
    for model in KNOWN.models.values():
        assert {run.variant for run in model.runs} == {"", *model.variants}


def test_every_variant_shows_what_goes_wrong() -> None:
    for model in KNOWN.models.values():
        for run in model.runs:
            fails = [e for e in run.properties.values() if e.verdict.value == "FAILS" and e.steps]
            assert bool(fails) is bool(run.variant), f"{model.name} {run.variant}"


def test_a_wrong_number_of_orbits_is_a_difference(tmp_path: Path) -> None:
    rows = "[[two_phase_commit.runs]]\norbits = 79\n[[outbox.runs]]\nscopes = { OrderId = 1 }\n"
    file = tmp_path / "own.toml"
    file.write_text(rows + "orbits = 5\n")
    wrong, single = verified(manifest.load(file))
    assert wrong.differences[-1] == "orbits: expected 79, found 80"
    assert single.differences[-1] == "orbits: expected 5, but no sort has two ids"


def test_orbits_are_recorded_in_rows_that_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from checker.commands.verify import run

    file = tmp_path / "own.toml"
    text = "\n".join([
        "[[two_phase_commit.runs]]", "distinct = 288  # as published", "",
        "[two_phase_commit.runs.properties]", 'nobody_commits_while_another_aborts = "HOLDS"',
        'everybody_has_decided = "HOLDS"', 'all_can_commit = "HOLDS"', 'all_can_abort = "HOLDS"',
        "",
    ])  # fmt: skip
    file.write_text(text)
    asked = {"models": (), "manifest": str(file), "slow": False, "json": False}
    assert run(**asked, record=False) == 0  # type: ignore[arg-type]
    assert file.read_text() == text
    assert run(**asked, record=True) == 0  # type: ignore[arg-type]
    recorded = file.read_text()
    assert recorded == text.replace("published\n", "published\norbits = 80\n")
    assert run(**asked, record=True) == 0  # type: ignore[arg-type]
    assert file.read_text() == recorded
    file.write_text(text.replace("288", "289"))
    assert run(**asked, record=True) == 1  # type: ignore[arg-type]
    assert "orbits" not in file.read_text()
    capsys.readouterr()


WRONG = [
    ("[outbox\n", "is not TOML"),
    ("outbox = 3\n", ":1: `outbox` has to be a table"),
    ("[outbox]\nvariant = {}\n", ":2: `outbox.variant` is not known"),
    ("[outbox.variants.v]\nabout = 3\n", ":2: `outbox.variants.v.about` has to be a text"),
    ("[outbox.variants.v]\nset = { a = 1.5 }\n", ":2: `outbox.variants.v.set.a` has to be true"),
    ("[[outbox.runs]]\nvariant = 'v'\n", ":2: `outbox.runs[0].variant` is 'v', which is not one"),
    ("[[outbox.runs]]\ndistinct = 0\n", ":2: `outbox.runs[0].distinct` has to be a whole number"),
    (
        "[[outbox.runs]]\ndepth = 1\n\n[[outbox.runs]]\ndepth = true\n",
        ":5: `outbox.runs[1].depth` has to be a whole number",
    ),
    ("[[outbox.runs]]\nscopes = { A = 'x' }\n", ":2: `outbox.runs[0].scopes.A` has to be"),
    ("[[outbox.runs]]\nslow = 1\n", ":2: `outbox.runs[0].slow` has to be true or false"),
    (
        "[[outbox.runs]]\n[outbox.runs.properties]\nsafe = 'OK'\n",
        ":3: `outbox.runs[0].properties.safe` needs a verdict: one of HOLDS, FAILS, UNKNOWN",
    ),
    ("[outbox]\nruns = 3\n", ":2: `outbox.runs` has to be written as [[outbox.runs]]"),
    ("[outbox]\nmodel = 3\n", ":2: `outbox.model` has to be a text"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=lambda c: c[:25])
def test_a_wrong_manifest_is_refused_with_line_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "manifest.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as refused:
        manifest.load(file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)


OWN = """
[inbox]
model = "inbox.py"

[inbox.variants.forgetful]
set = { remember = false }

[[inbox.runs]]
distinct = 27
generated = 43

[inbox.runs.properties]
no_request_is_handled_twice = "FAILS"
every_request_is_handled = "HOLDS"
nothing_is_left_undone = "HOLDS"
nothing_of_that_name = "HOLDS"

[[inbox.runs]]
variant = "forgetful"

[inbox.runs.properties]
no_request_is_handled_twice = { verdict = "FAILS", steps = 3 }
every_request_is_handled = "HOLDS"
nothing_is_left_undone = "HOLDS"
a_duplicate_is_on_its_way = { verdict = "HOLDS", steps = 2 }
"""


def test_a_manifest_of_ones_own_counts_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from checker.commands.new import run as new

    new(name="inbox", dir=str(tmp_path))
    (tmp_path / "own.toml").write_text(OWN)
    monkeypatch.chdir("/")
    wrong, forgetful = verified(manifest.load(tmp_path / "own.toml"))
    assert wrong.differences == (
        "distinct: expected 27, found 26",
        "no_request_is_handled_twice: expected FAILS, found HOLDS",
        "nothing_of_that_name: there is no such property",
        "a_duplicate_is_on_its_way: not in the manifest",
    )
    assert forgetful.differences == ("no_request_is_handled_twice: expected 3 steps, found 4",)
