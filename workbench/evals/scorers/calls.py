"""Scorers of what an answer wants done and how it ended: tool calls, the reason for stopping, its probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from workbench.evals.extract import parse_json
from workbench.evals.scorers.json_schema import check_schema, first_fault
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.texts import Texts, any_of, references, shown
from workbench.evals.types import ScoringInput
from workbench.files import canonical_json

MAX_CALLS = 1_000


@dataclass(frozen=True)
class _Call:
    name: str
    arguments: Any = None  # None in a wanted call: any will do


def _one_as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


@scorer("tool_calls", needs_expected=True, file_params=("tools",))
@dataclass(frozen=True)
class ToolCalls:
    """The model wants the right tools called: by name, with the right arguments, in the right order.

    ``value`` (else the case's ``expected``) lists the calls: names, or ``{name, arguments}``; an empty list means
    that no tool may be called. With ``tools``, the definitions that the model was given, each call must name one of
    them and its arguments fit that tool's JSON Schema; with nothing expected, that and at least one call are all
    that is asked. It passes when all is right; the value is then 1, else 0, or with ``partial`` the F1 of the calls.
    An output that is itself calls as JSON text is read as calls, as recorded answers may hold them.
    """

    value: Annotated[
        list[str | dict[str, Any]] | None,
        BeforeValidator(_one_as_list),
        Field(description="Calls to use instead of the case's expected: names, or {name, arguments}"),
    ] = None
    arguments: Annotated[
        Literal["equal", "subset", "any"],
        Field(description="equal: as given; subset: at least those given; any: whatever they are"),
    ] = "equal"
    order: Annotated[bool, Field(description="The calls must come in the order given")] = False
    extra: Annotated[bool, Field(description="Further calls are no fault")] = False
    distinct: Annotated[bool, Field(description="Count calls of one tool with equal arguments once")] = False
    partial: Annotated[
        bool, Field(description="Give credit by F1: the harmonic mean of precision and recall")
    ] = False
    tools: Annotated[
        list[dict[str, Any]] | None,
        Field(
            description="The tools' definitions, each with name and parameters: in place, or a file's path"
        ),
    ] = None

    def __post_init__(self) -> None:
        for tool in self.tools or ():
            check_schema(_definition(tool)[1])
        if self.value is not None:
            [_wanted(entry) for entry in self.value]

    def score(self, cell: ScoringInput) -> Outcome:
        """Read the calls, hold them against the tools, then against what is wanted."""
        made, fault = _made(cell)
        entries = _one_as_list(cell.case.expected) if self.value is None else self.value
        if entries is None:
            if self.tools is None:
                raise ScoringError("the case has nothing expected, and no tools are given")
            fault = fault or self._misfit(made) or (None if made else "it calls no tool")
            return Outcome(0.0, False, fault) if fault else Outcome(1.0, True)
        if not isinstance(entries, list):
            raise ScoringError("the case's expected is no list of calls")
        try:
            wanted = [_wanted(entry) for entry in entries]
        except ValueError as problem:
            raise ScoringError(str(problem)) from None
        return self._compare(wanted, made, fault or self._misfit(made))

    def _misfit(self, made: list[_Call]) -> str | None:
        if self.tools is None:
            return None
        known = dict(_definition(tool) for tool in self.tools)
        for call in made:
            if call.name not in known:
                return f"there is no tool {shown(call.name, 40)}"
            fault = first_fault(known[call.name], call.arguments)
            if fault:
                return f"the arguments of {call.name} do not fit: {fault}"
        return None

    def _compare(self, wanted: list[_Call], made: list[_Call], fault: str | None) -> Outcome:
        if self.distinct:
            wanted, made = _distinct(wanted, self.arguments), _distinct(made, self.arguments)
        left, lacking, positions = dict(enumerate(made)), [], []
        # The calls that say most choose first, so that a bare name does not take another's match.
        for call in wanted if self.order else sorted(wanted, key=lambda call: call.arguments is None):
            start = positions[-1] + 1 if self.order and positions else 0
            at = next((i for i, found in left.items() if i >= start and self._same(call, found)), None)
            if at is None:
                lacking.append(call.name)
            else:
                positions.append(at)
                del left[at]
        hits = len(positions)
        f1 = 2 * hits / (len(wanted) + len(made)) if wanted or made else 1.0
        if not fault and lacking:
            order = " in this order" if self.order else ""
            fault = f"it does not call {', '.join(lacking[:5])} as wanted{order}"
        if not fault and left and not self.extra:
            fault = f"it also calls {', '.join(call.name for call in list(left.values())[:5])}"
        if not fault:
            return Outcome(1.0, True)
        return Outcome(f1 if self.partial else 0.0, False, fault)

    def _same(self, wanted: _Call, made: _Call) -> bool:
        if wanted.name != made.name:
            return False
        if wanted.arguments is None or self.arguments == "any":
            return True
        return _equal(wanted.arguments, made.arguments, subset=self.arguments == "subset")


def _equal(wanted: Any, found: Any, *, subset: bool) -> bool:
    if subset and isinstance(wanted, dict) and isinstance(found, dict):
        return all(key in found and _equal(value, found[key], subset=True) for key, value in wanted.items())
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return bool(wanted == found)


def _distinct(calls: list[_Call], arguments: str) -> list[_Call]:
    keys = [(call.name, "" if arguments == "any" else canonical_json(call.arguments)) for call in calls]
    return list(dict(zip(keys, calls, strict=True)).values())


def _wanted(entry: Any) -> _Call:
    if isinstance(entry, str):
        return _Call(entry)
    if isinstance(entry, dict) and isinstance(entry.get("function"), dict):
        entry = entry["function"]
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise ValueError("a wanted call is a name or a mapping with name and arguments")
    return _Call(entry["name"], _arguments(entry.get("arguments")))


def _definition(tool: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    inner = tool.get("function", tool)
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
        raise ValueError("a tool is a mapping with name and parameters")
    schema = inner.get("parameters", inner.get("input_schema")) or {"type": "object"}
    return inner["name"], schema


def _arguments(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value) if value.strip() else {}
    except ValueError as problem:
        raise ValueError(f"the arguments are not JSON ({problem})") from None


def _made(cell: ScoringInput) -> tuple[list[_Call], str | None]:
    """Return the calls of an answer, and what is wrong with the first one that cannot be read."""
    calls: Any = list(cell.completion.tool_calls) or _calls_in(cell.output)
    found: list[_Call] = []
    for call in calls[:MAX_CALLS]:
        inner = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            return found, "a call has no name"
        try:
            found.append(_Call(inner["name"], _arguments(inner.get("arguments", inner.get("input"))) or {}))
        except ValueError as problem:
            return [*found, _Call(inner["name"], {})], f"{inner['name']}: {problem}"
    return found, None


def _calls_in(text: str) -> list[Any]:
    if not text.lstrip().startswith(("{", "[")):
        return []
    try:
        data = parse_json(text)
    except ValueError:
        return []
    if isinstance(data, dict):
        data = data.get("tool_calls", [data] if "name" in data or "function" in data else [])
    return data if isinstance(data, list) and all(isinstance(call, dict) for call in data) else []


@scorer("finish_reason", needs_expected=True)
@dataclass(frozen=True)
class FinishReason:
    """The model stopped for the expected reason: ``stop``, ``length``, ``tool_calls``, ``content_filter``.

    Upper and lower case are equal. An answer whose reason is unknown fails.
    """

    value: Annotated[Texts | None, Field(description="The reason, or a list of which any will do")] = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare the reason."""
        wanted = references(self.value, cell)
        found = cell.completion.finish_reason
        if found is None:
            return Outcome(0.0, False, "why it stopped is unknown")
        passed = found.lower() in {reason.strip().lower() for reason in wanted}
        return Outcome(
            float(passed), passed, "" if passed else f"it stopped for {shown(found)}, not {any_of(wanted)}"
        )


@scorer("perplexity")
@dataclass(frozen=True)
class Perplexity:
    """How sure the model was of its own words: 1 / (1 + perplexity), from the answer's logprobs.

    Perplexity is exp of minus the mean logprob of the answer's tokens (Jelinek et al. 1977): 1 where it was
    certain, which gives a value of 0.5, and more where it was not. With ``max`` it passes up to that perplexity. An
    answer without logprobs is an error: ask for them with the parameter ``logprobs: true``.
    """

    max: Annotated[float | None, Field(ge=1, description="The highest perplexity that passes")] = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Average the logprobs."""
        given = [token.get("logprob") for token in cell.completion.logprobs or () if isinstance(token, dict)]
        found = [float(p) for p in given if isinstance(p, int | float) and math.isfinite(p)]
        if not found:
            raise ScoringError("the answer has no logprobs; ask for them with the parameter logprobs: true")
        perplexity = math.exp(min(700.0, -sum(found) / len(found)))
        passed = None if self.max is None else perplexity <= self.max
        return Outcome(1 / (1 + perplexity), passed, f"its perplexity is {perplexity:.3g}")
