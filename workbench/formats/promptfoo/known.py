"""Every assertion type that promptfoo 0.121 knows: what scores it here, or why nothing does.

docs/promptfoo.md shows these tables, and a test holds them against promptfoo's own list.
"""

from __future__ import annotations

_RULE = "`promptfoo`, by promptfoo's own rule"
_SQL = "`sql`, parsed by another library"
_CODE = "it is code, which is not run"
_TRACE = "it looks at traces, which are not recorded here"
_FUNCTIONS = (
    "it checks calls of functions in an older form, which are not asked for here: give the provider `tools` and use "
    "`is-valid-openai-tools-call`"
)

#: What scores an assertion here.
HONOURED = {
    "answer-relevance": "`answer_relevance`, from statements of the answer and not from questions made of it",
    "assert-set": "`all`",
    "bleu": _RULE,
    "contains": _RULE,
    "contains-all": _RULE,
    "contains-any": _RULE,
    "contains-html": _RULE,
    "contains-json": _RULE,
    "contains-sql": _SQL,
    "contains-xml": _RULE,
    "context-faithfulness": "`faithfulness`",
    "context-recall": "`context_recall`, with the assertion's value as what is expected",
    "context-relevance": "`rubric` from 0 to 1: which share of the context's sentences the question needs",
    "conversation-relevance": "`criteria` with one criterion, on the last answer",
    "cost": "`cost`",
    "equals": _RULE,
    "factuality": "`classify` against the reference, with the values of `options.factuality`",
    "finish-reason": _RULE,
    "g-eval": "`rubric` from 0 to 10; several criteria are averaged",
    "gleu": _RULE,
    "icontains": _RULE,
    "icontains-all": _RULE,
    "icontains-any": _RULE,
    "is-html": _RULE,
    "is-json": _RULE,
    "is-refusal": "`refusal`, with other phrases, in twelve languages",
    "is-sql": _SQL,
    "is-valid-openai-tools-call": "`tool_calls` with the provider's `tools`",
    "is-xml": _RULE,
    "latency": "`latency`",
    "levenshtein": _RULE,
    "llm-rubric": "`llm_rubric`, which takes promptfoo's form of reply and its `rubricPrompt`",
    "meteor": "`meteor`, without stems and synonyms",
    "model-graded-closedqa": "`criteria` with one criterion",
    "model-graded-factuality": "as `factuality`",
    "perplexity": "`perplexity`",
    "perplexity-score": "`perplexity` with a `threshold`",
    "regex": _RULE,
    "rouge-n": _RULE,
    "select-best": "`select_best`; only the best answer passes, and the scorer has no weight",
    "similar": "`similar`",
    "similar:cosine": "`similar`",
    "starts-with": _RULE,
    "tool-call-f1": "`tool_calls` with `partial`",
    "word-count": _RULE,
}
#: Why an assertion is left out.
NOT_HONOURED = {
    "classifier": "it asks a classifier of Hugging Face's, and no such model is asked here",
    "guardrails": "the flags of a provider's own guardrails are not recorded here",
    "human": "it waits for a person's rating in promptfoo's viewer: rate the answers of a run here",
    "is-valid-function-call": _FUNCTIONS,
    "is-valid-openai-function-call": _FUNCTIONS,
    "javascript": _CODE,
    "max-score": "it picks one of several answers by their other scores: compare the versions or models of a run here",
    "moderation": "it asks a moderation service: use `toxicity`, `toxicity_judge` or `pii` in a suite",
    "pi": "it asks a scoring service of another company",
    "python": _CODE,
    "ruby": _CODE,
    "search-rubric": "its judge searches the web, which judges here do not",
    "similar:dot": "only the cosine is measured here: use `similar`",
    "similar:euclidean": "only the cosine is measured here: use `similar`",
    "skill-used": "it looks at the skills that an agent used, which are not recorded here",
    "trace-error-spans": _TRACE,
    "trace-span-count": _TRACE,
    "trace-span-duration": _TRACE,
    "trajectory:goal-success": _TRACE,
    "trajectory:step-count": _TRACE,
    "trajectory:tool-args-match": _TRACE,
    "trajectory:tool-sequence": _TRACE,
    "trajectory:tool-used": _TRACE,
    "webhook": "it sends the answer to an address that the config names",
}


def table() -> str:
    """Return both lists as a table in Markdown."""
    rows = {**HONOURED, **{kind: f"not honoured: {why}" for kind, why in NOT_HONOURED.items()}}
    lines = [f"| `{kind}` | {rows[kind]} |" for kind in sorted(rows)]
    return "\n".join(["| promptfoo | here |", "|---|---|", *lines])
