"""Answers that were paid for, by everything that shaped them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from workbench.llm.types import Completion, Usage
from workbench.store.base import Repository, now
from workbench.store.connection import faults_for_people
from workbench.store.tables import cache


@dataclass(frozen=True)
class CacheSize:
    """How many answers are kept, in how many bytes, and since when."""

    entries: int
    bytes: int
    oldest: str | None


def completion_to_dict(completion: Completion) -> dict[str, Any]:
    """Return a completion as plain data."""
    return {**vars(completion), "usage": completion.usage.to_dict()}


def completion_from_dict(data: dict[str, Any]) -> Completion:
    """The inverse of `completion_to_dict`."""
    return Completion(**{**data, "usage": Usage(**data.get("usage", {}))})


def cache_rows(kept: Sequence[tuple[str, str, Completion]]) -> list[dict[str, Any]]:
    """Return the rows that keep answers, given as ``(key, model, completion)``."""
    moment = now()
    return [
        {"key": key, "model": model, "completion": completion_to_dict(answer), "created_at": moment}
        for key, model, answer in kept
    ]


def first_stays(insert: Any) -> Any:
    """Return an INSERT that leaves what is kept under a key as it is."""
    return insert.on_conflict_do_nothing(index_elements=["key"])


_KEPT = sa.select(cache.c.completion).where(cache.c.key == sa.bindparam("wanted"))
_KEPT_SQL = str(_KEPT.compile(dialect=sqlite.dialect()))


class CacheRepository(Repository):
    """Implements `workbench.llm.gateway.CompletionCache` on the database."""

    def get(self, key: str) -> Completion | None:
        """Return the completion kept under ``key``, or None."""
        if self.engine.dialect.name == "sqlite":
            data = self._kept_in_sqlite(key)
        else:
            with self._read() as connection:
                data = connection.scalar(_KEPT, {"wanted": key})
        return completion_from_dict(data) if data else None

    def _kept_in_sqlite(self, key: str) -> dict[str, Any] | None:
        """Read one row past the transaction that a single read does not need there: a fifth of the time."""
        with faults_for_people(self.engine), closing(self.engine.raw_connection()) as connection:
            try:
                row = connection.cursor().execute(_KEPT_SQL, (key,)).fetchone()
            except sqlite3.Error as problem:
                raise sa.exc.OperationalError(_KEPT_SQL, None, problem) from problem
        return json.loads(row[0]) if row else None

    def put(self, key: str, model: str, completion: Completion) -> None:
        """Keep a completion; the first one under a key stays."""
        with self._write() as connection:
            connection.execute(first_stays(self._insert(cache)), cache_rows([(key, model, completion)]))

    def known(self, keys: Sequence[str]) -> int:
        """Return how many of these keys hold a completion."""
        kept = self.kept(keys)
        return sum(key in kept for key in keys)

    def kept(self, keys: Sequence[str]) -> set[str]:
        """Return those of these keys that hold a completion."""
        found: set[str] = set()
        with self._read() as connection:
            for start in range(0, len(keys), 500):
                query = sa.select(cache.c.key).where(cache.c.key.in_(keys[start : start + 500]))
                found.update(connection.scalars(query))
        return found

    def size(self) -> CacheSize:
        """Return how much is kept."""
        length = sa.func.length(sa.cast(cache.c.completion, sa.Text))
        query = sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(length), 0), sa.func.min(cache.c.created_at)
        )
        with self._read() as connection:
            return CacheSize(*connection.execute(query).one())

    def clear(self) -> int:
        """Forget every answer and return how many there were."""
        with self._write() as connection:
            return connection.execute(cache.delete()).rowcount
