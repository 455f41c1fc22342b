"""Which models the screens offer: one list for the whole server, local servers included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from workbench.llm.catalogue import ModelStatus, list_models
from workbench.llm.prices import price_per_million
from workbench.llm.types import ModelSpec

#: Seconds after which local servers are looked for again.
KEPT_S = 300


@dataclass(frozen=True)
class ModelList:
    """What could be asked at a moment (ISO-8601, UTC)."""

    models: tuple[ModelStatus, ...]
    looked_at: str

    @property
    def offered(self) -> list[str]:
        """The ids to choose from: usable hosted and local models, then the offline stand-in."""
        return [model.id for model in self.models if model.usable is not False and _whole(model.id)]

    def status(self, model_id: str) -> ModelStatus | None:
        """Return what is known of a model: from this list, or only its price from the price table."""
        found = next((model for model in self.models if model.id == model_id), None)
        if found is not None or "/" not in model_id:
            return found
        asked, told = price_per_million(model_id)
        if asked is None or told is None:
            return None
        return ModelStatus(model_id, model_id.split("/", 1)[0], None, "", False, None, asked, told)

    def spec(self, model_id: str) -> ModelSpec:
        """Return what to ask for an id; a local model gets the address where it was found."""
        found = next((model for model in self.models if model.id == model_id), None)
        return ModelSpec(model_id, api_base=found.api_base if found else None)


@st.cache_resource(ttl=KEPT_S, show_spinner=False)
def models() -> ModelList:
    """Return the models as they were found lately. Looking for local servers takes a second at most."""
    found = tuple(list_models(check=True))
    return ModelList(found, datetime.now(UTC).isoformat(timespec="seconds"))


def look_again() -> ModelList:
    """Look for local servers now."""
    models.clear()
    return models()


def _whole(model_id: str) -> bool:
    """Whether an id can be asked as it stands: ``azure/<deployment>`` cannot."""
    return "<" not in model_id and "…" not in model_id
