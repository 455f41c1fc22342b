"""Both ways to a model."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["native", "litellm"])
def way(request, monkeypatch):
    """Go to models by the short way, then through LiteLLM: what a user sees must be the same."""
    if request.param == "litellm":
        monkeypatch.setenv("WORKBENCH_LLM_ROUTE", "litellm")
    return request.param
