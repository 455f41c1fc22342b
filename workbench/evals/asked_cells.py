"""Which prompts and models a case is asked with, where a suite does not ask all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Names that are asked; None where all are.
Names = tuple[str, ...] | None


@dataclass(frozen=True)
class AskedCells:
    """The cells of a suite that are asked. ``models`` has the only prompts of a model, ``cases`` those of a case."""

    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cases: Mapping[str, tuple[Names, Names]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.models or self.cases)

    def allows(self, case_id: str, prompt: str, model: str) -> bool:
        """Return whether a case is asked with this prompt of this model."""
        if prompt not in self.models.get(model, (prompt,)):
            return False
        prompts, models = self.cases.get(case_id, (None, None))
        return (prompts is None or prompt in prompts) and (models is None or model in models)

    def without(self, *, prompts: bool, models: bool) -> AskedCells:
        """Return what is left where a person names the prompts or the models of a run."""
        cases = {
            case: (None if prompts else own[0], None if models else own[1])
            for case, own in self.cases.items()
            if not (prompts and models)
        }
        kept = {case: own for case, own in cases.items() if own != (None, None)}
        return AskedCells({} if prompts or models else dict(self.models), kept)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        cases = {case: [list(n) if n is not None else None for n in own] for case, own in self.cases.items()}
        return {"models": {name: list(prompts) for name, prompts in self.models.items()}, "cases": cases}

    @classmethod
    def from_dict(cls, data: dict[str, Any] | None) -> AskedCells:
        """The inverse of `to_dict`."""
        if not data:
            return cls()
        names = lambda own: tuple(tuple(n) if n is not None else None for n in own)  # noqa: E731
        return cls(
            {name: tuple(prompts) for name, prompts in data["models"].items()},
            {case: names(own) for case, own in data["cases"].items()},
        )
