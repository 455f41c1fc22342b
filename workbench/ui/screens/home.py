"""The bare address: go on to the prompts."""

from __future__ import annotations

from workbench.ui.state import go

go("prompts")
