"""Watches: which run a suite is held against over time, and which runs were looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from workbench.files import canonical_json, sha256_text
from workbench.store.base import Repository, now
from workbench.store.tables import completions, snapshots

_BEGUN, _LOOK, _EMBEDDER, _DISTANCES = "watch", "look", "watch embedder", "watch distances"


@dataclass(frozen=True)
class WatchRecord:
    """A watch of one suite: the frozen reference, who began it, when and why.

    ``title`` is the version that is asked, such as ``triage@3``, within the reference run. ``looks`` are the ids of
    the runs since, in order. The newest watch of a suite is the one in force. ``embedder`` is the embedding model that
    the watch names, "none" where it wants none, and None where it leaves that to the suite's scorers.
    """

    id: str
    suite: str
    reference_run: str
    title: str
    author: str
    reason: str
    created_at: str
    looks: tuple[str, ...] = ()
    embedder: str | None = None


class WatchRepository(Repository):
    """Begins watches, tags runs as looks, and reads both.

    Neither ever changes, so both are kept as snapshots, by the hash of what they say.
    """

    def begin(self, suite: str, reference_run: str, title: str, *, author: str, reason: str) -> None:
        """Begin a watch; an earlier one of the suite stays as history."""
        self._keep(
            _BEGUN,
            {
                "suite": suite,
                "reference_run": reference_run,
                "title": title,
                "author": author,
                "reason": reason,
                "created_at": now(),
            },
        )

    def name_embedder(self, watch_id: str, model: str) -> None:
        """Name the embedding model of a watch, or "none"; the newest name counts."""
        self._keep(_EMBEDDER, {"watch": watch_id, "model": model, "created_at": now()})

    def add_look(self, watch_id: str, run_id: str) -> None:
        """Tag a run as a look of this watch."""
        self._keep(_LOOK, {"watch": watch_id, "run": run_id, "created_at": now()})

    def keep_distances(self, run_id: str, against: str, model: str, distances: Mapping[str, float]) -> None:
        """Keep how far each case's outputs of a run are from another run's, as a model of vectors has it."""
        content = {"run": run_id, "against": against, "model": model, "distances": dict(distances)}
        self._keep(_DISTANCES, {**content, "created_at": now()})

    def distances(self, against: str, model: str) -> dict[str, dict[str, float]]:
        """Return for each run that has them the distances of its cases to another run's."""
        query = sa.select(snapshots.c.content).where(
            snapshots.c.kind == _DISTANCES,
            snapshots.c.content["against"].as_string() == against,
            snapshots.c.content["model"].as_string() == model,
        )
        with self._read() as connection:
            return {content["run"]: content["distances"] for content in connection.scalars(query)}

    def count_distances(self, against: str) -> int:
        """Return how often distances to this run were kept."""
        query = sa.select(sa.func.count()).where(
            snapshots.c.kind == _DISTANCES, snapshots.c.content["against"].as_string() == against
        )
        with self._read() as connection:
            return connection.scalar(query) or 0

    def suites(self) -> list[str]:
        """Return the names of all watched suites, sorted."""
        name = snapshots.c.content["suite"].as_string()
        with self._read() as connection:
            return sorted(connection.scalars(sa.select(name).where(snapshots.c.kind == _BEGUN).distinct()))

    def _keep(self, kind: str, content: dict[str, Any]) -> None:
        key = sha256_text(canonical_json({"kind": kind, **content}))
        row = {"sha256": key, "kind": kind, "content": content, "created_at": content["created_at"]}
        with self._write() as connection:
            connection.execute(snapshots.insert().values(**row))

    def of(self, suite: str) -> list[WatchRecord]:
        """Return a suite's watches, the newest first."""
        columns = snapshots.c.sha256, snapshots.c.kind, snapshots.c.content
        query = sa.select(*columns).where(snapshots.c.kind.in_((_BEGUN, _LOOK, _EMBEDDER)))
        embedders: dict[str, str] = {}
        begun: dict[str, dict[str, Any]] = {}
        looks: dict[str, list[str]] = {}
        with self._read() as connection:
            for key, kind, content in connection.execute(query.order_by(snapshots.c.created_at)):
                if kind == _LOOK:
                    looks.setdefault(content["watch"], []).append(content["run"])
                elif kind == _EMBEDDER:
                    embedders[content["watch"]] = content["model"]
                elif content["suite"] == suite:
                    begun[key] = content
        found = [
            WatchRecord(id=key, **content, looks=tuple(looks.get(key, ())), embedder=embedders.get(key))
            for key, content in begun.items()
        ]
        return found[::-1]

    def texts(self, run_id: str) -> list[tuple[int, int, str, int, str]]:
        """Return a run's answers without error: indexes of prompt and model, case, repeat, text."""
        c = completions.c
        query = sa.select(c.prompt_index, c.model_index, c.case_id, c.repeat, c.text).where(
            c.run_id == run_id, c.error.is_(None)
        )
        with self._read() as connection:
            return [tuple(row) for row in connection.execute(query)]
