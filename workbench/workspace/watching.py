"""Asking the same frozen suite again and again, and saying when the model behind it has moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput, NotFound
from workbench.evals.plan import Plan
from workbench.jobs import outcome as outcomes
from workbench.store import RunRecord
from workbench.store.watches import WatchRecord, WatchRepository
from workbench.workspace.library import current_author
from workbench.workspace.vectors import vectors_of
from workbench.workspace.watched_meaning import (
    Embedded,
    embedder_key,
    embedder_of,
    half_distances,
    texts_needed,
)
from workbench.workspace.watched_runs import means_by_case, seen, texts_of, watched_metric

if TYPE_CHECKING:
    from workbench.analysis.drift import Drift, Look
    from workbench.workspace import Workspace


@dataclass(frozen=True)
class Watched:
    """A watch with what its looks found.

    ``skipped`` are looks that did not end complete; they count for nothing. ``embedder`` is the embedding model, if
    one is named, and ``unembedded`` are the looks whose outputs it has not been asked about.
    ``percent`` tells that the score is a share.
    """

    watch: WatchRecord
    metric: str
    reference: Look
    looks: list[Look]
    drift: Drift
    skipped: tuple[str, ...] = ()
    embedder: str | None = None
    unembedded: tuple[str, ...] = ()
    percent: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "suite": self.watch.suite,
            "version": self.watch.title,
            "reference": {
                "run": self.watch.reference_run,
                "by": self.watch.author,
                "at": self.watch.created_at,
                "why": self.watch.reason,
            },
            "metric": self.metric,
            "alpha": self.drift.alpha,
            "looks": [
                {
                    "run": look.run,
                    "at": look.at,
                    "models": sorted(look.models),
                    "metrics": {name: reading.to_dict() for name, reading in row.items()},
                }
                for look, row in zip(self.looks, self.drift.readings, strict=True)
            ],
            "skipped": list(self.skipped),
            "embedder": self.embedder,
            "unembedded": list(self.unembedded),
            "moved": [moved.to_dict() for moved in self.drift.moved],
        }


class Watching:
    """The watches of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace
        self._kept = WatchRepository(workspace.store.engine)

    def current(self, suite: str) -> WatchRecord | None:
        """Return the watch in force of a suite, or None where it has none."""
        return next(iter(self._kept.of(suite)), None)

    def history(self, suite: str) -> list[WatchRecord]:
        """Return all watches of a suite, the newest first."""
        return self._kept.of(suite)

    def begin(self, suite: str, side: str, *, reason: str) -> WatchRecord:
        """Hold later looks against one version of a complete run (``RUN`` or ``RUN:VERSION``).

        Raises:
            NotFound: There is no such run or version.
            BadInput: It is not complete, of another suite, or leaves open which version is meant.
        """
        run_id, _, selector = side.partition(":")
        record = self._ws.runs.get(run_id)
        if record.suite != suite:
            raise BadInput(f"Run {record.id} is of the suite {record.suite}, not of {suite}")
        if record.status != "complete" or record.sequential:
            what = "stopped early" if record.sequential else record.status
            raise BadInput(f"Run {record.id} is {what}, and only a complete run can be a reference")
        chosen = outcomes.select(self._ws.runs.outcome(record.id), selector or None)
        if len(chosen.prompts) != 1:
            raise BadInput(f"{chosen.title} is several versions", hint="name one, as RUN:VERSION")
        title = chosen.outcome.plan.prompts[chosen.prompts[0]].title
        before = self.current(suite)
        self._kept.begin(suite, record.id, title, author=current_author(), reason=reason.strip())
        begun = self._need(suite)
        if before is not None and before.embedder is not None:
            self._kept.name_embedder(begun.id, before.embedder)
        return self._need(suite)

    def name_embedder(self, suite: str, model: str) -> WatchRecord:
        """Name the embedding model (``provider/model`` or ``local/<path>``) that outputs are compared by, or "none".

        Raises:
            NotFound: The suite is not watched.
            BadInput: There is no name.
        """
        name, watch = model.strip(), self._need(suite)
        if not name or len(name) > 300:
            raise BadInput(
                "An embedding model needs a name", hint="such as openai/text-embedding-3-small, or none"
            )
        if name != watch.embedder:
            self._kept.name_embedder(watch.id, name)
        return self._need(suite)

    def suites(self) -> list[str]:
        """Return the names of all suites that are watched, sorted."""
        return self._kept.suites()

    def accept(self, suite: str, *, reason: str) -> WatchRecord:
        """Take the newest complete look as the new reference, because what moved is accepted.

        Raises:
            NotFound: The suite is not watched, or was not looked at since.
            BadInput: There is no reason.
        """
        if not reason.strip():
            raise BadInput(
                "A change is accepted for a reason", hint='say it, as --accept "the new model is better"'
            )
        watch = self._need(suite)
        done = self._done(watch)
        if not done:
            raise NotFound(
                f"{suite} was not looked at since {watch.reference_run}, so there is nothing to accept"
            )
        return self.begin(suite, done[-1], reason=reason)

    def look(
        self, suite: str, *, concurrency: int | None = None, max_cost_usd: float | None = None
    ) -> RunRecord:
        """Start one more look: the reference's very prompt, models, cases and scorers, without the cache.

        Raises:
            NotFound: The suite is not watched.
            BadInput: A cost cap cannot be kept.
        """
        watch = self._need(suite)
        record = self._ws.runs.start_plan(
            self._plan(watch),
            concurrency=concurrency or self._ws.runs.get(watch.reference_run).concurrency,
            max_cost_usd=max_cost_usd,
            use_cache=False,
        )
        self._kept.add_look(watch.id, record.id)
        return record

    def judge(self, suite: str) -> Watched:
        """Hold every look so far against the reference.

        Raises:
            NotFound: The suite is not watched.
        """
        from workbench.analysis.drift import judge

        watch = self._need(suite)
        first = self._ws.runs.outcome(watch.reference_run)
        metric = watched_metric(first.plan, first.units)
        texts = texts_of(self._kept, first, watch)
        model = embedder_of(watch, first.plan.scorers)
        far = self._kept.distances(watch.reference_run, embedder_key(model)) if model else {}
        done = self._done(watch)
        reference, *looks = [
            seen(self._ws, watch, outcome, metric, texts, far.get(outcome.run_id, {}))
            for outcome in (first, *(self._ws.runs.outcome(run) for run in done))
        ]
        scores = {v for look in (reference, *looks) for v in look.values.get("score", {}).values()}
        percent = first.units.get(metric, "score") == "score" and all(0 <= v <= 1 for v in scores)
        drift = judge(
            reference,
            looks,
            metric_name=metric,
            percent=percent,
            clusters=outcomes.clusters_of(first.plan),
        )
        return Watched(
            watch,
            metric,
            reference,
            looks,
            drift,
            skipped=tuple(run for run in watch.looks if run not in done),
            embedder=model.name if model else None,
            unembedded=tuple(run for run in done if run not in far) if model else (),
            percent=percent,
        )

    def fingerprint(self, suite: str) -> tuple[object, ...]:
        """Return what changes whenever what `judge` returns does, for caches.

        Raises:
            NotFound: The suite is not watched.
        """
        watch = self._need(suite)
        runs = [self._ws.runs.fingerprint(run) for run in (watch.reference_run, *watch.looks)]
        return (watch.id, watch.embedder, self._kept.count_distances(watch.reference_run), *runs)

    def embed(self, suite: str, *, max_cost_usd: float | None = None) -> Embedded | None:
        """Ask for the vectors of looks that have none yet; None where no embedding model is named.

        Each text is bought once and kept. ``max_cost_usd`` is what new vectors may cost; the caps of the day hold too.

        Raises:
            NotFound: The suite is not watched.
            BadInput: A cap forbids it.
            CompletionError: The model gave no vectors.
        """
        watch = self._need(suite)
        first = self._ws.runs.outcome(watch.reference_run)
        model = embedder_of(watch, first.plan.scorers)
        if model is None:
            return None
        key, reference = embedder_key(model), texts_of(self._kept, first, watch)
        known = self._kept.distances(watch.reference_run, key)
        answers = {
            run: texts_of(self._kept, self._ws.runs.outcome(run), watch)
            for run in self._done(watch)
            if run not in known
        }
        needed = {text: None for mine in answers.values() for text in texts_needed(mine, reference)}
        vectors, usd = vectors_of(self._ws, list(needed), model, max_cost_usd=max_cost_usd)
        for run, mine in answers.items():
            distances = half_distances(mine, reference, vectors)
            self._kept.keep_distances(run, watch.reference_run, key, means_by_case(distances))
        return Embedded(model.name, len(answers), len(needed), usd)

    def _done(self, watch: WatchRecord) -> list[str]:
        return [run for run in watch.looks if self._ws.runs.get(run).status == "complete"]

    def _need(self, suite: str) -> WatchRecord:
        found = self.current(suite)
        if found is None:
            raise NotFound(
                f"{suite} is not watched yet",
                hint=f"`workbench watch {suite}` begins it with a run of its own",
            )
        return found

    def _plan(self, watch: WatchRecord) -> Plan:
        plan = self._ws.runs.plan_of(watch.reference_run)
        chosen = tuple(p for p in plan.prompts if p.title == watch.title)
        return replace(plan, prompts=chosen, gate=None, baseline=None)
