"""Numbers and lists in words, the same in every headline, table and report."""

from __future__ import annotations

import math
from collections.abc import Sequence

UNKNOWN = "unknown"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign (a real minus), such as ``+2.0`` or ``−0.3``; a rounded zero has none."""
    text = f"{abs(value):,.{digits}f}"
    if not any(c in "123456789" for c in text):
        return text
    return ("−" if value < 0 else "+") + text


def amount(value: float | None, unit: str = "score") -> str:
    """A value in its unit: ``81.2 %`` for a score, ``1.24 s``, ``$0.0031``, ``1,250 tokens``, ``312.5``."""
    if value is None:
        return UNKNOWN
    sign = "−" if value < 0 else ""
    if unit == "score":
        return f"{sign}{abs(value) * 100:.1f} %"
    if unit == "usd":
        return sign + usd(abs(value))
    if unit == "seconds":
        return sign + seconds(abs(value))
    if unit == "tokens":
        return f"{sign}{_tokens(abs(value))} tokens"
    return f"{sign}{abs(value):,.1f}"


def difference(value: float | None, unit: str = "score") -> str:
    """A difference in its unit, signed: ``+3.4 points`` for a score, ``−0.20 s``, ``+$0.0012``."""
    if value is None:
        return UNKNOWN
    if unit == "score":
        return f"{signed(value * 100)} points"
    if unit in ("usd", "seconds", "tokens"):
        return ("−" if value < 0 else "+" if value > 0 else "") + amount(abs(value), unit)
    return signed(value)


def interval(low: float | None, high: float | None, unit: str = "score", *, signs: bool = False) -> str:
    """An interval in its unit, such as ``74.1 to 86.8 %``; ``signs`` for that of a difference."""
    if low is None or high is None:
        return UNKNOWN
    if unit == "score" and signs:
        return f"{signed(low * 100)} to {signed(high * 100)}"
    if unit == "score":
        return f"{low * 100:.1f} to {high * 100:.1f} %"
    if unit == "tokens":
        ends = [
            ("−" if end < 0 else "+" if end > 0 and signs else "") + _tokens(abs(end)) for end in (low, high)
        ]
        return f"{ends[0]} to {ends[1]} tokens"
    show = difference if signs else amount
    return f"{show(low, unit)} to {show(high, unit)}"


def _tokens(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.95 or value == int(value) else f"{value:,.1f}"


def usd(value: float | None) -> str:
    """US dollars with the digits that matter: ``$12.40``, ``$0.0031``, ``$0.00``."""
    if value is None:
        return UNKNOWN
    if value < 0:
        return "−" + usd(-value)
    if value == 0 or value >= 1:
        return f"${value:,.2f}"
    return f"${value:.4f}" if value >= 0.001 else f"${value:.2g}" if value >= 0.0001 else f"${value:.6f}"


def seconds(value: float | None) -> str:
    """Seconds with the digits that matter: ``840 ms``, ``1.24 s``, ``75 s``."""
    if value is None:
        return UNKNOWN
    if value < 0:
        return "−" + seconds(-value)
    if value < 0.9995:
        return f"{value * 1000:.0f} ms" if value >= 0.01 or value == 0 else f"{value * 1000:.1f} ms"
    return f"{value:.2f} s" if value < 9.995 else f"{value:,.1f} s" if value < 99.95 else f"{value:,.0f} s"


def p_text(p: float | None) -> str:
    """A p value: ``p = 0.031``, ``p < 0.001``."""
    if p is None:
        return "p unknown"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def times(ratio: float | None) -> str:
    """A ratio: ``3.2 times``, ``0.45 times``."""
    if ratio is None:
        return UNKNOWN
    return f"{ratio:.2f} times" if ratio < 10 else f"{ratio:,.0f} times"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: ``1 case``, ``2,178 cases``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def repeats_advice(share: float | None) -> str:
    """What would help: more cases or more repeats. ``share`` is what repeats add to the variance of the mean (0–1).

    Repeats, however many, leave the rest of the variance, and so multiply the standard error by √(1 − share) at
    best; as many answers to new cases always narrow it more (Miller 2024, arXiv:2411.00640, section 3).
    """
    if share is None:
        return ""
    part = f"{share * 100:.0f} %"
    left = f"{math.sqrt(max(0.0, 1 - share)) * 100:.0f} %"
    if share < 0.2:
        return (
            f"More cases would help, more repeats hardly: answers to one case varying make {part} of the "
            f"uncertainty, so endless repeats would leave {left} of the interval's width."
        )
    return (
        f"More repeats would help where there are no more cases: answers to one case varying make {part} of the "
        f"uncertainty, and endless repeats would leave {left} of the interval's width; new cases help more."
    )


def listed(items: Sequence[str], limit: int = 5) -> str:
    """Names in a sentence: ``a, b and c``, or the first few ``and 12 more``."""
    shown = list(items[:limit])
    if len(items) > limit:
        return f"{', '.join(shown)} and {len(items) - limit:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
