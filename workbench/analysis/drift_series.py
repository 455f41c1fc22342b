"""One metric of a watch over its runs: what each look says, and since when something moved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

import numpy as np
from scipy import special

from workbench.analysis.clusters import Clusters
from workbench.analysis.drift_readings import DISTANCES, SHARES, Change, Look, Metric, Reading
from workbench.analysis.estimators import Floats
from workbench.analysis.exchange import newest_unusual, tail, weights

#: Metrics that are compared by the logarithm of their ratio, and what is added first: a text may be empty, and some
#: milliseconds are no news.
_ADDED: Mapping[Metric, float] = {"length": 1.0, "latency": 0.1, "cost": 0.0}
#: Ratios up to this are no news: a server's speed differs from day to day.
TOLERATED: Mapping[Metric, float] = {"latency": 1.25}
#: One case counts at most so much more or less than it did in the middle, as a logarithm.
_MOST = 1.0
#: The larger this is, the less of the error the first looks get, and the more those after some weeks.
_LATER = 5
#: More than the sum of 1 / (m ln² m) over all m from 6 on, which is below its integral from 5.5 on, 1 / ln 5.5.
_ALL_WEIGHTS = 0.5867
#: How unlike the runs since a change a look must be to be back where they came from.
_BACK = 2.33


def weight(number: int) -> float:
    """The share of the error that a look may spend: as 1 / (m ln² m), with m five more than its number from 1."""
    m = number + _LATER
    return 1 / (m * math.log(m) ** 2) / _ALL_WEIGHTS


class Series:
    """One metric over the runs that know it: rows of cases, and for each row after the first how unusual it is.

    ``places`` are the rows' places in the list of looks (the reference's is -1), and ``p[k - 1]`` is the p of row k.
    """

    def __init__(
        self,
        metric: Metric,
        reference: Look,
        looks: Sequence[Look],
        clusters: Clusters | None,
        alpha: float,
    ) -> None:
        self.metric, self.alpha = metric, alpha
        runs = [(-1, reference), *enumerate(looks)][metric in DISTANCES :]
        runs = [(place, look) for place, look in runs if look.values.get(metric)]
        cases = list(dict.fromkeys(case for _, look in runs for case in look.values[metric]))
        self.groups = clusters.codes(cases) if clusters else np.arange(len(cases))
        self.raw = np.array(
            [[look.values[metric].get(case, np.nan) for case in cases] for _, look in runs], float
        ).reshape(len(runs), len(cases))
        if metric in ("latency", "cost"):
            self.raw = np.where(self.raw > 0, self.raw, np.nan)
        self.places: list[int] = []
        self._up: list[float] = []
        self._down: list[float] = []
        self._keep([place for place, _ in runs])
        self.p = [self._chance(row) for row in range(1, len(self.places))]

    def _keep(self, places: Sequence[int]) -> None:
        """Take up the rows that have cases in common with those before."""
        compared = np.log(self.raw + _ADDED[self.metric]) if self.metric in _ADDED else self.raw
        rows: list[int] = []
        for row, place in enumerate(places):
            if np.isnan(compared[row]).all():
                continue
            up, down = self._unusual(compared[[*rows, row]]) if rows else (0.0, 0.0)
            if math.isnan(up):
                continue
            if rows:
                self._up.append(up)
                self._down.append(down)
            rows.append(row)
            self.places.append(place)
        self.raw, compared = self.raw[rows], compared[rows]
        self._levels = _levels(compared)

    def _unusual(self, values: Floats) -> tuple[float, float]:
        """How high, and how low, the last of the rows stands among them."""
        if self.metric in _ADDED:
            values = np.clip(values - _over_rows(np.nanmedian, values), -_MOST, _MOST)
        room = math.log(TOLERATED.get(self.metric, 1.0))
        up = newest_unusual(values, self.groups, room=room)
        return up, newest_unusual(-values, self.groups, room=room) if room else -up

    def _together(self, begin: int, last: int) -> tuple[float, int]:
        """What the rows from ``begin`` to ``last`` say together of a change at ``begin``, and its direction."""
        counts = weights(begin, last - begin + 1)
        up, down = (float(counts @ np.array(side[begin - 1 : last])) for side in (self._up, self._down))
        return max((up, 1), (down, -1))

    def _chance(self, last: int) -> float:
        """The p of a row, corrected for all that is looked at and ever will be."""
        windows = [2**k for k in range(last.bit_length())]
        most = max(self._together(last - m + 1, last)[0] for m in windows)
        spent = SHARES[self.metric] * weight(last) / (2 * len(windows))
        return min(1.0, tail(most) / spent)

    def _since(self, last: int) -> tuple[int, int]:
        """The row at which a change most likely began, seen from a later one, and its direction."""
        found = [(self._together(begin, last), begin) for begin in range(1, last + 1)]
        (_, direction), begin = max(found)
        return begin, direction

    def readings(self) -> Iterator[tuple[int, Reading]]:
        """Yield each look's place with what it says."""
        moved, change = False, self._change()
        for row in range(1, len(self.places)):
            moved = moved or self.p[row - 1] <= self.alpha
            within = change is not None and change[0] <= row and (change[2] or row <= change[1])
            was, now, low, high, n = self._means(change[0] if change and within else row, row)
            yield (
                self.places[row],
                Reading(self.metric, n, was, now, low, high, int(np.sign(now - was)), self.p[row - 1], moved),
            )

    def _means(self, begin: int, row: int) -> tuple[float, float, float | None, float | None, int]:
        """Means of the cases in the rows before ``begin`` and in one row, its interval, and how many cases."""
        before, now = _over_rows(np.nanmean, self.raw[:begin]), self.raw[row]
        both = ~np.isnan(before) & ~np.isnan(now)
        if not both.any():
            return math.nan, math.nan, None, None, 0
        differences = (now - before)[both]
        mean = float(now[both].mean())
        sums = np.bincount(self.groups[both], differences - differences.mean())
        clusters = len(np.unique(self.groups[both]))
        if clusters < 2:
            return float(before[both].mean()), mean, None, None, int(both.sum())
        error = math.sqrt(float((sums**2).sum()) * clusters / (clusters - 1)) / int(both.sum())
        half = float(special.stdtrit(clusters - 1, 0.975)) * error
        return float(before[both].mean()), mean, float(mean - half), float(mean + half), int(both.sum())

    def _change(self) -> tuple[int, int, bool] | None:
        """The first row that is moved, the last at which that was established, and whether it is so at the last."""
        alarms = [row for row in range(1, len(self.places)) if self.p[row - 1] <= self.alpha]
        if not alarms:
            return None
        # A look that is back where it came from is unusual, too; that is the end of this change and not another one.
        alike = takewhile(lambda row: self._since(row)[1] == self._since(alarms[0])[1], alarms)
        until, last = max(alike), len(self.places) - 1
        begin, direction = self._since(until)
        return begin, until, self._still(begin, until, last, direction)

    def change(self) -> list[Change]:
        """Return the change that is established, if one is."""
        found = self._change()
        if found is None:
            return []
        begin, until, still = found
        before = _over_rows(np.nanmean, self.raw[:begin])
        after = _over_rows(np.nanmean, self.raw[begin : (len(self.places) if still else until + 1)])
        both = ~np.isnan(before) & ~np.isnan(after)
        return [
            Change(
                metric=self.metric,
                was=float(before[both].mean()),
                now=float(after[both].mean()),
                since=self.places[begin],
                until=self.places[until],
                still=still,
            )
        ]

    def _still(self, begin: int, until: int, last: int, direction: int) -> bool:
        """Whether the last row is rather like those since the change than like those before."""
        middle = (self._levels[:begin].mean() + self._levels[begin : until + 1].mean()) / 2
        if (self._levels[last] - middle) * direction > 0:
            return True
        few = self._levels[max(begin, last - 2) : last + 1].mean()
        side = self._down if direction > 0 else self._up
        return (few - middle) * direction > 0 and last > begin and side[last - 1] < _BACK


def _over_rows(statistic, values: Floats) -> Floats:
    """A statistic of each case over the rows that know it; NaN where none does."""
    if values.size and not np.isnan(values).any():
        return (np.median if statistic is np.nanmedian else np.mean)(values, axis=0)
    found = np.full(values.shape[1], np.nan)
    known = ~np.isnan(values).all(axis=0)
    found[known] = statistic(values[:, known], axis=0)
    return found


def _levels(values: Floats) -> Floats:
    """How high each row is on the whole, by its cases' differences to their means."""
    return np.array([np.nanmean(row) for row in values - _over_rows(np.nanmean, values)])
