"""Random models mean in Python what the front end says they mean.

More of them: python tests/frontend/fuzzing.py --models 3000 --seed 0
"""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .fuzzing import disagreements

MODELS = 60


@settings(
    max_examples=MODELS,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_python_and_the_ir_of_a_random_model_agree(seed: int, tmp_path: Path) -> None:
    differences, source = disagreements(random.Random(seed), tmp_path, f"model_{seed}")
    assert not differences, f"seed {seed}\n{source}\n{differences[0]}"
