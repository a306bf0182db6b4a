"""The pytest plugin: the `explore` fixture, its options, and what tests leave in reports.

Owns what pytest sees. Loaded in every run of pytest in an environment that has crashproof, so
nothing is imported here that a run without models does not need. What a worker of xdist knows
travels in the reports of its tests, as the user properties that JUnit files show too.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .explored import Explore

__all__: list[str] = []

_VISITS = "model visits"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("crashproof", "models (crashproof)")
    group.addoption(
        "--model-engine",
        choices=("auto", "reference", "native"),
        default="auto",
        help="which engine the `explore` fixture searches with",
    )
    group.addoption(
        "--model-seconds",
        type=float,
        default=None,
        metavar="S",
        help="stop each exploration after so much time; a test that is not decided then fails",
    )
    group.addoption(
        "--model-traces",
        default=None,
        metavar="DIR",
        help="write the traces of failing models and machines there, for `checker show`",
    )
    group.addoption(
        "--model-statistics",
        action="store_true",
        help="print how often each action of a machine was taken",
    )


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("--model-traces")
    if folder is not None:
        from pathlib import Path

        from .traces import use_folder

        use_folder(Path(folder))


@pytest.fixture
def explore(request: pytest.FixtureRequest) -> Explore:
    """Explores a model and fails the test with its counterexamples."""
    from .explored import Explore

    return Explore(request.config, request.node)


# ── What the machines of a test have visited ─────────────────────────────────────────────────────


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        traces: Any = sys.modules.get("checker.testing.traces")
        for visits in traces.taken() if traces is not None else ():
            item.user_properties.append((_VISITS, "\n".join(visits.lines())))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.getoption("--model-statistics"):
        return
    tables = [
        text
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, text in report.user_properties
        if name == _VISITS
    ]
    if tables:
        terminalreporter.section("model statistics")
        for table in tables:
            terminalreporter.write_line(table)
