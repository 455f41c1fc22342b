"""Cases of a dataset that mean the same, by the vectors of an embedding model."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from workbench.errors import BadInput, CompletionError
from workbench.evals.datasets.meaning import MAX_CASES, AlikeInMeaning, groups_of_vectors
from workbench.evals.datasets.nearness import case_text
from workbench.jobs.ledger import Ledger, embed_booked
from workbench.llm.gateway import Gateway
from workbench.llm.loop import run_in_loop
from workbench.llm.pricebook import load_prices
from workbench.llm.types import ModelSpec
from workbench.workspace.datasets import DatasetRef
from workbench.workspace.library import current_author

if TYPE_CHECKING:
    from workbench.llm.embeddings import Embeddings
    from workbench.workspace import Workspace


def alike_in_meaning(ws: Workspace, dataset: DatasetRef, model: str, *, threshold: float) -> AlikeInMeaning:
    """Return the cases that mean nearly the same as another one. Each text is bought once and kept.

    Args:
        ws: The workspace, whose prices and caps of the day hold.
        dataset: What was found by `Datasets.find`.
        model: An embedding model, ``provider/model`` or ``local/<path>``.
        threshold: The least cosine of two that are alike, from 0.5 to 1.

    Raises:
        BadInput: The threshold makes no sense, or a cap forbids it.
        CompletionError: The model gave no vectors.
    """
    if not 0.5 <= threshold <= 1:
        raise BadInput(f"Likeness {threshold:g} cannot be searched for", hint="give a number from 0.5 to 1")
    cases = iter(dataset.open_whole())
    ids, texts = [], []
    for case in islice(cases, MAX_CASES):
        ids.append(case.id)
        texts.append(case_text(case))
    rows = len(ids) + sum(1 for _ in cases)
    found = _vectors(ws, texts, ModelSpec(model))
    if not found.ok:
        raise CompletionError(
            f"{model} gave no vectors: {found.error_message}", kind=found.error or "provider"
        )
    vectors = [vector for vector in found.vectors if vector is not None]
    if len({len(vector) for vector in vectors}) > 1:
        raise CompletionError(f"{model} gave vectors of different lengths", kind="provider")
    groups = tuple(
        (tuple(ids[i] for i in group), likeness)
        for group, likeness in groups_of_vectors(vectors, threshold=threshold)
    )
    return AlikeInMeaning(groups, rows, len(ids), threshold, model, found.cost_usd)


def _vectors(ws: Workspace, texts: list[str], model: ModelSpec) -> Embeddings:
    prices = load_prices(ws.root)
    ledger = Ledger(ws.store, current_author())

    async def ask() -> Embeddings:
        gateway = Gateway(cache=ws.store.cache, root=ws.root, workspace=ws.root, prices=prices)
        try:
            return await embed_booked(gateway, ledger, prices, texts, model)
        finally:
            await gateway.aclose()

    return run_in_loop(ask())
