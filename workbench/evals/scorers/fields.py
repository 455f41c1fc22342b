"""Field by field: structured answers compared with partial credit, each field by a rule of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import fuzz

from workbench.evals.extract import parse_json
from workbench.evals.scorers.blocks import Fences, Inside, json_values
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.texts import IgnoreCase, as_text, normal, shown
from workbench.evals.types import ScoringInput
from workbench.files import canonical_json

MAX_TEXT = 20_000
MAX_FIELDS = 1_000
_MISSING = object()
Rule = Literal["exact", "number", "text", "set", "present"]


class FieldRule(BaseModel):
    """How one field is compared, and what it counts for."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    rule: Rule = "exact"
    tolerance: float = Field(0.0, ge=0)
    relative_tolerance: float = Field(0.0, ge=0)
    at_least: float = Field(0.0, ge=0, le=1)
    weight: float = Field(1.0, ge=0, le=1e6)


@scorer("fields", needs_expected=True)
@dataclass(frozen=True)
class Fields:
    """The fields of a JSON answer are right: the value is the share that is, by weight, with partial credit.

    Each field of the expected mapping is compared by its rule. ``exact`` gives 1 or 0; ``number`` gives 1 within the
    larger of ``tolerance`` and ``relative_tolerance`` times the expected number (``"12.50"`` counts as 12.5);
    ``text`` gives RapidFuzz's ratio, or 0 below ``at_least``; ``set`` gives the F1 of two lists whose order does
    not count; ``present`` gives 1 where it is there and not null. It passes where every field has full credit, or by
    a ``threshold``. An answer that is not JSON has no credit.
    """

    rules: Annotated[
        dict[str, FieldRule | Rule],
        Field(
            description="By path (total, buyer.city, items.0.name): a rule, or {rule, tolerance, at_least, weight, …}"
        ),
    ] = field(default_factory=dict)
    default: Annotated[
        Rule | None, Field(description="The rule of expected fields not in rules; none leaves them out")
    ] = "exact"
    value: Annotated[
        dict[str, Any] | None, Field(description="A mapping to use instead of the case's expected")
    ] = None
    extra: Annotated[
        bool, Field(description="Further fields are no fault; else each counts as one wrong field")
    ] = True
    ignore_case: IgnoreCase = False
    fences: Fences = False
    inside: Inside = False

    def __post_init__(self) -> None:
        if self.default is None and not self.rules:
            raise ValueError("fields needs rules where default is none")

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare each field of the best candidate."""
        expected = self._expected(cell)
        try:
            found = self._answers(cell.output)
        except ValueError as problem:
            return Outcome(0.0, False, f"it is not JSON ({problem})")
        if not found:
            return Outcome(0.0, False, "it holds no JSON object")
        return max(
            (self._compare(answer, expected) for answer in found), key=lambda outcome: outcome.value or 0.0
        )

    def _answers(self, text: str) -> list[Any]:
        if self.inside:
            return [value for value in json_values(text) if isinstance(value, dict)][:20]
        answer = parse_json(text, fences=self.fences)
        return [answer] if isinstance(answer, dict) else []

    def _expected(self, cell: ScoringInput) -> dict[str, Any]:
        given = cell.case.expected if self.value is None else self.value
        try:
            expected = parse_json(given) if isinstance(given, str) else given
        except ValueError:
            raise ScoringError("what the case expects is not JSON") from None
        if not isinstance(expected, dict) or not expected:
            raise ScoringError("the case expects no mapping of fields")
        if len(expected) > MAX_FIELDS:
            raise ScoringError(f"the case expects over {MAX_FIELDS} fields")
        return expected

    def _compare(self, answer: dict[str, Any], expected: dict[str, Any]) -> Outcome:
        earned = total = 0.0
        wrong: list[str] = []
        for path, wanted, rule in self._compared(expected):
            credit = self._credit(rule, wanted, _at(answer, path))
            earned, total = earned + credit * rule.weight, total + rule.weight
            if credit < 1 and rule.weight:
                name = ".".join(path)
                wrong.append(
                    f"{name} is missing" if _at(answer, path) is _MISSING else f"{name} has {credit:.0%}"
                )
        further = [] if self.extra else [key for key in answer if key not in expected]
        total += len(further)
        wrong += [f"{key[:40]} is not wanted" for key in further[:5]]
        if total == 0:
            raise ScoringError("no field has a weight")
        return Outcome(earned / total, not wrong, "; ".join(wrong[:5]))

    def _compared(self, expected: dict[str, Any]) -> list[tuple[list[str], Any, FieldRule]]:
        """Return the path, the expected value and the rule of each field that counts."""
        rules = {path: FieldRule(rule=r) if isinstance(r, str) else r for path, r in self.rules.items()}
        found = []
        for path, rule in rules.items():
            keys = [path] if path in expected else path.split(".")
            wanted = _at(expected, keys)
            if wanted is _MISSING and rule.rule != "present":
                raise ScoringError(f"what the case expects has no field {path}")
            found.append((keys, wanted, rule))
        if self.default is not None:
            named = {keys[0] for keys, _, _ in found}
            rest = FieldRule(rule=self.default)
            found += [([key], value, rest) for key, value in expected.items() if key not in named]
        return found

    def _credit(self, rule: FieldRule, wanted: Any, found: Any) -> float:
        if found is _MISSING:
            return 0.0
        if rule.rule == "present":
            return float(found is not None)
        if rule.rule == "number":
            return float(_near(rule, wanted, found))
        if rule.rule == "text":
            pair = [self._text(as_text(value)) for value in (wanted, found)]
            alike = 1.0 if pair[0] == pair[1] else fuzz.ratio(*pair) / 100
            return alike if alike >= rule.at_least else 0.0
        if rule.rule == "set":
            return self._overlap(wanted, found)
        return float(self._key(wanted) == self._key(found))

    def _text(self, text: str) -> str:
        return normal(text[:MAX_TEXT], ignore_case=self.ignore_case, strip=True)

    def _key(self, value: Any) -> str:
        """Return a text that equal values share: 2 and 2.0 are equal, true and 1 are not."""
        return canonical_json(self._plain(value))

    def _plain(self, value: Any) -> Any:
        if isinstance(value, str):
            return normal(value, ignore_case=self.ignore_case, strip=True)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, list):
            return [self._plain(part) for part in value]
        return {key: self._plain(part) for key, part in value.items()} if isinstance(value, dict) else value

    def _overlap(self, wanted: Any, found: Any) -> float:
        if not isinstance(wanted, list) or not isinstance(found, list):
            return float(self._key(wanted) == self._key(found))
        a, b = Counter(map(self._key, wanted)), Counter(map(self._key, found))
        both = sum((a & b).values())
        return 2 * both / (a.total() + b.total()) if a or b else 1.0


def _near(rule: FieldRule, wanted: Any, found: Any) -> bool:
    numbers = [_number(value) for value in (wanted, found)]
    if numbers[0] is None:
        raise ScoringError(f"the expected {shown(as_text(wanted), 40)} is not a number")
    if numbers[1] is None:
        return False
    allowed = max(rule.tolerance, rule.relative_tolerance * abs(numbers[0]))
    return abs(numbers[0] - numbers[1]) <= allowed * (1 + 1e-12)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)[:60]) > 50:
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _at(data: Any, keys: list[str]) -> Any:
    for key in keys:
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdecimal() and int(key[:9]) < len(data):
            data = data[int(key[:9])]
        else:
            return _MISSING
    return data
