"""Cases of a dataset that mean the same, by the vectors of an embedding model."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from workbench.errors import BadInput, CompletionError
from workbench.evals.datasets.meaning import MAX_CASES, AlikeInMeaning, groups_of_vectors
from workbench.evals.datasets.nearness import case_text
from workbench.llm.types import ModelSpec
from workbench.workspace.datasets import DatasetRef
from workbench.workspace.vectors import vectors_of

if TYPE_CHECKING:
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
    vectors, cost_usd = vectors_of(ws, texts, ModelSpec(model))
    if len({len(vector) for vector in vectors.values()}) > 1:
        raise CompletionError(f"{model} gave vectors of different lengths", kind="provider")
    groups = tuple(
        (tuple(ids[i] for i in group), likeness)
        for group, likeness in groups_of_vectors([vectors[text] for text in texts], threshold=threshold)
    )
    return AlikeInMeaning(groups, rows, len(ids), threshold, model, cost_usd)
