from __future__ import annotations

from pathlib import Path

import pytest

from .sources import Sources


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)
