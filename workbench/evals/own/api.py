"""What a scorer of one's own imports: the decorator. Nothing else of Workbench is needed there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
MARK = "__workbench_scorer__"
#: What a function may ask for by the names of its parameters; all its other parameters come from the suite.
GIVEN = ("output", "expected", "vars", "metadata", "case_id", "cost_usd", "latency_s")


def scorer(function: F) -> F:
    """Mark a function as a scorer that suites may name.

    It is called with what its parameters ask for: ``output`` (text), ``expected``, ``vars`` and ``metadata`` of the
    case, ``case_id``, ``cost_usd`` and ``latency_s`` (None where unknown); every other parameter is set by the
    suite's ``params``. It returns a number from 0 to 1, a bool, None for unknown, or a mapping with ``value`` and
    perhaps ``passed`` and ``reason``. What it raises becomes the error of that cell.
    """
    setattr(function, MARK, True)
    return function
