"""Runs: the row that a process claims, beats its heart in, and finishes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from workbench.errors import NotFound
from workbench.store.base import Repository, now
from workbench.store.tables import runs, snapshots

Status = Literal["queued", "running", "complete", "cancelled", "stopped", "failed"]

#: No sign of life for this many seconds means that the process on another machine is gone.
STALE_AFTER_S = 30.0


@dataclass(frozen=True)
class RunRecord:
    """One run as stored. Money in USD, times in seconds; ``plan`` is `workbench.evals.plan.Plan.to_dict`.

    ``cost_usd`` is what the answers cost as far as known, ``spent_usd`` the new money (no cached and no
    recorded answers). ``stopped`` is a run that met its cost cap, ``failed`` one whose process met a fault.
    ``sequential`` is what a run until decided remembers (`workbench.jobs.until_decided`), None for any other; once it
    is decided, ``planned`` is what it has asked. ``judging_usd`` is the new money of scorers that ask models, in
    ``judging_calls`` calls of which ``judging_unknown`` have no known price; it is in none of the other sums.
    """

    id: str
    suite: str
    suite_sha256: str
    status: Status
    plan: dict[str, Any]
    planned: int
    concurrency: int
    use_cache: bool
    author: str
    created_at: str
    done: int = 0
    errors: int = 0
    cached: int = 0
    cost_usd: float | None = None
    cost_unknown: int = 0
    spent_usd: float = 0.0
    max_cost_usd: float | None = None
    started_at: str | None = None
    finished_at: str | None = None
    active_s: float = 0.0
    heartbeat: float | None = None
    worker: str | None = None
    cancel_requested: bool = False
    message: str | None = None
    gate: dict[str, Any] | None = None
    sequential: dict[str, Any] | None = None
    held_usd: float = 0.0
    judging_usd: float = 0.0
    judging_calls: int = 0
    judging_unknown: int = 0

    @property
    def active(self) -> bool:
        """Whether a process has it or is about to take it."""
        return self.status in ("queued", "running")

    @property
    def eta_s(self) -> float | None:
        """Seconds until the end at the pace so far, or None before the first answer."""
        if not self.active or not self.done:
            return None
        return (self.planned - self.done) * self.active_s / self.done


_LIGHT = [c for c in runs.c if c.name != "plan"]


class RunRepository(Repository):
    """Reads and writes runs, and the snapshots that they are pinned to."""

    def add(self, record: RunRecord, *, dataset_sha256: str, cases: list[dict[str, Any]]) -> None:
        """Store a queued run with the cases it is pinned to."""
        with self._write() as connection:
            connection.execute(
                self._insert(snapshots)
                .values(sha256=dataset_sha256, kind="dataset", content=cases, created_at=now())
                .on_conflict_do_nothing(index_elements=["sha256"])
            )
            connection.execute(runs.insert().values(**vars(record)))

    def cases(self, dataset_sha256: str) -> list[dict[str, Any]]:
        """Return the cases that a run was pinned to."""
        with self._read() as connection:
            return connection.scalar(
                sa.select(snapshots.c.content).where(snapshots.c.sha256 == dataset_sha256)
            )

    def get(self, run_id: str) -> RunRecord:
        """Return the run with this id, or with the only id that starts so.

        Raises:
            NotFound: None does, or several do.
        """
        with self._read() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.id == run_id)).mappings().first()
            if row is None and run_id:
                query = sa.select(runs).where(runs.c.id.startswith(run_id, autoescape=True)).limit(2)
                found = connection.execute(query).mappings().all()
                if len(found) > 1:
                    raise NotFound(f'Several runs start with "{run_id}"', hint="give more of the id")
                row = found[0] if found else None
        if row is None:
            raise NotFound(f'There is no run "{run_id}"', hint="`workbench runs` lists them")
        return RunRecord(**row)

    def list(
        self, *, suite: str | None = None, search: str = "", limit: int = 100, offset: int = 0
    ) -> list[RunRecord]:
        """Return runs without their plans, newest first."""
        query = sa.select(*_LIGHT).order_by(runs.c.created_at.desc(), runs.c.id).limit(limit).offset(offset)
        if suite is not None:
            query = query.where(runs.c.suite == suite)
        for word in search.split():
            found = [
                c.icontains(word, autoescape=True)
                for c in (runs.c.id, runs.c.suite, runs.c.status, runs.c.author)
            ]
            query = query.where(sa.or_(*found))
        with self._read() as connection:
            return [RunRecord(**row, plan={}) for row in connection.execute(query).mappings()]

    def progress(self, run_id: str) -> RunRecord:
        """Return the run without its plan: one small row, cheap enough to ask every second."""
        with self._read() as connection:
            row = connection.execute(sa.select(*_LIGHT).where(runs.c.id == run_id)).mappings().first()
        if row is None:
            raise NotFound(f'There is no run "{run_id}"', hint="`workbench runs` lists them")
        return RunRecord(**row, plan={})

    def versions_scored_on(
        self, dataset_sha256: str, *, until: str, limit: int
    ) -> list[set[tuple[str, int]]]:
        """Return for each run with answers to these cases, begun ``until`` then, the (name, number) of its versions.

        The newest ``limit`` runs are looked at.
        """
        query = (
            sa.select(runs.c.plan["prompts"].as_json())
            .where(
                runs.c.plan["dataset_sha256"].as_string() == dataset_sha256,
                runs.c.done > 0,
                runs.c.created_at <= until,
            )
            .order_by(runs.c.created_at.desc())
            .limit(limit)
        )
        with self._read() as connection:
            found = connection.scalars(query).all()
        return [{(prompt["name"], prompt["number"]) for prompt in prompts} for prompts in found]

    def count(self) -> int:
        """Return how many runs there are."""
        with self._read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(runs))

    def claim(self, run_id: str, worker: str, *, evict: bool) -> bool:
        """Take a queued run, or with ``evict`` one whose process is known to be gone. Only one caller gets it."""
        claimable = runs.c.status == "queued"
        if evict:
            claimable = sa.or_(claimable, runs.c.status == "running")
        with self._write() as connection:
            changed = connection.execute(
                runs.update()
                .where(runs.c.id == run_id, claimable)
                .values(
                    status="running",
                    worker=worker,
                    heartbeat=time.time(),
                    started_at=sa.func.coalesce(runs.c.started_at, now()),
                    message=None,
                )
            )
        return changed.rowcount == 1

    def beat(self, run_id: str, worker: str, *, active_s: float) -> Literal["go", "cancel", "lost"]:
        """Show life and learn whether to go on, to cancel, or that another process has the run."""
        with self._write() as connection:
            row = connection.execute(
                runs.update()
                .where(runs.c.id == run_id, runs.c.worker == worker, runs.c.status == "running")
                .values(heartbeat=time.time(), active_s=active_s)
                .returning(runs.c.cancel_requested)
            ).first()
        if row is None:
            return "lost"
        return "cancel" if row.cancel_requested else "go"

    def finish(
        self,
        run_id: str,
        worker: str,
        status: Status,
        *,
        active_s: float,
        message: str | None = None,
        gate: dict[str, Any] | None = None,
    ) -> None:
        """Close the run, if ``worker`` still holds it."""
        with self._write() as connection:
            connection.execute(
                runs.update()
                .where(runs.c.id == run_id, runs.c.worker == worker)
                .values(
                    status=status,
                    finished_at=now(),
                    active_s=active_s,
                    message=message,
                    gate=gate,
                    worker=None,
                )
            )

    def set_gate(self, run_id: str, gate: dict[str, Any] | None) -> None:
        """Replace the gate's result, after scoring again."""
        with self._write() as connection:
            connection.execute(runs.update().where(runs.c.id == run_id).values(gate=gate))

    def set_sequential(self, run_id: str, sequential: dict[str, Any], *, planned: int) -> None:
        """Keep what the looks of a run until decided found, and how many cells it asks in all."""
        with self._write() as connection:
            connection.execute(
                runs.update().where(runs.c.id == run_id).values(sequential=sequential, planned=planned)
            )

    def request_cancel(self, run_id: str) -> None:
        """Ask the process to stop; a run that none has taken yet is cancelled at once."""
        with self._write() as connection:
            connection.execute(
                runs.update()
                .where(runs.c.id == run_id, runs.c.status == "queued")
                .values(status="cancelled", finished_at=now(), message="Cancelled before it began")
            )
            connection.execute(
                runs.update()
                .where(runs.c.id == run_id, runs.c.status == "running")
                .values(cancel_requested=True)
            )

    def requeue(self, run_id: str, *, max_cost_usd: float | None, concurrency: int | None = None) -> None:
        """Make a run that has ended, or whose process is gone, ready to be claimed again."""
        values: dict[str, Any] = {
            "status": "queued",
            "cancel_requested": False,
            "worker": None,
            "finished_at": None,
            "message": None,
        }
        if max_cost_usd is not None:
            values["max_cost_usd"] = max_cost_usd
        if concurrency is not None:
            values["concurrency"] = concurrency
        with self._write() as connection:
            connection.execute(runs.update().where(runs.c.id == run_id).values(**values))

    def abandon(self, run_id: str, worker: str | None, message: str) -> None:
        """Mark a run whose process is gone as failed, unless something moved since it was read."""
        same = runs.c.worker.is_(None) if worker is None else runs.c.worker == worker
        with self._write() as connection:
            connection.execute(
                runs.update()
                .where(runs.c.id == run_id, same, runs.c.status.in_(("queued", "running")))
                .values(status="failed", worker=None, message=message, finished_at=now())
            )
