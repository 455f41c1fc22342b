"""What a whole run may cost, use, take and fail, as rules: counted as seen, nothing by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workbench.analysis.rules import Rule
from workbench.analysis.wording import amount, count

if TYPE_CHECKING:
    import pandas as pd

#: Up to this share of answers may have no known latency before its 95th percentile says nothing.
UNKNOWN_SHARE_LIMIT = 0.02
_TIMES = (("latency_s", "latency", "latency"), ("ttft_s", "first token", "the time to the first token"))


def limit_rules(cells: pd.DataFrame, limits: Mapping[str, float], *, missing: int = 0) -> list[Rule]:
    """Hold all answers of a run to its limits.

    A sum of cost or tokens that is over its limit fails whatever is unknown; one that is under it with something
    unknown is undecided, as nothing unknown counts as 0. Failed answers count among the errors only.

    Args:
        cells: One row a cell, as `workbench.analysis` reads them.
        limits: ``cost_usd`` (USD), ``total_tokens``, ``p95_latency_s`` and ``p95_ttft_s`` (seconds) and ``errors``,
            each the most.
        missing: Cells that have no answer yet; what is under its limit without them is undecided.
    """
    rules = _rules(cells, limits)
    if not missing:
        return rules
    said = f"so far, with {count(missing, 'cell')} without an answer"
    return [
        replace(rule, status="undecided", reason=f"{rule.reason.removesuffix('.')} {said}.")
        if rule.status == "passed"
        else rule
        for rule in rules
    ]


def _rules(cells: pd.DataFrame, limits: Mapping[str, float]) -> list[Rule]:
    answered = cells[cells["error"].isna()]
    rules = []
    if "cost_usd" in limits:
        rules.append(_sum("cost", answered["cost_usd"], limits["cost_usd"], "usd"))
    if "total_tokens" in limits:
        tokens = answered["input_tokens"] + answered["output_tokens"]
        rules.append(_sum("tokens", tokens, limits["total_tokens"], "tokens"))
    for field, name, what in _TIMES:
        if f"p95_{field}" in limits:
            rules.append(_time(answered[field], limits[f"p95_{field}"], name, what))
    if "errors" in limits:
        failed, most = len(cells) - len(answered), int(limits["errors"])
        status = "passed" if failed <= most else "failed"
        said = f"{count(failed, 'failed answer')}, {most:,} allowed"
        rules.append(Rule("limit errors", status, f"the run's errors: {said}."))
    return rules


def _sum(what: str, values: pd.Series, most: float, unit: str) -> Rule:
    # Added without rounding errors, so that a sum that is just its limit is not above it.
    total, unknown = math.fsum(values.dropna()), int(values.isna().sum())
    name, shown, limit = f"limit {what}", amount(total, unit), amount(most, unit)
    if total > most:
        return Rule(name, "failed", f"the run's {what}: {shown}, above {limit}.")
    if unknown:
        lacking = f"unknown for {unknown:,} of {count(len(values), 'answer')}"
        return Rule(name, "undecided", f"the run's {what}: {lacking}, so it cannot be held to {limit}.")
    return Rule(name, "passed", f"the run's {what}: {shown}, at most {limit} allowed.")


def _time(values: pd.Series, most: float, name: str, what: str) -> Rule:
    known, limit = values.dropna(), amount(most, "seconds")
    name, what = f"limit {name}", f"the run's 95th percentile of {what}"
    if known.empty or len(values) - len(known) > UNKNOWN_SHARE_LIMIT * len(values):
        lacking = f"unknown for {len(values) - len(known):,} of {count(len(values), 'answer')}"
        return Rule(name, "undecided", f"{what}: {lacking}, so it cannot be held to {limit}.")
    found = float(np.quantile(known, 0.95))
    if found > most:
        return Rule(name, "failed", f"{what}: {amount(found, 'seconds')}, above {limit}.")
    return Rule(name, "passed", f"{what}: {amount(found, 'seconds')}, at most {limit} allowed.")
