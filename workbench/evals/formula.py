"""Formulas over scores: arithmetic, comparison and a few functions, bounded; they can reach nothing else."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MAX_LENGTH = 500
FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "log": math.log,
    "exp": math.exp,
}
# Whole numbers would grow without bound (9**9**9); as floats they overflow, which is an error at once.
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: lambda a, b: float(a) * float(b),
    ast.Div: operator.truediv,
    ast.Pow: lambda a, b: math.pow(a, b),
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_SHAPES = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Call,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.And,
    ast.Or,
    *_OPERATORS,
)


class FormulaError(Exception):
    """A formula that gives no number for these values; the message says why."""


def variable_of(scorer: str) -> str:
    """Return the name by which a formula calls a scorer: letters, digits and ``_`` in place of all else."""
    name = re.sub(r"\W+", "_", scorer).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


@dataclass(frozen=True)
class Formula:
    """A formula that was checked. ``names`` are the scores that it needs, as `variable_of` writes them."""

    text: str
    names: frozenset[str]

    def value(self, values: Mapping[str, float]) -> float:
        """Return what it gives for these scores.

        Raises:
            FormulaError: It divides by zero, or the result is no finite number.
        """
        from simpleeval import InvalidExpression, SimpleEval

        evaluator = SimpleEval(operators=_OPERATORS, functions=FUNCTIONS, names=dict(values))
        try:
            result = evaluator.eval(self.text, previously_parsed=_parsed(self.text).body)
            number = float(result)
        except ZeroDivisionError:
            raise FormulaError("the formula divides by zero") from None
        except (InvalidExpression, ArithmeticError, ValueError, TypeError, RecursionError) as problem:
            reason = str(problem).splitlines()[0][:100] if str(problem) else type(problem).__name__
            raise FormulaError(f"the formula gives no number ({reason})") from None
        if not math.isfinite(number):
            raise FormulaError("the formula gives no finite number")
        return number


def parse_formula(text: Any) -> Formula:
    """Return a formula that is safe to evaluate.

    Raises:
        ValueError: It is too long, not arithmetic, or calls something that is no function here.
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError("a formula is text, such as 2*precision*recall/(precision+recall)")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the formula is longer than {MAX_LENGTH} characters")
    text = text.strip()
    tree = _parsed(text)
    called = set()
    for node in ast.walk(tree):
        if not isinstance(node, _SHAPES):
            raise ValueError(f"a formula holds only numbers, scores, operators and {', '.join(FUNCTIONS)}")
        if isinstance(node, ast.Constant) and (
            isinstance(node.value, bool | complex) or not isinstance(node.value, int | float)
        ):
            raise ValueError("a formula holds no text")
        if isinstance(node, ast.Constant) and abs(node.value) > 1e300:
            raise ValueError("a number of the formula is too large")
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords:
                raise ValueError(f"a formula calls only {', '.join(FUNCTIONS)}")
            called.add(id(node.func))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}
    if not names:
        raise ValueError("the formula names no scorer")
    return Formula(text, frozenset(names))


@lru_cache(maxsize=256)
def _parsed(text: str) -> ast.Expression:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            # ^ is the power of most calculators and of other tools' formulas.
            return ast.parse(text.replace("^", "**"), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        raise ValueError(f'"{text[:60]}" is not a formula') from None
