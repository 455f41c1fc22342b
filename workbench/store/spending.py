"""What was spent today, what may be spent yet, and what earlier answers say of the next ones."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from workbench.store.base import Repository, now
from workbench.store.runs import STALE_AFTER_S
from workbench.store.tables import completions, runs, spending

#: How many runs back a prompt's past is looked for, and how many answers of each are read.
RUNS_LOOKED, ANSWERS_READ = 50, 500


@dataclass(frozen=True)
class Caps:
    """The most that may be spent on one day (of UTC), in USD: by everybody, and by each person. None is no cap."""

    day_usd: float | None = None
    person_usd: float | None = None

    def __bool__(self) -> bool:
        return self.day_usd is not None or self.person_usd is not None


@dataclass(frozen=True)
class Reached:
    """The cap that the next call could pass, everybody's or a person's, and what was spent of it."""

    person: str | None
    cap_usd: float
    spent_usd: float


@dataclass(frozen=True)
class Room:
    """A cap of today, everybody's or a person's: what was spent of it, and what calls in flight may yet cost."""

    person: str | None
    cap_usd: float
    spent_usd: float
    held_usd: float

    @property
    def left_usd(self) -> float:
        """What may be spent yet today."""
        return max(0.0, self.cap_usd - self.spent_usd - self.held_usd)


def spent_today(insert: Any, author: str, usd: float) -> Any:
    """Return the statement that adds new money to today's sum of a person."""
    added = insert.values(day=now()[:10], author=author, usd=usd)
    return added.on_conflict_do_update(index_elements=["day", "author"], set_={"usd": spending.c.usd + usd})


class SpendingRepository(Repository):
    """Keeps the books of each day, and holds calls to the caps before they are made."""

    def add(self, author: str, usd: float) -> None:
        """Count new money that no run has spent."""
        with self._write() as connection:
            connection.execute(spent_today(self._insert(spending), author, usd))

    def today(self, author: str | None = None) -> float:
        """Return the USD that everybody, or one person, has spent today."""
        with self._read() as connection:
            return _sum_today(connection, author)

    def hold(self, caps: Caps, author: str, usd: float, *, run_id: str | None = None) -> Reached | None:
        """Set aside what calls in flight may cost, ``usd`` in all for this run; or return the cap that forbids it.

        All processes on this database are asked one after the other, so that together they keep the caps.
        """
        with self._write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(726410233)"))
            for cap, person in ((caps.day_usd, None), (caps.person_usd, author)):
                if cap is None:
                    continue
                spent = _sum_today(connection, person)
                if spent >= cap or spent + _held_by_others(connection, person, run_id) + usd > cap + 1e-12:
                    return Reached(person, cap, spent)
            if run_id is not None:
                connection.execute(runs.update().where(runs.c.id == run_id).values(held_usd=usd))
        return None

    def room(self, caps: Caps, author: str) -> list[Room]:
        """Return what is left of each cap that is set, everybody's first."""
        with self._read() as connection:
            return [
                Room(person, cap, _sum_today(connection, person), _held_by_others(connection, person, None))
                for cap, person in ((caps.day_usd, None), (caps.person_usd, author))
                if cap is not None
            ]

    def output_tokens(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[int]]:
        """Return the output tokens of earlier answers by ``(prompt, model id)``, any version, newest runs first."""
        found: dict[tuple[str, str], list[int]] = {pair: [] for pair in pairs}
        query = sa.select(runs.c.id, runs.c.plan).where(runs.c.done > 0)
        with self._read() as connection:
            past = connection.execute(query.order_by(runs.c.created_at.desc()).limit(RUNS_LOOKED)).all()
            for run_id, plan in past:
                for model_index, model in enumerate(plan["models"]):
                    for prompt_index, prompt in enumerate(plan["prompts"]):
                        known = found.get((prompt["name"], model["id"]))
                        if known is None or model.get("outputs") or len(known) >= ANSWERS_READ:
                            continue
                        usages = connection.scalars(
                            sa.select(completions.c.usage)
                            .where(
                                completions.c.run_id == run_id,
                                completions.c.prompt_index == prompt_index,
                                completions.c.model_index == model_index,
                                completions.c.error.is_(None),
                            )
                            .limit(ANSWERS_READ)
                        )
                        known.extend(usage["output"] for usage in usages if usage.get("output") is not None)
        return found


def _sum_today(connection: sa.Connection, author: str | None) -> float:
    query = sa.select(sa.func.coalesce(sa.func.sum(spending.c.usd), 0.0)).where(spending.c.day == now()[:10])
    if author is not None:
        query = query.where(spending.c.author == author)
    return float(connection.scalar(query) or 0.0)


def _held_by_others(connection: sa.Connection, author: str | None, run_id: str | None) -> float:
    """Return what the calls in flight of other living runs may cost."""
    query = sa.select(sa.func.coalesce(sa.func.sum(runs.c.held_usd), 0.0)).where(
        runs.c.status == "running", runs.c.heartbeat > time.time() - STALE_AFTER_S
    )
    if author is not None:
        query = query.where(runs.c.author == author)
    if run_id is not None:
        query = query.where(runs.c.id != run_id)
    return float(connection.scalar(query) or 0.0)
