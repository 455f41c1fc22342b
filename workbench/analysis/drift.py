"""Has a model moved? The same frozen suite, asked again and again, held against all that was seen of it before.

The reference run and the looks since are a series. For every metric apart, `workbench.analysis.exchange` says of each
look how unusual it is among the runs before it, case by case, and what the last 1, 2, 4, 8, … looks say together, with
a bound on its chance if nothing has changed that holds whatever the metric is like. A look may raise an alarm with a
chance of at most ``alpha`` times its `weight` times the metric's share, over the number of directions and of these
windows. Shares sum to 1, and so do the weights of all looks to come: any alarm of any metric at any look has a chance
of at most ``alpha``, however often one looks.

Small changes that stay are found because their evidence adds up over looks, and because they are held against the
whole history before them and not against the noise of one run.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.analysis.clusters import Clusters
from workbench.analysis.drift_readings import ALPHA, METRICS, Change, Drift, Look, Metric, Moved, Reading
from workbench.analysis.drift_series import TOLERATED, Series, weight
from workbench.analysis.drift_words import renamed, sentence

__all__ = ["ALPHA", "METRICS", "TOLERATED", "Drift", "Look", "Metric", "Moved", "Reading", "judge", "weight"]


def judge(
    reference: Look,
    looks: Sequence[Look],
    *,
    metric_name: str = "the score",
    percent: bool = True,
    clusters: Clusters | None = None,
    alpha: float = ALPHA,
) -> Drift:
    """Hold every look against the runs before it; false alarms over all looks and metrics stay within ``alpha``.

    Args:
        reference: The first run.
        looks: Those since, in order.
        metric_name: What the score is called in sentences.
        percent: Whether the score is a share.
        clusters: Which cases are not independent of each other; without, all are.
        alpha: The chance of any alarm, ever, while nothing moves.

    The distances of outputs and embeddings are known of looks only, so they are judged from the second on.
    """
    readings: list[dict[Metric, Reading]] = [{} for _ in looks]
    changes: list[Change] = []
    for metric in METRICS:
        series = Series(metric, reference, looks, clusters, alpha)
        for place, reading in series.readings():
            readings[place][metric] = reading
        changes += series.change()
    other = renamed(reference, looks)
    said = [
        Moved(
            change.metric,
            change.since + 1,
            looks[change.since].run,
            change.still,
            sentence(change, metric_name, percent, reference, looks),
        )
        for change in changes
    ]
    return Drift(readings, [*([other] if other else []), *said], alpha)
