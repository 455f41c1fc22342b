"""What a test of a config is, before and after the defaults are merged into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workbench.formats.promptfoo.findings import Place


@dataclass(frozen=True)
class ConfigTest:
    """One test: what is asked, and its assertions, those of the defaults first.

    ``values`` are the variables as assertions see them, ``vars`` as a prompt shows them: promptfoo renders those once
    more. ``asserts`` hold each assertion with where it stands.
    """

    vars: dict[str, Any]
    values: dict[str, Any]
    asserts: tuple[tuple[Any, Place], ...]
    description: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    place: Place = field(default_factory=lambda: Place(""))
    named_prompts: Any = None
    named_providers: Any = None
    asked: tuple[tuple[str, ...] | None, tuple[str, ...] | None] = (None, None)


@dataclass(frozen=True)
class Row:
    """One test as it stands in a file, not yet merged with the defaults."""

    data: dict[str, Any]
    place: Place
    assert_places: Callable[[int], Place]


def merged(config: Row, test: Row) -> Row:
    """Return a test of a scenario under one of its configs. promptfoo drops the `options` of the config."""
    first, second = config.data, test.data
    count = len(first.get("assert") or [])
    data = {
        **{k: v for k, v in first.items() if k != "options"},
        **second,
        "vars": {**mapping(first.get("vars")), **mapping(second.get("vars"))},
        "metadata": {**mapping(first.get("metadata")), **mapping(second.get("metadata"))},
        "assert": [*(first.get("assert") or []), *(second.get("assert") or [])],
    }
    places = lambda n: config.assert_places(n) if n < count else test.assert_places(n - count)  # noqa: E731
    return Row(data, test.place if test.data else config.place, places)


def mapping(value: Any) -> dict[str, Any]:
    """Return a value that is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}
