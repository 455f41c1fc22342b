"""What every repository shares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from workbench.store.connection import faults_for_people, reading


def now() -> str:
    """Return the present moment as ISO-8601 UTC text, which sorts by time."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Repository:
    """Reads and writes one noun. Every write is a transaction of its own unless a connection is passed in."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with faults_for_people(self.engine), reading(self.engine) as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with faults_for_people(self.engine), self.engine.begin() as connection:
            yield connection

    def _insert(self, table: sa.Table) -> Any:
        """Return an INSERT that knows ``on_conflict_do_…`` on SQLite and PostgreSQL alike."""
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        return dialect.insert(table)
