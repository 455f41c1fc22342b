"""Vectors of texts for a workspace: bought once, kept, and booked on the person who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.errors import BadInput, CompletionError
from workbench.jobs.ledger import Ledger, embed_booked, unbought
from workbench.llm.gateway import Gateway
from workbench.llm.loop import run_in_loop
from workbench.llm.pricebook import load_prices
from workbench.llm.types import ModelSpec
from workbench.workspace.library import current_author

if TYPE_CHECKING:
    from workbench.llm.embeddings import Embeddings
    from workbench.workspace import Workspace


def vectors_of(
    ws: Workspace, texts: Sequence[str], model: ModelSpec, *, max_cost_usd: float | None = None
) -> tuple[dict[str, Sequence[float]], float | None]:
    """Return the vectors of texts, bought once and kept, and what new ones cost in USD.

    Raises:
        BadInput: A cap forbids it.
        CompletionError: The model gave no vectors; those that came are kept.
    """
    if not texts:
        return {}, 0.0
    found = run_in_loop(_asked(ws, texts, model, max_cost_usd))
    if not found.ok:
        raise CompletionError(
            f"{model.name} gave no vectors: {found.error_message}", kind=found.error or "provider"
        )
    return {text: v for text, v in zip(texts, found.vectors, strict=True) if v is not None}, found.cost_usd


async def _asked(
    ws: Workspace, texts: Sequence[str], model: ModelSpec, max_cost_usd: float | None
) -> Embeddings:
    prices = load_prices(ws.root)
    if max_cost_usd is not None:
        missing, usd = unbought(ws.store, prices, texts, model)
        if usd is None or usd > max_cost_usd:
            about = "an unknown price" if usd is None else f"about ${usd:.2g}"
            raise BadInput(
                f"The vectors of {missing:,} outputs by {model.name} come at {about}, and ${max_cost_usd:.2g} "
                "of the cost cap is left",
                hint="raise it; the look itself is kept",
            )
    gateway = Gateway(cache=ws.store.cache, root=ws.root, workspace=ws.root, prices=prices)
    try:
        return await embed_booked(gateway, Ledger(ws.store, current_author()), prices, texts, model)
    finally:
        await gateway.aclose()
