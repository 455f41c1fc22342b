"""What the columns of a file mean: guessed from their names, by the shapes of other tools, and correctable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.evals.datasets.promptfoo import check_names, is_promptfoo, promptfoo_case

#: What other tools call the expected answer, the first that a row has.
EXPECTED_NAMES = (
    "expected",
    "expected_output",
    "expectedOutput",
    "ideal",
    "target",
    "reference",
    "answer",
    "__expected",
)
PLAIN_ROLES = ("id", "expected", "scorers", "vars", "metadata", "skip")


@dataclass(frozen=True)
class Shape:
    """How another tool writes a case. ``needs`` are columns that tell it, ``roles`` what they mean here."""

    name: str
    needs: tuple[frozenset[str], ...]
    roles: Mapping[str, str]


def _shape(name: str, needs: Iterable[str], roles: dict[str, str]) -> Shape:
    return Shape(name, tuple(frozenset(group.split("|")) for group in needs), roles)


#: The first that fits counts. "turns" is a list of chat messages, "mlflow" a mapping of expectations.
SHAPES = (
    _shape(
        "DeepEval",
        ["input", "actual_output|retrieval_context|expected_tools|tools_called"],
        {
            "input": "vars.input",
            "expected_output": "expected",
            "context": "vars.context",
            "retrieval_context": "vars.retrieval_context",
            **{
                name: f"metadata.{name}"
                for name in (
                    "actual_output",
                    "tools_called",
                    "expected_tools",
                    "name",
                    "comments",
                    "source_file",
                )
            },
            "additional_metadata": "metadata",
        },
    ),
    _shape(
        "Ragas",
        ["user_input", "retrieved_contexts|response|reference|reference_contexts"],
        {
            "user_input": "turns",
            "retrieved_contexts": "vars.retrieved_contexts",
            "reference": "expected",
            **{
                name: f"metadata.{name}"
                for name in (
                    "response",
                    "reference_contexts",
                    "rubrics",
                    "synthesizer_name",
                    "multi_responses",
                )
            },
        },
    ),
    _shape(
        "MLflow",
        ["inputs", "expectations|outputs"],
        {
            "inputs": "vars",
            "expectations": "mlflow",
            "outputs": "metadata.outputs",
            "tags": "metadata",
            "dataset_record_id": "id",
        },
    ),
    _shape(
        "Langfuse",
        ["input", "expectedOutput"],
        {
            "input": "vars",
            "expectedOutput": "expected",
            **{
                name: f"metadata.{name}"
                for name in ("status", "sourceTraceId", "sourceObservationId", "datasetId", "datasetName")
            },
            "createdAt": "skip",
            "updatedAt": "skip",
        },
    ),
    _shape(
        "Inspect",
        ["input", "target"],
        {
            "input": "turns",
            "target": "expected",
            "choices": "vars.choices",
            "sandbox": "skip",
            "setup": "skip",
        },
    ),
    _shape("OpenAI evals", ["input", "ideal"], {"input": "turns", "ideal": "expected"}),
    _shape(
        "chat messages",
        ["messages"],
        {"messages": "chat", "tools": "metadata.tools", "parallel_tool_calls": "skip"},
    ),
)


@dataclass(frozen=True)
class Columns:
    """What each column is taken for, and how a row becomes a case.

    ``native`` rows are cases as they stand. ``table`` cells are text, of which an empty one says nothing. In
    ``sparse`` rows null is no value.
    """

    shape: str
    roles: dict[str, str]
    native: bool = False
    table: bool = False
    told: Mapping[str, str] = field(default_factory=dict)
    known: Shape | None = None
    sparse: bool = False

    def case(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row as ``{id, vars, expected, metadata, scorers}``."""
        if self.native:
            return row
        if self.shape == "promptfoo":
            return promptfoo_case(row, lambda rest: self._mapped(rest))
        return self._mapped(row)

    def _mapped(self, row: dict[str, Any]) -> dict[str, Any]:
        case: dict[str, Any] = {"vars": {}, "metadata": {}}
        roles = self.roles
        for name, value in row.items():
            role = roles.get(name) or role_of(name, roles, self)
            _put(case, role, name, value, table=self.table, sparse=self.sparse)
        return case


def find_columns(
    rows: list[dict[str, Any]],
    told: Mapping[str, str],
    id_column: str | None,
    *,
    table: bool,
    flat: bool = False,
) -> Columns:
    """Return what the columns mean, from the first rows and what a person said of them.

    ``table`` cells are text; ``flat`` rows may be cases or have columns such as ``metadata.lang``.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    told = {**told, **({id_column: "id"} if id_column else {})}
    if table:
        check_names(name for name in names if name not in told)
    known = next((s for s in SHAPES if all(group & set(names) for group in s.needs)), None)
    if known is not None and known.name == "chat messages" and not _is_chat(rows):
        known = None
    if not told and "vars" in names and not table:
        return Columns("cases", {name: name for name in names}, native=True)
    if not told and known is None and not table and not flat:
        made = Columns("rows", {}, table=True)
        return Columns("rows", {n: _json_role(n, names, made) for n in names}, native=True)
    shape = known.name if known else "promptfoo" if table and is_promptfoo(names) else "rows"
    made = Columns(shape, {}, table=table, told=told, known=known, sparse=table or flat or known is not None)
    roles: dict[str, str] = {}
    for name in names:
        roles[name] = role_of(name, roles, made)
    return replace(made, roles=roles)


def role_of(name: str, taken: Mapping[str, str], columns: Columns) -> str:
    """Return what a column is taken for."""
    if name in columns.told:
        return columns.told[name]
    if columns.known is not None and name in columns.known.roles:
        return columns.known.roles[name]
    if name.lower() == "id" and "id" not in columns.told.values():
        return "id"
    if name.startswith(("metadata.", "__metadata:")):
        return "metadata." + name.removeprefix("metadata.").removeprefix("__metadata:")
    if (not columns.table or columns.known is not None) and name in ("metadata", "vars", "scorers"):
        return name
    expected = {known.lower(): index for index, known in enumerate(EXPECTED_NAMES)}
    has = "expected" in taken.values() or "expected" in columns.told.values()
    if name.lower() in expected and not has and (columns.known is None):
        return "expected"
    return "vars." + name.removeprefix("vars.")


def _json_role(name: str, names: list[str], columns: Columns) -> str:
    first = next((known for known in EXPECTED_NAMES if known in names), None)
    if name in ("id", "metadata", "scorers"):
        return name
    return "expected" if name == first else f"vars.{name}"


def _is_chat(rows: list[dict[str, Any]]) -> bool:
    return bool(rows) and all(_turns(row.get("messages")) for row in rows)


def _turns(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(m, dict) and "role" in m and "content" in m for m in value)
    )


def _put(case: dict[str, Any], role: str, name: str, value: Any, *, table: bool, sparse: bool) -> None:
    kind, _, key = role.partition(".")
    empty = value is None or (table and isinstance(value, str) and not value.strip())
    if kind == "skip":
        return
    if kind == "vars" and key:
        # An empty cell is an empty text to the template; a missing one is left to the variable's default.
        if value is not None or not sparse:
            case["vars"][key] = value
    elif empty:
        return
    elif kind == "id":
        case["id"] = value.strip() if isinstance(value, str) else value
    elif kind == "metadata" and key:
        case["metadata"][key] = value
    elif kind in ("vars", "metadata"):
        inner = _mapping(value)
        case[kind].update(inner if inner is not None else {name: value})
    elif kind == "mlflow":
        case["expected"] = _expectation(_mapping(value) or value)
    elif kind in ("turns", "chat"):
        _put_turns(case, value, "input" if kind == "chat" else name, answer=kind == "chat")
    else:
        case[kind] = value


def _mapping(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _expectation(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        return next(iter(value.values()))
    return value


def _put_turns(case: dict[str, Any], value: Any, name: str, *, answer: bool) -> None:
    """Take a chat apart: the system's words, the last of the user, what came between, and the answer."""
    if not _turns(value):
        case["vars"][name] = value
        return
    turns = list(value)
    if answer and turns[-1]["role"] == "assistant":
        case["expected"] = turns.pop()["content"]
    system = [turn["content"] for turn in turns if turn["role"] in ("system", "developer")]
    others = [turn for turn in turns if turn["role"] not in ("system", "developer")]
    if system:
        case["vars"]["system"] = system[0] if len(system) == 1 else "\n\n".join(map(str, system))
    case["vars"][name] = others[-1]["content"] if others else ""
    if len(others) > 1:
        case["vars"]["history"] = others[:-1]
