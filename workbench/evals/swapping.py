"""Cases with an attribute swapped: the same text with other pronouns, titles or names, as groups of cases.

Words are swapped as whole words by a list, whatever their letters' case, which is kept. It knows no grammar: where one
word stands for two (her is his or him), the first of the list is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any

import regex
from pydantic import Field, model_validator

from workbench.evals.extract import TIMEOUT_S
from workbench.evals.model_entry import Strict
from workbench.evals.types import Case, Dataset
from workbench.files import canonical_json, load_yaml, sha256_text

#: The metadata field that cases of one group share.
GROUP = "group"
MAX_SWAPPED = 200_000
SHIPPED = ("gender",)
Word = Annotated[str, Field(min_length=1, max_length=100)]


class SwapEntry(Strict):
    """Words that name an attribute, by its values; the words of all values stand in the same order."""

    attribute: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="The metadata field that then names the value"
    )
    values: dict[str, list[Word]] = Field(
        min_length=2,
        max_length=10,
        description="Value: its words, each with its counterparts in the same place",
    )
    vars: list[str] | None = Field(None, min_length=1, description="The variables to swap in; all by default")

    @model_validator(mode="after")
    def _counterparts(self) -> SwapEntry:
        lengths = {len(words) for words in self.values.values()}
        if len(lengths) > 1 or 0 in lengths or max(lengths) > 1000:
            raise ValueError("each value has as many words as the others, from 1 to 1,000")
        return self


@lru_cache(maxsize=4)
def shipped_swap(name: str) -> SwapEntry:
    """Return a list that comes with Workbench."""
    path = resources.files("workbench.evals") / "words" / f"swap_{name}.yaml"
    return SwapEntry.model_validate(load_yaml(path.read_text(encoding="utf-8"), file=name).data)


def swap_entry(value: Any) -> Any:
    """Return the mapping that a suite's ``swap`` stands for: the name of a shipped list is that list."""
    if not isinstance(value, str):
        return value
    if value not in SHIPPED:
        raise ValueError(f'there is no list "{value[:40]}" to swap by, only {", ".join(SHIPPED)}')
    return shipped_swap(value).model_dump()


def swapped(dataset: Dataset, entry: SwapEntry) -> Dataset:
    """Return a dataset in which every case that holds one of the words stands once for each value.

    A case keeps its id where its text is that of one value; the others are called ``ID~VALUE``. All of them have the
    case's id as ``group`` in their metadata, and the value under the attribute's name. A text that mixes values stays
    beside its swapped ones, without a value. Cases without such words stay as they are.

    Raises:
        ValueError: A case's metadata has one of these fields already, or two ids would be the same.
    """
    swap, cases = _Swap(entry), []
    known = {case.id for case in dataset.cases}
    for case in dataset.cases:
        made = swap.of(case)
        for one in made[1:]:
            if one.id in known:
                raise ValueError(f"case {case.id} cannot be swapped, for there is a case {one.id} already")
        cases += made
    sha256 = sha256_text(dataset.sha256 + canonical_json(entry.model_dump()))
    return replace(dataset, cases=tuple(cases), sha256=sha256)


class _Swap:
    def __init__(self, entry: SwapEntry) -> None:
        self.entry, self._places = entry, dict[str, int]()
        for words in entry.values.values():
            for place, word in enumerate(words):
                self._places.setdefault(word.casefold(), place)
        parts = sorted(map(regex.escape, self._places), key=len, reverse=True)
        letter = r"[\p{L}\p{N}]"
        self._pattern = regex.compile(rf"(?<!{letter})(?:{'|'.join(parts)})(?!{letter})", regex.IGNORECASE)

    def of(self, case: Case) -> list[Case]:
        """Return a case with its counterparts, itself first; alone where it holds none of the words."""
        texts = {n: v for n, v in case.vars.items() if self.entry.vars is None or n in self.entry.vars}
        made = {value: self._in(texts, words) for value, words in self.entry.values.items()}
        if not self._holds(texts):
            return [case]
        fields = [name for name in (GROUP, self.entry.attribute) if name in case.metadata]
        if fields:
            raise ValueError(f'case {case.id} has "{fields[0]}" in its metadata already')
        own = next((value for value, found in made.items() if found == texts), None)
        metadata = {**case.metadata, GROUP: case.id}
        first = metadata if own is None else {**metadata, self.entry.attribute: own}
        return [
            replace(case, metadata=first),
            *(
                replace(
                    case,
                    id=f"{case.id}~{value}",
                    vars={**case.vars, **found},
                    metadata={**metadata, self.entry.attribute: value},
                )
                for value, found in made.items()
                if value != own
            ),
        ]

    def _holds(self, value: Any) -> bool:
        if isinstance(value, str):
            return self._pattern.search(value[:MAX_SWAPPED], timeout=TIMEOUT_S) is not None
        parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        return any(map(self._holds, parts))

    def _in(self, value: Any, words: Sequence[str]) -> Any:
        if isinstance(value, str):
            head, rest = value[:MAX_SWAPPED], value[MAX_SWAPPED:]
            return self._pattern.sub(lambda m: self._word(m.group(), words), head, timeout=TIMEOUT_S) + rest
        if isinstance(value, Mapping):
            return {key: self._in(one, words) for key, one in value.items()}
        return [self._in(one, words) for one in value] if isinstance(value, list) else value

    def _word(self, found: str, words: Sequence[str]) -> str:
        word = next((one for one in words if one.casefold() == found.casefold()), None)
        if word is not None:
            return found
        word = words[self._places[found.casefold()]]
        if found.isupper() and len(found) > 1:
            return word.upper()
        return word[:1].upper() + word[1:] if found[:1].isupper() else word
