"""Tests and plans for two versions on the same cases: differences are B − A, one value a case."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from workbench.analysis.estimators import Floats, z_quantile

#: Up to this many cases that differ, the sign-flip test looks at every one of the 2**n ways.
EXACT_CASES = 15
#: Above `EXACT_CASES` it draws this many ways at random, always the same ones.
DRAWS = 20_000
#: Above this many differing cases the sum of flipped signs is as good as normal.
NORMAL_CASES = 10_000
#: A number of cases beyond this is no useful answer to "how many would decide?".
MAX_CASES_TO_DECIDE = 1_000_000
POWER = 0.8
_SEED = 20_240_229
#: Cases and columns whose random signs are multiplied at once; a multiple of 8.
_CHUNK_CASES = 256
_CHUNK_COLUMNS = 256


def mcnemar_midp(wins: int, losses: int) -> float:
    """Two-sided McNemar mid-p value; 1 where the sides never disagree.

    Source: Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91 (2013), equation 4.
    """
    discordant = wins + losses
    if discordant == 0:
        return 1.0
    fewer = min(wins, losses)
    exact = 2 * special.bdtr(fewer, discordant, 0.5)
    log_point = (
        special.gammaln(discordant + 1)
        - special.gammaln(fewer + 1)
        - special.gammaln(discordant - fewer + 1)
        - discordant * math.log(2)
    )
    return float(min(1.0, exact - math.exp(log_point)))


def mcnemar_exact(wins: int, losses: int) -> float:
    """Two-sided exact McNemar p value: the binomial test of the cases on which the sides disagree; 1 without any.

    It is what papers report. Verdicts rest on `mcnemar_midp`, which errs less on the safe side.
    """
    discordant = wins + losses
    return float(min(1.0, 2 * special.bdtr(min(wins, losses), discordant, 0.5))) if discordant else 1.0


def sign_flip(differences: ArrayLike) -> float:
    """Two-sided sign-flip permutation p of one column of per-case differences. See `sign_flips`."""
    return float(sign_flips([np.asarray(differences, float)])[0])


def sign_flips(columns: list[Floats]) -> Floats:
    """Two-sided sign-flip permutation p values, one for each column of per-case differences.

    If the two versions are equally good, each case's difference could as well have had the other sign. The p
    value is the share of sign patterns whose mean is at least as far from zero as the one seen. Exact where at
    most `EXACT_CASES` differ, else ``(1 + hits) / (1 + DRAWS)`` over seeded draws (a normal approximation above
    `NORMAL_CASES`). NaN is left out; a column without any difference gives 1. A column's value depends on its
    differences alone, neither on their order nor on the other columns.

    Source: Fisher 1935; Phipson and Smyth, Statistical Applications in Genetics 9 (2010) article 39.
    """
    result = np.ones(len(columns))
    drawn: dict[int, Floats] = {}
    for index, column in enumerate(columns):
        size = np.sort(np.abs(column[np.isfinite(column) & (column != 0)]))[::-1]
        if not size.size:
            continue
        observed = abs(math.fsum(column[np.isfinite(column)])) / size[0]
        size = size / size[0]
        if size.size <= EXACT_CASES:
            result[index] = _exact_flip(size, observed)
        elif size.size > NORMAL_CASES:
            result[index] = 2 * float(special.ndtr(-observed / math.sqrt(float(np.square(size).sum()))))
        else:
            drawn[index] = np.concatenate([[observed], size])
    indices = sorted(drawn, key=lambda i: drawn[i].size)
    for start in range(0, len(indices), _CHUNK_COLUMNS):
        some = indices[start : start + _CHUNK_COLUMNS]
        result[some] = _drawn_flips([drawn[i] for i in some])
    return result


def _exact_flip(size: Floats, observed: float) -> float:
    patterns = np.arange(2**size.size)[:, None] >> np.arange(size.size) & 1
    sums = np.abs((2 * patterns - 1) @ size)
    return float(np.mean(sums >= observed - 1e-9 * size.sum()))


def _drawn_flips(columns: list[Floats]) -> Floats:
    """Draw signs case by case and apply them to every column at once (one matrix product a chunk of cases).

    The n-th differing case gets the same signs in every column of every call, however many cases there are.
    """
    rows = max(len(c) - 1 for c in columns)
    total = np.array([c[1:].sum() for c in columns])
    rng = np.random.default_rng(_SEED)
    positive = np.zeros((len(columns), DRAWS))
    for start in range(0, rows, _CHUNK_CASES):
        eights = min(_CHUNK_CASES, rows - start + 7) // 8
        raw = np.frombuffer(rng.bytes(eights * DRAWS), np.uint8).reshape(eights, DRAWS)
        bits = np.unpackbits(raw, axis=0).astype(np.float32)
        values = np.zeros((len(columns), eights * 8), np.float32)
        for j, column in enumerate(columns):
            part = column[1 + start : 1 + start + eights * 8]
            values[j, : len(part)] = part
        positive += values @ bits
    # A sum of ±v is twice the sum of the v with a plus, less the sum of all. Products in single precision are
    # good to about this share of the total, and a tie must count as a hit.
    needed = np.array([c[0] for c in columns]) - 1e-5 * total
    hits = (np.abs(2 * positive - total[:, None]) >= needed[:, None]).sum(axis=1)
    return (1 + hits) / (1 + DRAWS)


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p values for having looked at all of them (Holm 1979, family-wise error rate)."""
    p = np.asarray(p_values, float)
    if not p.size:
        return p
    order = np.argsort(p, kind="stable")
    stepped = p[order] * np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(stepped))
    return adjusted


def detectable_difference(sd: float, n: int, alpha: float = 0.05) -> float | None:
    """The true difference that ``n`` cases would establish with a power of 80 %; None for n = 0 or no spread.

    Source: Miller 2024 (arXiv:2411.00640), 2.8 standard errors at alpha 0.05.
    """
    if n < 1 or not math.isfinite(sd) or sd <= 0:
        return None
    return (z_quantile(1 - alpha) + float(special.ndtri(POWER))) * sd / math.sqrt(n)


def cases_to_decide(
    diff: float, sd: float, n: int, *, margin: float = 0.0, alpha: float = 0.05, reach: float = 0.0
) -> int | None:
    """About how many cases in total would decide, if the difference and spread seen so far are the true ones.

    The smaller of two numbers, each for a power of 80 %: to establish the difference seen (two-sided at
    ``alpha``), and with a margin to show equivalence (two one-sided tests at 5 %, counted as if the difference
    were in the middle of what remains of the margin, of which `paired_intervals.margin_interval` gives 1/n of
    ``reach`` to one case more). None where neither can be computed (no difference, no spread, or more than
    `MAX_CASES_TO_DECIDE`). It is a guide for planning: the difference seen is itself uncertain.
    """
    if n < 2 or not math.isfinite(sd) or sd <= 0 or not math.isfinite(diff):
        return None
    needs = []
    if diff != 0:
        needs.append(((z_quantile(1 - alpha) + float(special.ndtri(POWER))) * sd / diff) ** 2)
    room = margin - abs(diff)
    if margin > 0 and room > 0:
        # room = factor·sd/√n + reach/n, solved for √n.
        width = (z_quantile(0.9) + z_quantile(POWER)) * sd
        needs.append(((width + math.sqrt(width**2 + 4 * room * reach)) / (2 * room)) ** 2)
    if not needs or min(needs) > MAX_CASES_TO_DECIDE:
        return None
    return _round_up(max(min(needs), n + 1))


def _round_up(cases: float) -> int:
    """Round up to two digits, as more would pretend to know."""
    step = 10 ** max(0, math.floor(math.log10(cases)) - 1)
    return int(math.ceil(cases / step) * step)
