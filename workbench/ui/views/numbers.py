"""How numbers are written on the screen. Unknown is written as such, never as 0."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

UNKNOWN = "unknown"


def money(usd: float | None) -> str:
    """US dollars, with as many digits as small sums need."""
    if usd is None:
        return UNKNOWN
    if usd == 0:
        return "$0"
    if abs(usd) >= 1:
        return f"${usd:,.2f}"
    return f"${usd:.4f}" if abs(usd) >= 0.001 else f"${Decimal(f'{usd:.2g}'):f}"


def seconds(value: float | None) -> str:
    """Seconds: ms below one, then s, then minutes."""
    if value is None:
        return UNKNOWN
    if 0 < value < 0.01:
        return f"{value * 1000:.1f} ms"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 100:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def count(value: float | None) -> str:
    """A whole number with thousands apart."""
    return UNKNOWN if value is None else f"{round(value):,}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share of 1 as percent."""
    return UNKNOWN if value is None or value != value else f"{value * 100:.{digits}f} %"


def size(value: int | None) -> str:
    """Bytes as kB or MB."""
    if value is None:
        return UNKNOWN
    if value < 1000:
        return f"{value} bytes"
    return f"{value / 1000:.1f} kB" if value < 1_000_000 else f"{value / 1_000_000:.1f} MB"


def ago(iso: str | None, *, now: datetime | None = None) -> str:
    """How long ago an ISO-8601 time was; the date where it is over a week."""
    if not iso:
        return UNKNOWN
    try:
        then = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    passed = ((now or datetime.now(UTC)) - then).total_seconds()
    if passed < 60:
        return "just now"
    if passed < 3600:
        return f"{passed // 60:.0f} min ago"
    if passed < 86400:
        return f"{passed // 3600:.0f} h ago"
    if passed < 7 * 86400:
        return f"{passed // 86400:.0f} d ago"
    return then.date().isoformat()


def when(iso: str | None) -> str:
    """A time in UTC to the minute."""
    try:
        return datetime.fromisoformat(iso or "").astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return iso or UNKNOWN
