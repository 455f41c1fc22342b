"""What other tools, and papers, call our scorers; a suite that writes such a name is told ours."""

from __future__ import annotations

OTHER_NAMES: dict[str, str] = {
    "accuracy": "exact",
    "equals": "exact",
    "includes": "contains",
    "edit_distance": "levenshtein",
    "field_match": "fields",
    "rouge1": "rouge, variant: rouge1",
    "rouge2": "rouge, variant: rouge2",
    "rougeL": "rouge, variant: rougeL",
    "rougeLsum": "rouge, variant: rougeLsum",
    "chrf++": "chrf, words: 2",
    "squad": "f1",
    "embedding_similarity": "similar",
    "semantic_similarity": "similar",
    "g_eval": "rubric",
    "classification": "classify",
    "grounding": "faithfulness",
    "groundedness": "faithfulness",
    "hallucination": "faithfulness",
    "answer_relevancy": "answer_relevance",
    "contextual_precision": "context_precision",
    "contextual_recall": "context_recall",
    "summarization": "summary_coverage",
    "prompt_injection": "injection",
    "prompt_leak": "system_prompt_leak",
    "pii_leakage": "pii",
    "counterfactual_bias": "counterfactual",
    "ttft": "latency, until: first_token",
    "first_token": "latency, until: first_token",
    "derived_metric": "derived",
    "python_function": "own",
}


def our_name(name: str) -> str | None:
    """Return what to write in place of another tool's name, None where it is none that is known."""
    plain = name.replace("-", "_").casefold()
    return next((ours for other, ours in OTHER_NAMES.items() if other.casefold() == plain), None)
