"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting or key of whoever runs the tests reaches them, and none of a test's own reaches the next one."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("WORKBENCH_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    kept = dict(os.environ)
    yield
    for name in set(os.environ) - set(kept):
        if name.startswith("WORKBENCH_"):
            del os.environ[name]
