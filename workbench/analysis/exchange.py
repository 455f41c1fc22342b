"""Evidence that a series of runs changed on the way: how unusual each run is among those before it.

If nothing changes, the values that one case has in several runs could as well have come in any other order. So, given
the values alone, the newest of them is a uniform draw from all of them, for each case apart. The chance that the
cases' sum is at least what it is then follows exactly, by a Fourier transform of the cases' own distributions, with
no assumption about what scores are like. Were ties broken at random, such p values would be uniform and independent
of each other from run to run (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005, section 8),
and as quantiles standard normal. Here a tie is the mean of its quantiles instead, so that nothing hangs on luck: a
weighted sum of such numbers is the conditional mean of a normal one, so it exceeds x with a chance of at most e times
the normal one (Pinelis, Optimal tail comparison based on comparison of moments, 1998).

If the runs from one on are moved, those numbers are moved too, by less and less as moved runs join the ones that the
newest is held against. Their sum, weighted by just that, loses nothing against comparing all runs before with all
runs after (the weights are Helmert's).

A case whose run is missing is drawn from the runs that it has. What is not independent of each other (cases of one
cluster) is exchanged together, and so is what would be too many cases to take apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import fft, special

from workbench.analysis.estimators import Floats

#: Cases beyond so many are exchanged in groups.
_BLOCKS = 256
#: Steps a case into which the range of a sum is cut, where it is not on a grid of its own; and the fewest in all.
_STEPS, _FEWEST = 16, 512
#: No p value is taken for smaller; the transform's rounding is far below.
_LEAST = 1e-12


def newest_unusual(values: Floats, groups: Sequence[int], *, room: float = 0.0) -> float:
    """Return how high the last row stands among all rows, as a normal quantile; 0 on average if nothing changed.

    Args:
        values: Runs × cases, in order; NaN for what is unknown.
        groups: For each case a number; cases of the same number are exchanged together.
        room: The last row may be higher by up to so much without that it counts.

    Returns:
        The quantile; NaN where the last run has no case in common with one before.
    """
    blocks = _blocks(values, groups)
    blocks = blocks[:, ~np.isnan(blocks[-1]) & ~np.isnan(blocks[:-1]).all(axis=0)]
    if not blocks.shape[1]:
        return float("nan")
    blocks[-1] -= room
    more, same = _chances(blocks)
    ends = special.ndtri(np.clip([more, more + same], _LEAST, 1 - _LEAST))
    if ends[1] - ends[0] < 1e-6:
        return float(-ends.mean())
    # The mean of the quantiles from one end to the other.
    return float(np.diff(np.exp(-(ends**2) / 2))[0] / math.sqrt(2 * math.pi) / np.diff(special.ndtr(ends))[0])


def tail(together: float) -> float:
    """The chance at most that a sum weighted by `weights` exceeds this without a change."""
    return min(1.0, math.e * float(special.ndtr(-together)))


def weights(before: int, after: int) -> Floats:
    """How much each of ``after`` moved runs that follow ``before`` unmoved ones counts; their squares sum to 1."""
    place = np.arange(1, after + 1)
    found = 1 / np.sqrt((before + place) * (before + place - 1.0))
    return found / np.sqrt((found**2).sum())


def _blocks(values: Floats, groups: Sequence[int]) -> Floats:
    """Sums over the cases of each group, in which a case counts that the last run and half of those before know."""
    usable = ~np.isnan(values[-1]) & (np.isnan(values[:-1]).mean(axis=0) <= 0.5)
    labels, place = np.unique(np.asarray(groups), return_inverse=True)
    if len(labels) == len(groups) <= _BLOCKS:
        return values.copy()
    place = place % _BLOCKS
    found = np.full((len(values), min(len(labels), _BLOCKS)), np.nan)
    for block in np.unique(place[usable]):
        found[:, block] = values[:, usable & (place == block)].sum(axis=1)
    return found


def _chances(blocks: Floats) -> tuple[float, float]:
    """The chances that the last row's sum would be greater than it is, and the same, if each were a uniform draw."""
    known = ~np.isnan(blocks)
    centred = blocks - np.nanmin(blocks, axis=0)
    spread = np.nanmax(centred, axis=0)
    varies = spread > 0
    if not varies.any():
        return 0.0, 1.0
    centred, known = centred[:, varies], known[:, varies]
    unit = _unit(centred[known], float(spread.sum()), max(_FEWEST, _STEPS * centred.shape[1]))
    steps = np.rint(np.where(known, centred, 0) / unit).astype(int)
    size = fft.next_fast_len(int(steps.max(axis=0).sum()) + 1, real=True)
    masses = np.zeros((steps.shape[1], size))
    rows, cases = np.nonzero(known)
    np.add.at(masses, (cases, steps[rows, cases]), 1.0)
    masses /= known.sum(axis=0)[:, None]
    chances = np.clip(fft.irfft(fft.rfft(masses, axis=1).prod(axis=0), size), 0, 1)
    at = int(steps[-1].sum())
    return float(chances[at + 1 :].sum()), float(chances[at])


def _unit(values: Floats, total: float, most: int) -> float:
    """The grid that values lie on, such as passes of one to five answers, or else a fine one."""
    for parts in (1, 2, 3, 4, 5):
        if total * parts <= most and np.abs(values * parts - np.rint(values * parts)).max() < 1e-9:
            return 1 / parts
    return total / most
