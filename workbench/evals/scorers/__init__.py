"""Scorers: each a small class in a family's module, registered by the name that a suite writes."""

from __future__ import annotations

from workbench.evals.scorers import bertscore as bertscore
from workbench.evals.scorers import calls as calls
from workbench.evals.scorers import code as code
from workbench.evals.scorers import comparing as comparing
from workbench.evals.scorers import counterfactual as counterfactual
from workbench.evals.scorers import derived as derived
from workbench.evals.scorers import fields as fields
from workbench.evals.scorers import grounding as grounding
from workbench.evals.scorers import groups as groups
from workbench.evals.scorers import judges as judges
from workbench.evals.scorers import language as language
from workbench.evals.scorers import markup as markup
from workbench.evals.scorers import measures as measures
from workbench.evals.scorers import metric as metric
from workbench.evals.scorers import numbers as numbers
from workbench.evals.scorers import override as override
from workbench.evals.scorers import own as own
from workbench.evals.scorers import panel as panel
from workbench.evals.scorers import pii as pii
from workbench.evals.scorers import promptfoo as promptfoo
from workbench.evals.scorers import reference as reference
from workbench.evals.scorers import safety as safety
from workbench.evals.scorers import semantic as semantic
from workbench.evals.scorers import similarity as similarity
from workbench.evals.scorers import structure as structure
from workbench.evals.scorers import text as text
from workbench.evals.scorers import wordlists as wordlists
from workbench.evals.scorers.built_scorer import Scorer, lower_is_better
from workbench.evals.scorers.reading import build_scorer, parse_scorer
from workbench.evals.scorers.registry import (
    SCORERS,
    Outcome,
    ParamDoc,
    ParamError,
    ScorerDoc,
    ScoringError,
    describe_scorers,
    scorer,
)
from workbench.evals.scorers.scoring import (
    has_overall,
    score_completion,
    scorer_units,
)

__all__ = [
    "SCORERS",
    "Outcome",
    "ParamDoc",
    "ParamError",
    "Scorer",
    "ScorerDoc",
    "ScoringError",
    "build_scorer",
    "describe_scorers",
    "has_overall",
    "lower_is_better",
    "parse_scorer",
    "score_completion",
    "scorer",
    "scorer_units",
]
