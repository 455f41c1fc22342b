"""From a suite's entry to its spec and its scorer, with every field checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.evals.combine import OVERALL
from workbench.evals.extract import Extractor, build_extractor
from workbench.evals.reducers import parse_reducer
from workbench.evals.scorers.built_scorer import Scorer
from workbench.evals.scorers.groups import as_written
from workbench.evals.scorers.other_names import our_name
from workbench.evals.scorers.registry import SCORERS, WRAPPER_KEYS, Entry, ParamError, suggest
from workbench.evals.transform import build_transform, transform_steps
from workbench.evals.types import ScorerSpec


def parse_scorer(data: Any, *, taken: set[str] | None = None) -> ScorerSpec:
    """Return the spec that a suite's entry stands for: a mapping, or a type alone.

    A name that is not given is the type, numbered where ``taken`` has it already; the name is added to ``taken``.

    Raises:
        ParamError: The entry cannot be used; ``path`` leads to the field.
    """
    return read_scorer(data, taken=taken).spec


def read_scorer(data: Any, *, taken: set[str] | None = None) -> Scorer:
    """Return the scorer that an entry stands for, as `parse_scorer` returns its spec.

    Raises:
        ParamError: The entry cannot be used.
    """
    taken = set() if taken is None else taken
    if isinstance(data, str):
        data = {"type": data}
    if not isinstance(data, dict):
        raise ParamError("a scorer is a type or a mapping with a type")
    data = as_written(data)
    type_name, negated = _plain_type(data.get("type"))
    entry = _entry(type_name)
    negate = _flag(data.get("negate", False))
    if negated and negate:
        raise ParamError(f"{data['type']} is negated twice", ("negate",), "write the type without not_")
    spec = ScorerSpec(
        type=entry.type,
        name=_name(data.get("name"), f"not_{entry.type}" if negated else entry.type, taken),
        negate=negated or negate,
        weight=_number(
            data.get("weight"), "weight", 1.0 if entry.unit == "score" and not entry.compares else 0.0
        ),
        threshold=None if data.get("threshold") is None else _number(data["threshold"], "threshold", 0.0),
        extract=data.get("extract"),
        params={k: v for k, v in data.items() if k not in WRAPPER_KEYS},
        transform=_steps(data.get("transform")),
        reducer=_reducer(data.get("reducer"), entry),
    )
    _check(spec, entry, weight_given="weight" in data)
    built = build_scorer(spec)
    taken.add(spec.name)
    for part in built.shown_parts():
        taken.add(_name(part.name, part.spec.type, taken))
    return replace(built, shown=data.get("name") is not None)


def _reducer(value: Any, entry: Entry) -> Any:
    try:
        kind, _k = parse_reducer(value)
    except ValueError as problem:
        raise ParamError(str(problem), ("reducer",)) from None
    if kind != "mean" and entry.unit != "score":
        raise ParamError(f"{entry.type} is a measure, and several of them have only a mean", ("reducer",))
    return value


def _plain_type(type_name: Any) -> tuple[Any, bool]:
    """Return the type without ``not_`` in front, and whether it was there; ``not_empty`` is a type of its own."""
    if isinstance(type_name, str) and type_name.startswith("not_") and type_name not in SCORERS:
        return type_name.removeprefix("not_"), True
    return type_name, False


def _steps(value: Any) -> tuple[Any, ...]:
    try:
        return transform_steps(value)
    except ValueError as problem:
        raise ParamError(str(problem), ("transform",)) from None


def _entry(type_name: Any) -> Entry:
    if type_name is None:
        raise ParamError('"type" is missing', (), f"use one of {', '.join(sorted(SCORERS))}")
    if not isinstance(type_name, str) or type_name not in SCORERS:
        shown = str(type_name)[:60]
        ours = our_name(shown)
        raise ParamError(
            f'there is no scorer "{shown}"',
            ("type",),
            f"here it is `type: {ours}`" if ours else suggest(shown, sorted(SCORERS)),
        )
    return SCORERS[type_name]


def _name(name: Any, type_name: str, taken: set[str]) -> str:
    if name is None:
        number, name = 2, type_name
        while name in taken:
            name, number = f"{type_name}-{number}", number + 1
        return name
    if not isinstance(name, str) or not name.strip() or len(name) > 100 or not name.isprintable():
        raise ParamError("a scorer's name is one line of at most 100 characters", ("name",))
    name = name.strip()
    if name == OVERALL:
        raise ParamError('"overall" is the name of the weighted mean', ("name",), "choose another name")
    if name in taken:
        raise ParamError(f'two scorers are called "{name}"', ("name",), "give each its own name")
    return name


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ParamError("negate is true or false", ("negate",))
    return value


def _number(value: Any, field: str, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e9:
        raise ParamError(f"{field} is a number from 0 on", (field,))
    return float(value)


def _check(spec: ScorerSpec, entry: Entry, *, weight_given: bool) -> None:
    if entry.unit == "score" and spec.threshold is not None and spec.threshold > 1:
        raise ParamError("threshold is between 0 and 1 for this scorer", ("threshold",))
    if entry.compares and spec.weight > 0:
        raise ParamError(
            f"{entry.type} says how answers stand to each other, so it has no weight",
            ("weight",),
            "leave it away",
        )
    if entry.limit and spec.threshold is not None and spec.params.get(entry.limit) is not None:
        raise ParamError(f"threshold and {entry.limit} say the same", ("threshold",), "give one of them")
    if entry.unit != "score" and weight_given and spec.weight > 0 and not _limited(spec, entry):
        raise ParamError(
            f"a weight needs {entry.limit or 'threshold'}: without it {entry.type} only measures", ("weight",)
        )


def _limited(spec: ScorerSpec, entry: Entry) -> bool:
    return spec.threshold is not None or bool(entry.limit and spec.params.get(entry.limit) is not None)


def build_scorer(spec: ScorerSpec) -> Scorer:
    """Return the scorer that a spec describes.

    Raises:
        ParamError: Its type, parameters or extract step cannot be used.
    """
    entry = _entry(spec.type)
    try:
        extractor = build_extractor(spec.extract)
    except ValueError as problem:
        raise ParamError(str(problem), ("extract",)) from None
    if spec.transform:
        extractor = _in_turn(build_transform(_steps(spec.transform)), extractor)
    impl = entry.build(spec.params)
    unit = getattr(impl, "value_unit", entry.unit)
    return Scorer(spec, unit, impl, extractor, _limited(spec, entry))


def _in_turn(first: Extractor, second: Extractor) -> Extractor:
    return lambda text: second(first(text))
