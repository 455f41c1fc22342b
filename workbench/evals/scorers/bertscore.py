"""BERTScore: how near the words of two texts are in meaning, word by word, by a model on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from workbench.evals.model_entry import Model
from workbench.evals.scorers.judging import answers_of
from workbench.evals.scorers.registry import Outcome, scorer
from workbench.evals.scorers.texts import Value, references
from workbench.evals.types import ScoringInput
from workbench.llm.types import ModelSpec

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@scorer("bertscore", needs_expected=True)
@dataclass(frozen=True, kw_only=True)
class BertScore:
    """BERTScore (Zhang et al. 2020) against the expected texts, from 0 to 1, by a BERT whose weights lie on disk.

    Each token is matched with the nearest one of the other text, by the cosine of their vectors: precision is the mean
    over the output's tokens, recall over those of the expected text. Of several expected texts the best counts. Tokens
    are not weighted by how rare they are.
    """

    embedder: Annotated[
        Model, Field(description="The model, as local/ and the folder of a BERT such as bert-base-uncased")
    ]
    layer: Annotated[
        int | None,
        Field(
            ge=1,
            le=200,
            description="The layer whose vectors are taken; by default after three quarters of all",
        ),
    ] = None
    measure: Annotated[
        Literal["f1", "precision", "recall"], Field(description="Which of the three is the value")
    ] = "f1"
    baseline: Annotated[
        float | None,
        Field(ge=0, lt=1, description="The value of unrelated texts, which then is 0; 1 stays 1"),
    ] = None
    value: Value = None

    def __post_init__(self) -> None:
        if not self.embedder.id.startswith("local/"):
            raise ValueError(
                "bertscore needs the weights of a BERT on disk, such as local/models/bert-base-uncased; "
                "other models give one vector a text, which `similar` compares"
            )
        if self.embedder.params:
            raise ValueError("the model of bertscore takes no params")

    @property
    def asks(self) -> bool:
        """Whether it needs answers of a model."""
        return True

    @property
    def model(self) -> ModelSpec:
        """The model of the tokens' vectors."""
        return replace(self.embedder.spec(), params={"token_layer": self.layer or 0})

    def score(self, cell: ScoringInput) -> Outcome:
        """Match the tokens."""
        wanted = [text for text in references(self.value, cell) if text.strip()]
        if not cell.output.strip() or not wanted:
            return Outcome(0.0)
        own, *others = answers_of(cell).vectors(self.model, [cell.output, *wanted])
        found = max((matched(own, other) for other in others), key=lambda three: three[self.measure])
        value = found[self.measure]
        if self.baseline is not None:
            value = (value - self.baseline) / (1 - self.baseline)
        said = ", ".join(f"{name} {number:.3f}" for name, number in found.items())
        return Outcome(min(1.0, max(0.0, value)), None, said)


def matched(output: Sequence[float], reference: Sequence[float]) -> dict[str, float]:
    """Return precision, recall and F1 of two texts, given as `Encoder.encode_tokens` writes them.

    The marks at both ends of a text can be matched with, and have no weight of their own, as in the authors' program.
    """
    (own, own_words), (other, other_words) = _unpacked(output), _unpacked(reference)
    near = own @ other.T
    precision = float(near.max(axis=1)[own_words].mean()) if own_words.any() else 0.0
    recall = float(near.max(axis=0)[other_words].mean()) if other_words.any() else 0.0
    both = precision + recall
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / both if both > 0 else 0.0,
    }


def _unpacked(row: Sequence[float]) -> tuple[Array, Array]:
    """Return the vectors of a text's tokens, and which of them are no marks."""
    import numpy as np

    numbers = np.asarray(row, dtype=float)
    count, width = int(numbers[0]), int(numbers[1])
    return numbers[2 + count :].reshape(count, width), numbers[2 : 2 + count] == 0
