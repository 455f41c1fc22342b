"""promptfoo's assertions in the words of a suite's scorers.

What can be told by rule is scored by promptfoo's own rule (the scorer ``promptfoo``); what a model judges, by the judge
here that asks the same thing; code is never run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.formats.promptfoo.findings import Findings, Place
from workbench.formats.promptfoo.folder import Folder, Unreadable, shown
from workbench.formats.promptfoo.judged import JUDGED, Judges, NotHonoured
from workbench.formats.promptfoo.known import NOT_HONOURED
from workbench.formats.promptfoo.nunjucks import Unsupported, render
from workbench.formats.promptfoo.providers import ECHO_ID, ConfigModel
from workbench.formats.promptfoo.rows import ConfigTest
from workbench.formats.promptfoo.values import checked

#: Assertions of which promptfoo leaves out the ``not-`` in front.
NO_INVERSE = (
    "latency", "cost", "levenshtein", "perplexity", "perplexity-score", "finish-reason", "is-valid-openai-tools-call",
    "llm-rubric", "model-graded-closedqa", "factuality", "model-graded-factuality", "g-eval", "answer-relevance",
    "context-faithfulness", "context-recall", "context-relevance", "conversation-relevance", "select-best",
)  # fmt: skip
#: Thresholds that promptfoo has where none is written.
THRESHOLDS = {"bleu": 0.5, "gleu": 0.5, "rouge-n": 0.75}
_DIALECTS = {
    "mysql": "mysql", "mariadb": "mysql", "postgresql": "postgres", "sqlite": "sqlite", "transactsql": "tsql",
    "bigquery": "bigquery", "snowflake": "snowflake", "redshift": "redshift", "athena": "athena", "hive": "hive",
    "trino": "trino", "db2": "", "noql": "",
}  # fmt: skip
MAX_ASSERTS = 500


class AssertionReader:
    """Turns the assertions of tests into scorers' entries."""

    def __init__(
        self, folder: Folder, findings: Findings, judges: Judges, models: Sequence[ConfigModel]
    ) -> None:
        self.folder, self.findings, self.judges = folder, findings, judges
        self.tools = [model.params.get("tools") for model in models if model.id != ECHO_ID]

    def entries(self, test: ConfigTest) -> list[dict[str, Any]]:
        """Return the scorers of one test, each with a name of its own."""
        by_metric: dict[str, list[dict[str, Any]]] = {}
        ordered: list[tuple[str | None, dict[str, Any]]] = []
        for item, place in test.asserts[:MAX_ASSERTS]:
            entry = self._one(item, place, test)
            if entry is None:
                continue
            metric = self._metric(item, test)
            if metric and metric in by_metric:
                by_metric[metric].append(entry)
                continue
            if metric:
                by_metric[metric] = [entry]
            ordered.append((metric, entry))
        taken: set[str] = set()
        return [_named(metric, entry, by_metric, taken) for metric, entry in ordered]

    def _metric(self, item: dict[str, Any], test: ConfigTest) -> str | None:
        metric = item.get("metric")
        if not isinstance(metric, str) or not metric.strip():
            return None
        try:
            text = render(metric, test.values)
        except Unsupported:
            text = metric
        line = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:90].strip()
        return None if not line else f"{line} (metric)" if line == "overall" else line

    def _one(self, item: Any, place: Place, test: ConfigTest, depth: int = 0) -> dict[str, Any] | None:
        """Return the entry of one assertion; None, with a finding, where it cannot be honoured."""
        kind = item.get("type") if isinstance(item, dict) else None
        if not isinstance(kind, str):
            self.findings.loss("an assertion without a `type` is left out", place)
            return None
        try:
            if kind == "assert-set":
                return self._set(item, place, test, depth)
            if item.get("transform"):
                raise NotHonoured("its `transform` is code, which is not run")
            return self._entry(item, kind, place, test)
        except (NotHonoured, Unreadable, Unsupported) as problem:
            said = f"its value holds {problem}" if isinstance(problem, Unsupported) else str(problem)
            self.findings.loss(f"the assertion `{shown(kind, 40)}` is left out: {said}", place)
            return None

    def _set(self, item: dict[str, Any], place: Place, test: ConfigTest, depth: int) -> dict[str, Any] | None:
        if depth:
            raise NotHonoured("a set stands in a set, which promptfoo does not know")
        listed = item.get("assert")
        items = listed if isinstance(listed, list) else []
        parts = [self._one(part, place, test, depth + 1) for part in items]
        kept = [part for part in parts if part is not None]
        if not kept:
            raise NotHonoured("none of its assertions is honoured")
        entry: dict[str, Any] = {
            "type": "all",
            "of": [{k: v for k, v in p.items() if k != "_base"} for p in kept],
        }
        if item.get("threshold"):
            entry["threshold"] = float(item["threshold"])
        return {"_base": "assert-set", **entry, **_weight(item)}

    def _entry(self, item: dict[str, Any], kind: str, place: Place, test: ConfigTest) -> dict[str, Any]:
        base = kind.removeprefix("not-")
        negate = kind != base
        if negate and base in NO_INVERSE:
            self.findings.difference(f"promptfoo takes `{kind}` as `{base}`, and so it is here", place)
            negate = False
        if base in NOT_HONOURED:
            raise NotHonoured(NOT_HONOURED[base])
        if base.startswith("promptfoo:"):
            raise NotHonoured("it is graded by promptfoo's red teaming, which is left out")
        if _is_code(item.get("value")):
            raise NotHonoured(f'its value "{shown(item["value"], 60)}" is code, which is not run')
        value = self._value(item.get("value"), test)
        if base in JUDGED:
            made = self.judges.entry(base, item, value, test, place)
        else:
            made = self._ruled(base, item, value, place)
        entry = {"_base": kind, **made, **_weight(item)}
        if negate:
            entry["negate"] = True
        return entry

    def _value(self, value: Any, test: ConfigTest) -> Any:
        """Return a value with templates filled in and the content of a file in the place of its path."""
        if isinstance(value, str):
            return self._file(value) if value.startswith("file://") else render(value, test.values)
        if isinstance(value, list):
            return [self._value(v, test) if isinstance(v, str) else v for v in value]
        return value

    def _file(self, reference: str) -> Any:
        (path,) = self.folder.find(reference)
        if path.suffix.lower() in (".json", ".yaml", ".yml"):
            return self.folder.data(path).data
        return self.folder.text(path).strip()

    def _ruled(self, base: str, item: dict[str, Any], value: Any, place: Place) -> dict[str, Any]:
        """Return the entry of an assertion that no model is asked for."""
        limit = item.get("threshold")
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float)):
            raise NotHonoured("its `threshold` is no number")
        if base == "latency":
            return {"type": "latency", "max": _needed(limit) / 1000, "weight": 1}
        if base == "cost":
            return {"type": "cost", "max": _needed(limit), "weight": 1}
        if base == "perplexity":
            return {"type": "perplexity", **({"max": limit} if limit is not None else {})}
        if base == "perplexity-score":
            return {"type": "perplexity", **({"threshold": limit} if limit is not None else {})}
        if base == "is-refusal":
            self.findings.difference(
                "`is-refusal` knows other phrases of refusing here than in promptfoo", place
            )
            return {"type": "refusal"}
        if base in ("is-sql", "contains-sql"):
            return self._sql(base, value, place)
        if base == "is-valid-openai-tools-call":
            return self._valid_calls()
        if base == "tool-call-f1":
            names = value if isinstance(value, list) else str(value or "").split(",")
            names = [str(name).strip() for name in names]
            return {"type": "tool_calls", "value": names, "arguments": "any", "distinct": True, "extra": False,
                    "partial": True, "threshold": 1.0 if limit is None else float(limit)}  # fmt: skip
        if base == "meteor":
            self.findings.difference(
                "`meteor` matches no stems and synonyms here, as it does in promptfoo", place
            )
            return {
                "type": "meteor",
                "value": checked(base, value),
                "threshold": 0.5 if limit is None else limit,
            }
        entry: dict[str, Any] = {"type": "promptfoo", "assertion": base}
        if base in THRESHOLDS:
            entry["threshold"] = float(THRESHOLDS[base] if limit is None else limit)
        if base == "levenshtein":
            entry["limit"] = 5.0 if limit is None else float(limit)
        fitting = checked(base, value)
        return entry if fitting is None else {**entry, "value": fitting}

    def _valid_calls(self) -> dict[str, Any]:
        first = self.tools[0] if self.tools else None
        if not isinstance(first, list) or any(tools != first for tools in self.tools):
            raise NotHonoured("the providers have no `tools` in the config, or not the same")
        return {"type": "tool_calls", "tools": first}

    def _sql(self, base: str, value: Any, place: Place) -> dict[str, Any]:
        value = value if isinstance(value, dict) else {}
        kind = str(value.get("databaseType") or "MySQL").lower()
        self.findings.difference(f"`{base}` is parsed by another library here, which knows more SQL", place)
        entry: dict[str, Any] = {"type": "sql", "dialect": _DIALECTS.get(kind, "")}
        for theirs, ours in (("allowedTables", "tables"), ("allowedColumns", "columns")):
            if isinstance(value.get(theirs), list):
                entry[ours] = [str(name) for name in value[theirs]]
        return {**entry, "fences": True} if base == "contains-sql" else entry


def _named(
    metric: str | None, entry: dict[str, Any], by_metric: dict[str, list[dict[str, Any]]], taken: set[str]
) -> dict[str, Any]:
    """Name an entry after its metric, else its type; several of one metric are one group."""
    base = entry["_base"]
    if metric and len(by_metric[metric]) > 1:
        parts = [{k: v for k, v in part.items() if k != "_base"} for part in by_metric[metric]]
        entry = {"type": "all", "of": parts, "weight": sum(part.get("weight", 1) for part in parts)}
    name, number = metric or base, 2
    while name in taken:
        name, number = f"{metric or base}-{number}", number + 1
    taken.add(name)
    return {"name": name, **{k: v for k, v in entry.items() if k != "_base"}}


def _weight(item: dict[str, Any]) -> dict[str, Any]:
    weight = item.get("weight")
    if weight is None:
        return {}
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
        raise NotHonoured("its `weight` is no number from 0 on")
    return {"weight": weight}


def _needed(limit: Any) -> float:
    if limit is None:
        raise NotHonoured("it has no `threshold`, which promptfoo asks for")
    return float(limit)


def _is_code(value: Any) -> bool:
    if not isinstance(value, str) or not value.startswith(("file://", "package:")):
        return False
    path = value.removeprefix("file://").split(":")[0].lower()
    return value.startswith("package:") or path.endswith((".js", ".cjs", ".mjs", ".ts", ".py", ".rb"))
