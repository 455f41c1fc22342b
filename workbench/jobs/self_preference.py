"""Judges that judge models of their own family, which they are known to favour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workbench.evals.judge_setting import judge_models
from workbench.evals.types import ScorerSpec
from workbench.llm.families import family_of
from workbench.llm.types import ModelSpec


def self_preference(models: Iterable[ModelSpec], scorers: Iterable[ScorerSpec]) -> Iterator[str]:
    """Yield a sentence for each scorer whose judge is of the family of some of the models that it judges.

    Source: Panickssery, Bowman, Feng, "LLM evaluators recognize and favor their own generations" (arXiv:2404.13076).
    """
    models = list(models)
    for spec in scorers:
        for judge in judge_models([spec]):
            family = family_of(judge.id)
            own = sorted({model.name for model in models if family and family_of(model.id) == family})
            if own:
                yield (
                    f"The judge of {spec.name}, {judge.name}, is of the same family ({family}) as {', '.join(own)}, "
                    "and judges tend to favour their own: check it against people or another judge."
                )
