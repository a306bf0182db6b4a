"""Lets the tests of this folder import the models written by hand for the engines."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "explore"))
