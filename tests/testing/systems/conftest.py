"""Helper modules of this folder are imported by their names; one PostgreSQL for all its tests."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a server that the tests may make schemas in."""
    from checker.traces.lab import components, labs
    from checker.traces.lab.watch import Watch

    try:
        components.require_drivers()
        with components.temporary_folder() as folder, components.postgres(folder, Watch(60)) as it:
            yield it.url
    except labs.LabUnavailable as missing:
        if "postgres" in os.environ.get("CRASHPROOF_REQUIRE", "").split(","):
            raise
        pytest.skip(str(missing))
