"""What judges that answer point by point have in common."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.evals.scorers.replies import Unparsable, read_flag, read_object, read_rows, reason_of

Verdict = tuple[bool, str]


def numbered(texts: Sequence[str]) -> str:
    """Return the texts as a numbered list."""
    return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))


def verdicts(text: str, rows: str, flag: str, count: int | None = None, *, about: str = "") -> list[Verdict]:
    """Return yes or no and the reason for each row of a reply.

    Args:
        text: The reply.
        rows: The key of the list.
        flag: The key of the verdict in each row.
        count: How many rows there must be: then each has its number, or they stand in their order.
        about: The key of what a row is about, which then stands in the reason.

    Raises:
        Unparsable: A row is missing, is there twice, or says neither yes nor no.
    """
    found = read_rows(read_object(text, rows)[rows])
    if count is not None:
        found = _in_order(found, count)
    told = []
    for row in found:
        reason = reason_of(row)
        if about:
            reason = f"{' '.join(str(row.get(about) or '').split())} ({reason})"
        told.append((read_flag(row.get(flag)), reason))
    return told


def _in_order(rows: list[dict], count: int) -> list[dict]:
    numbers = [row.get("number") for row in rows]
    if all(number is None for number in numbers):
        numbers = list(range(1, len(rows) + 1))
    if sorted(map(str, numbers)) != sorted(map(str, range(1, count + 1))):
        raise Unparsable(f"the judge was asked for {count} verdicts and gave others")
    by_number = {str(number): row for number, row in zip(numbers, rows, strict=True)}
    return [by_number[str(number)] for number in range(1, count + 1)]


def share(found: Sequence[Verdict]) -> float:
    """Return the share of yes."""
    return sum(ok for ok, _ in found) / len(found)


def named_failures(found: Sequence[Verdict], what: str) -> str:
    """Return the reasons of those that are not, or nothing."""
    failed = [reason for ok, reason in found if not ok]
    return f"{what}: " + "; ".join(failed) if failed else ""
