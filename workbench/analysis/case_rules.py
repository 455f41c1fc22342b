"""Rules about single cases: those that must pass, and those that passed before and fail now. Counts, not chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.analysis import frames
from workbench.analysis.rules import Rule
from workbench.analysis.wording import count, listed

SHOWN_CASES = 5


@dataclass(frozen=True)
class CasePasses:
    """What one side's answers to each case did: how many passed, failed, and are missing."""

    passed: dict[str, int]
    failed: dict[str, int]
    missing: dict[str, int]

    def mostly(self, case: str) -> bool | None:
        """Whether more than half of a case's answers passed; None where the missing ones could turn it."""
        p, f, m = (part.get(case, 0) for part in (self.passed, self.failed, self.missing))
        if p + f + m == 0:
            return None
        if p > f + m:
            return True
        return False if p + m <= f else None


def case_passes(scores: pd.DataFrame, scorer: str) -> CasePasses | None:
    """Count passes of one scorer by case; None where it only measures.

    What the scorer says counts; where it says nothing, 1 is a pass and 0 a failure if it knows no other values.
    """
    rows = scores[scores["scorer"] == scorer]
    value = frames.float_column(rows, "value")
    error = frames.is_error(rows)
    said = pd.Series(rows.get("passed"), index=rows.index, dtype=object)
    known = said.notna().to_numpy(bool) & ~error
    passed = np.array([bool(v) if k else False for v, k in zip(said, known, strict=True)], dtype=bool)
    if not known.any():
        valid = ~error & ~np.isnan(value)
        if not valid.any() or not ((value[valid] == 0) | (value[valid] == 1)).all():
            return None
        known, passed = valid, valid & (value == 1)
    case = rows["case_id"].astype(str).to_numpy()
    parts = (known & passed, known & ~passed, ~known)
    return CasePasses(
        *({str(k): int(v) for k, v in pd.Series(case[p]).value_counts().items()} for p in parts)
    )


def must_pass(scores: pd.DataFrame, scorers: Sequence[str], cases: Sequence[str]) -> Rule:
    """Ask that every answer of the candidate to these cases passes every scorer that passes or fails."""
    judged = [found for found in (case_passes(scores, scorer) for scorer in scorers) if found is not None]
    what = count(len(cases), "case")
    if not judged:
        reason = f"must pass: {listed(scorers)} neither pass nor fail, so {what} cannot be judged."
        return Rule("must_pass", "undecided", reason)
    failed = [case for case in cases if any(found.failed.get(case) for found in judged)]
    if failed:
        return Rule("must_pass", "failed", f"must pass: {_named(failed)} of {what} failed.")
    unseen = [
        case
        for case in cases
        if any(found.missing.get(case) for found in judged)
        or not any(found.passed.get(case) for found in judged)
    ]
    if unseen:
        return Rule("must_pass", "undecided", f"must pass: {_named(unseen)} of {what} miss an answer.")
    return Rule(
        "must_pass", "passed", f"must pass: {'it passes' if len(cases) == 1 else f'all {what} pass'}."
    )


def new_failures(a: pd.DataFrame, b: pd.DataFrame, scorer: str, most: int) -> Rule:
    """Ask that at most ``most`` cases which most answers of the baseline passed are failed by the candidate."""
    before, after = case_passes(a, scorer), case_passes(b, scorer)
    if before is None or after is None:
        reason = f"new failures: {scorer} neither passes nor fails, so they cannot be counted."
        return Rule("new_failures", "undecided", reason)
    cases = sorted({*before.passed, *before.missing, *after.failed}, key=frames.natural_key)
    broken, open_ = [], 0
    for case in cases:
        was, now = before.mostly(case), after.mostly(case)
        if was and now is False:
            broken.append(case)
        elif was is not False and now is not True:
            open_ += 1
    found = f"new failures: {_named(broken) if broken else 'none'}, at most {most:,} allowed"
    if len(broken) > most:
        return Rule("new_failures", "failed", f"{found}.")
    if len(broken) + open_ > most:
        return Rule(
            "new_failures", "undecided", f"{found}; {count(open_, 'case')} more may be, for lack of answers."
        )
    return Rule("new_failures", "passed", f"{found}.")


def _named(cases: Sequence[str]) -> str:
    return f"{len(cases):,} ({listed(list(cases), SHOWN_CASES)})"
