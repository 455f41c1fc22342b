"""The sample workspace, for a test to write in."""

from __future__ import annotations

import shutil
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def copy_samples(root: Path) -> Path:
    """Make a workspace with the sample prompts and suites; return its folder."""
    for part in ("prompts", "evals"):
        shutil.copytree(REPO / part, root / part)
    return root
