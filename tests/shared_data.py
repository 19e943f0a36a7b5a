"""Where the real sweeps used by some tests lie: beside the project, not in it; tests that need them skip without."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
DATA = SHARED / "data"

needs_shared = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data beside the project")
