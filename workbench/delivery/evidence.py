"""What a release says of itself: the commit message, its evidence and its trailers.

Everything that came from a model, a file or another person is folded into single lines that cannot be read as
a trailer, a comment or the start of a patch. The last paragraph is ours alone: nine trailers, always the same,
with ``none`` where there is no evidence and ``unknown`` where a number is not known.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.prompts.content import Lineage, Prompt

TRAILERS = (
    "Prompt-Name",
    "Prompt-Version",
    "Prompt-SHA256",
    "Eval-Suite",
    "Eval-Suite-SHA256",
    "Eval-Models",
    "Eval-Result",
    "Eval-Baseline",
    "Eval-Cost-USD",
)
NONE = "none"
UNKNOWN = "unknown"
MAX_SUBJECT = 72
MAX_LINE = 400
MAX_TABLE_LINES = 100
MAX_REGRESSIONS = 50
# Bidirectional controls can make a line read differently from what it holds. Joiners stay: scripts need them.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Evidence:
    """What an evaluation found about the version. Everything is optional; nothing at all is said plainly.

    Attributes:
        suite: The suite's name.
        suite_sha256: The identity of suite and cases together.
        models: The models that answered, as ``provider/model``.
        result: The verdict or the gate's outcome in one line, such as ``better: accuracy +0.04``.
        baseline: What it was held against, such as ``triage@2``.
        cost_usd: What the run cost, in USD; None when unknown.
        table: Markdown lines: scores against the baseline with n, errors and intervals.
        regressions: The ids of the cases that the baseline passed and this version fails.
        run_id: The run that measured it.
    """

    suite: str | None = None
    suite_sha256: str | None = None
    models: tuple[str, ...] = ()
    result: str | None = None
    baseline: str | None = None
    cost_usd: float | None = None
    table: tuple[str, ...] = ()
    regressions: tuple[str, ...] = ()
    run_id: str | None = None

    @property
    def empty(self) -> bool:
        """Whether no evaluation stands behind the release."""
        return self == Evidence()


def fold(text: object, limit: int = MAX_LINE) -> str:
    """Return ``text`` as one line of at most ``limit`` characters without control characters."""
    source = str(text)[: limit * 4]
    plain = "".join(" " if _unprintable(char) else char for char in source)
    line = " ".join(plain.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _unprintable(char: str) -> bool:
    return char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")


def release_message(
    prompt: Prompt, lineage: Lineage, evidence: Evidence, *, path: str, sha256: str | None = None
) -> str:
    """Return the whole commit message: subject, evidence, and the nine trailers as the last paragraph.

    Args:
        prompt: The version's content.
        lineage: Its number, parent, author and message.
        evidence: What an evaluation found.
        path: Where the file goes in the target repository.
        sha256: The version's identity, when it is already known.
    """
    digest = sha256 or prompt.sha256
    paragraphs = [_subject(prompt.name, lineage), _origin(prompt.name, lineage, path)]
    paragraphs += _findings(evidence)
    trailers = release_trailers(prompt.name, lineage.version, digest, evidence)
    paragraphs.append("\n".join(f"{key}: {value}" for key, value in trailers.items()))
    return "\n\n".join(paragraphs) + "\n"


def release_trailers(name: str, version: int, sha256: str, evidence: Evidence) -> dict[str, str]:
    """Return the trailers in their order, each value one line and never empty."""
    missing = NONE if evidence.empty else UNKNOWN
    values = (
        fold(name),
        str(version),
        sha256,
        fold(evidence.suite or NONE),
        fold(evidence.suite_sha256 or NONE),
        fold(", ".join(fold(model, 200) for model in evidence.models), 2000) or NONE,
        fold(evidence.result or NONE),
        fold(evidence.baseline or NONE),
        missing if not _known(evidence.cost_usd) else _money(evidence.cost_usd),
    )
    # A value of blanks or control characters alone folds to nothing, and git drops empty trailers.
    return dict(zip(TRAILERS, (value or NONE for value in values), strict=True))


def _subject(name: str, lineage: Lineage) -> str:
    subject = f"Release {fold(name)} v{lineage.version}"
    room = MAX_SUBJECT - len(subject) - 2
    return f"{subject}: {fold(lineage.message, room)}" if lineage.message.strip() and room >= 12 else subject


def _origin(name: str, lineage: Lineage, path: str) -> str:
    parent = f", after version {lineage.parent}" if lineage.parent is not None else ""
    author = f" by {fold(lineage.author, 100)}" if fold(lineage.author) else ""
    day = f" on {fold(lineage.created_at, 40)[:10]}" if fold(lineage.created_at) else ""
    saved = f", saved{author}{day}" if author or day else ""
    lines = [f'Version {lineage.version} of the prompt "{fold(name)}"{parent}{saved},', f"in {fold(path)}"]
    note = fold(lineage.message)
    return "\n".join([*lines, *([f"  {note}"] if note else [])])


def _findings(evidence: Evidence) -> list[str]:
    """Return the evidence as paragraphs; no line of it starts like a trailer, a comment or a patch."""
    if evidence.empty:
        return ["No evaluation stands behind this release."]
    models = ", ".join(fold(model, 200) for model in evidence.models)
    facts = [
        f"Evaluated with suite {fold(evidence.suite)}" if evidence.suite else "Evaluated",
        f"  on {fold(models, 2000)}" if models else "",
        f"  against {fold(evidence.baseline)}" if evidence.baseline else "  against no baseline",
        f"  in run {fold(evidence.run_id)}" if evidence.run_id else "",
        f"  for {_money(evidence.cost_usd)} USD" if _known(evidence.cost_usd) else "  at unknown cost",
        f"  with the result {fold(evidence.result)}" if evidence.result else "  without a verdict",
    ]
    paragraphs = ["\n".join(fact for fact in facts if fact.strip())]
    table = _table_lines(evidence.table)
    if table:
        left = len(table) - MAX_TABLE_LINES
        more = [f"  … and {left} more lines"] if left > 0 else []
        paragraphs.append(
            "Scores against the baseline" if evidence.baseline else "Scores, without a baseline"
        )
        paragraphs.append("\n".join(table[:MAX_TABLE_LINES] + more))
    if evidence.baseline or evidence.regressions:
        paragraphs.append(_regressions(evidence.regressions))
    return paragraphs


def _table_lines(entries: tuple[str, ...]) -> list[str]:
    """Return the lines with what is no row indented, so that none reads as a trailer; never two blank ones."""
    lines: list[str] = []
    for line in (fold(line) for entry in entries for line in entry.splitlines() or [""]):
        if line:
            lines.append(line if line.startswith("|") else f"  {line}")
        elif lines and lines[-1]:
            lines.append("")
    return lines[:-1] if lines and not lines[-1] else lines


def _regressions(cases: tuple[str, ...]) -> str:
    if not cases:
        return "No case that the baseline passed fails now."
    lines = [f"Regressions, {len(cases)} case{'s' if len(cases) > 1 else ''}"]
    lines += [f"- {fold(case, 200)}" for case in cases[:MAX_REGRESSIONS]]
    left = len(cases) - MAX_REGRESSIONS
    return "\n".join([*lines, f"- … and {left} more"] if left > 0 else lines)


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _money(value: float | None) -> str:
    """Return USD to a millionth of a dollar, without trailing zeros."""
    text = f"{value or 0:.6f}"
    return text.rstrip("0").rstrip(".")
