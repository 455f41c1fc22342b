"""The registry of scorers: how one is declared, found by its name, and given its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Protocol, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from rapidfuzz import process

from workbench.errors import SuiteError
from workbench.evals.types import ScoringInput, Unit


class ScoringError(Exception):
    """This cell cannot be scored; the message says why and becomes the score's ``error``."""


#: The keys that every scorer's entry may have beside its own parameters.
WRAPPER_KEYS = ("type", "name", "negate", "weight", "threshold", "extract", "transform", "reducer")


@dataclass(frozen=True)
class Outcome:
    """What a scorer found, before it is negated or held against a threshold.

    ``value`` is 0–1 or a number in the scorer's unit (None: unknown); ``passed`` is None where it only measures.
    """

    value: float | None
    passed: bool | None = None
    reason: str = ""


class ScorerImpl(Protocol):
    """What a scorer is: parameters as dataclass fields, and one method."""

    def score(self, cell: ScoringInput) -> Outcome:
        """Judge one output. May raise anything; a crash becomes an error on that cell."""


@dataclass(frozen=True)
class ParamDoc:
    """One parameter of a scorer, for documentation and forms. ``default`` is "" where it is required."""

    name: str
    type: str
    default: str
    description: str
    required: bool


@dataclass(frozen=True)
class ScorerDoc:
    """One scorer, for documentation and forms."""

    type: str
    summary: str
    description: str
    unit: Unit
    params: tuple[ParamDoc, ...]


@dataclass(frozen=True)
class Entry:
    """A registered scorer. ``file_params`` may be given as the path of a JSON or YAML file.

    ``version`` grows when the scorer would give other scores to the same answers, so that runs are not compared
    across that change unseen.
    """

    type: str
    impl: type[Any]
    unit: Unit
    needs_expected: bool
    file_params: tuple[str, ...]
    limit: str | None
    version: int = 1

    @property
    def param_names(self) -> tuple[str, ...]:
        """The parameters that a suite may give, in their order."""
        return tuple(f.name for f in fields(self.impl))

    @property
    def asks(self) -> bool:
        """Whether it asks a model, so that its scores cost money."""
        return hasattr(self.impl, "asks")

    @property
    def compares(self) -> bool:
        """Whether it looks at all answers to a case together, or at those to several cases."""
        return getattr(self.impl, "compares", False)

    @property
    def across(self) -> bool:
        """Whether it looks at the answers to several cases together."""
        return getattr(self.impl, "across", False)

    def build(self, params: dict[str, Any]) -> ScorerImpl:
        """Return the scorer with these parameters.

        Raises:
            ParamError: A parameter is unknown, missing or of the wrong type.
        """
        for name in params:
            if name not in self.param_names:
                other = f"{self.type}_judge"
                raise ParamError(
                    f'"{name}" is not a parameter of {self.type}',
                    (name,),
                    f"use {other}"
                    if name == "judge" and other in SCORERS
                    else suggest(name, (*self.param_names, *WRAPPER_KEYS)),
                )
        try:
            return _adapter(self.impl).validate_python(params)
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            path = tuple(part for part in first["loc"][:1] if isinstance(part, str))
            raise ParamError(readable(first), path) from None


class ParamError(SuiteError):
    """A scorer's entry cannot be used; ``path`` holds the keys from the entry down to the place."""

    def __init__(self, message: str, path: tuple[str | int, ...] = (), hint: str | None = None) -> None:
        super().__init__(message, field=".".join(str(part) for part in path), hint=hint)
        self.path = path


SCORERS: dict[str, Entry] = {}
T = TypeVar("T")


def scorer(
    type_name: str,
    *,
    unit: Unit = "score",
    needs_expected: bool = False,
    file_params: tuple[str, ...] = (),
    limit: str | None = None,
) -> Callable[[type[T]], type[T]]:
    """Register a frozen dataclass as the scorer ``type_name``.

    Args:
        type_name: What a suite writes as ``type``.
        unit: What its value is measured in.
        needs_expected: Whether it compares with the case's ``expected`` unless given a value.
        file_params: Parameters that may be given as a file.
        limit: The parameter that makes a measuring scorer pass or fail, such as ``max``.
    """

    def register(impl: type[T]) -> type[T]:
        if type_name in SCORERS:
            raise RuntimeError(f"the scorer {type_name} is registered twice")
        impl.__pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)  # type: ignore[attr-defined]
        SCORERS[type_name] = Entry(type_name, impl, unit, needs_expected, file_params, limit)
        return impl

    return register


@cache
def _adapter(impl: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(impl)


def params_schema(entry: Entry) -> dict[str, Any]:
    """Return the JSON Schema of a scorer's parameters."""
    return _adapter(entry.impl).json_schema()


def suggest(word: str, choices: tuple[str, ...] | list[str]) -> str | None:
    """Return what to do about a misspelt word: the nearest choice, or all of them where none is near."""
    near = process.extractOne(word.lower(), list(choices), score_cutoff=60)
    if near:
        return f'perhaps "{near[0]}" is meant'
    return f"use one of {', '.join(choices)}" if choices else None


def readable(error: Any) -> str:
    """Turn one of pydantic's errors into a sentence's middle, without the value (it may be a secret)."""
    if error["type"] == "missing":
        return f'"{error["loc"][-1]}" is missing'
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    text = error["msg"].replace("Input should be", "it should be").replace("dictionary", "mapping")
    return text[:1].lower() + text[1:]


def describe_scorers() -> list[ScorerDoc]:
    """Return every scorer's documentation, sorted by type: its docstring and its parameters."""
    return [_describe(SCORERS[name]) for name in sorted(SCORERS)]


def _describe(entry: Entry) -> ScorerDoc:
    import inspect

    text = inspect.getdoc(entry.impl) or ""
    schema = params_schema(entry)
    required = set(schema.get("required", []))
    params = tuple(
        ParamDoc(
            name,
            _type_name(prop),
            "" if name in required else _shown(prop.get("default")),
            prop.get("description", ""),
            name in required,
        )
        for name, prop in schema.get("properties", {}).items()
    )
    return ScorerDoc(entry.type, text.split("\n\n")[0].replace("\n", " "), text, entry.unit, params)


def _type_name(prop: dict[str, Any]) -> str:
    if prop.get("$ref", "").endswith("/ModelEntry"):
        return "model"
    if "enum" in prop:
        return " | ".join(str(v) for v in prop["enum"])
    if "anyOf" in prop:
        kinds = dict.fromkeys(_type_name(p) for p in prop["anyOf"] if p.get("type") != "null")
        # A number or a boolean is taken as its text wherever text is.
        if "model" in kinds:
            return "model"
        return " | ".join(k for k in kinds if "text" not in kinds or k in ("text", "list", "mapping"))
    names = {"string": "text", "array": "list", "object": "mapping", "boolean": "true | false"}
    kind = prop.get("type", "anything")
    return str(prop["const"]) if "const" in prop else names.get(kind, kind)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
