"""Several answers to one case as one: majority, pass@k, pass^k, at least k; and which cases are flaky."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

Kind = Literal["mean", "majority", "pass_at_k", "pass_all_k", "at_least"]
_GROUP = ["prompt", "version", "model", "scorer", "case_id"]


@dataclass(frozen=True)
class Reducer:
    """How the answers to one case become one value. ``k`` is 0 where the kind needs none."""

    kind: Kind
    k: int = 0


@dataclass(frozen=True)
class Flaky:
    """The cases on which one version and model both passed and failed one scorer."""

    prompt: str
    version: int | None
    model: str
    scorer: str
    cases: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {**vars(self), "cases": list(self.cases)}


def reduced(passes: np.ndarray, answers: np.ndarray, reducer: Reducer) -> np.ndarray:
    """Return the value of cases that passed ``passes`` of ``answers`` times.

    ``pass_at_k`` is the chance that of k answers at least one passes, 1 − C(n−c, k) / C(n, k), and ``pass_all_k`` that
    all do, C(c, k) / C(n, k), both without bias (Chen et al. 2021, arXiv:2107.03374; Yao et al. 2024,
    arXiv:2406.12045). A tie is no majority.
    """
    n, c, k = np.asarray(answers, float), np.asarray(passes, float), reducer.k
    if reducer.kind == "majority":
        return (c > n / 2).astype(float)
    if reducer.kind == "at_least":
        return (c >= k).astype(float)
    if reducer.kind == "pass_at_k":
        return 1.0 - special.comb(n - c, k) / special.comb(n, k)
    if reducer.kind == "pass_all_k":
        return special.comb(c, k) / special.comb(n, k)
    return c / n


def reduce_repeats(scores: pd.DataFrame, reducers: Mapping[str, Reducer]) -> pd.DataFrame:
    """Return scores with one row a case for each scorer that has a reducer other than the mean.

    The row stands at repeat 0. Errors and unknown values stay as rows of their own, for they are counted apart. A case
    with fewer answers than k, or whose scorer neither passes nor fails, gets an error.
    """
    wanted = {name: reducer for name, reducer in reducers.items() if reducer.kind != "mean"}
    mine = scores["scorer"].isin(list(wanted)) & scores["error"].isna() & scores["value"].notna()
    if not wanted or not mine.any():
        return scores
    own = scores[mine]
    passed = own["passed"].map({True: 1.0, False: 0.0}).astype(float)
    groups = own.assign(_passed=passed).groupby(_GROUP, sort=False, dropna=False, observed=True)
    table = groups["_passed"].agg(["sum", "count", "size"])
    first = groups.head(1).assign(repeat=0)
    # One row a group in both, in the order of first appearance.
    value = np.full(len(first), np.nan)
    error = np.full(len(first), None, dtype=object)
    names = first["scorer"].to_numpy()
    counts, sums, sizes = (table[c].to_numpy() for c in ("count", "sum", "size"))
    for name, reducer in wanted.items():
        at = names == name
        unjudged = at & (counts < sizes)
        short = at & ~unjudged & (counts < reducer.k)
        error[unjudged] = f"{reducer.kind} needs a scorer that passes or fails: give it a threshold"
        error[short] = f"{reducer.kind} needs {reducer.k} answers to a case, and there are fewer"
        good = at & ~unjudged & ~short
        value[good] = reduced(sums[good], counts[good], reducer)
    yes = np.where(np.isin(value, (0.0, 1.0)), value == 1.0, None)
    rows = first.assign(value=value, error=error, passed=yes)
    return pd.concat([scores[~mine], rows.astype(scores.dtypes.to_dict())], ignore_index=True)


def flaky_cases(scores: pd.DataFrame) -> list[Flaky]:
    """Return the cases on which answers of one version and model both passed and failed, by scorer."""
    judged = scores[scores["passed"].notna()]
    if judged.empty:
        return []
    passed = judged["passed"].map({True: 1.0, False: 0.0}).astype(float)
    share = passed.groupby([judged[c] for c in _GROUP], sort=False, dropna=False, observed=True).mean()
    mixed = share[(share > 0) & (share < 1)].reset_index()
    return [
        Flaky(
            str(prompt),
            None if version != version else int(version),
            str(model),
            str(scorer),
            tuple(rows["case_id"]),
        )
        for (prompt, version, model, scorer), rows in mixed.groupby(_GROUP[:4], sort=False, dropna=False)
    ]
