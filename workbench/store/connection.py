"""Opening the database: the engine, its pragmas, and the migrations that bring it up to date."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from workbench.errors import StoreError
from workbench.store.migrations import HEAD

DATABASE_VARIABLE = "WORKBENCH_DATABASE_URL"
BUSY_TIMEOUT_S = 10


def database_url(folder: Path, env: Mapping[str, str] | None = None) -> sa.URL:
    """Return the URL from `DATABASE_VARIABLE`, else that of the SQLite file in ``folder``.

    Raises:
        StoreError: The variable does not hold a database URL.
    """
    given = (os.environ if env is None else env).get(DATABASE_VARIABLE, "").strip()
    if not given:
        return sa.URL.create("sqlite", database=str(folder / "workbench.db"))
    try:
        return sa.make_url(given)
    except SQLAlchemyError:
        # The URL may hold a password, so it is not repeated.
        raise StoreError(
            f"{DATABASE_VARIABLE} does not hold a database URL",
            hint="write it as sqlite:////path/to/file.db or postgresql+psycopg://user:password@host/name",
        ) from None


def open_engine(url: sa.URL) -> sa.Engine:
    """Return an engine on an existing, migrated database.

    Raises:
        StoreError: It cannot be opened, is damaged, or was made by a newer version of Workbench.
    """
    sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S} if sqlite else {})
    except (SQLAlchemyError, ImportError) as problem:
        raise StoreError(
            f"No driver for {url.get_backend_name()} databases is here ({type(problem).__name__})",
            hint="for PostgreSQL install `workbench[postgres]` and write postgresql+psycopg://…, "
            f"or unset {DATABASE_VARIABLE}",
        ) from None
    if sqlite:
        _tune_sqlite(engine)
    try:
        _migrate(engine)
    except (SQLAlchemyError, OSError) as problem:
        engine.dispose()
        raise _for_people(problem, url) from None
    return engine


def _tune_sqlite(engine: sa.Engine) -> None:
    """Make transactions take the write lock at once: deferred ones fail under several writers in WAL mode."""

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        _use_wal(connection)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        mode = "" if connection.get_execution_options().get("read_only") else " IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN{mode}")


def _use_wal(connection: Any) -> None:
    """Switch a new database file to WAL. SQLite does not wait for others here as it does elsewhere."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _migrate(engine: sa.Engine) -> None:
    """Bring the schema to `HEAD`. Alembic is loaded only when there is something to do."""
    with reading(engine) as connection:
        found = _revision(connection)
    if found == HEAD:
        return
    with engine.begin() as connection:
        # A second process may have migrated while this one waited for the lock.
        found = _revision(connection)
        if found == HEAD:
            return
        from alembic.script import ScriptDirectory

        from workbench.store.migrations import alembic_config, upgrade

        known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
        if found is not None and found not in known:
            raise StoreError(
                f"The database was made by a newer version of Workbench (schema {found}, this one knows {HEAD})",
                hint="update Workbench, or open the workspace with another database",
            )
        upgrade(connection)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


@contextmanager
def reading(engine: sa.Engine):
    """A connection for reading only: it never waits for a writer."""
    with engine.connect().execution_options(read_only=True) as connection, connection.begin():
        yield connection


def _for_people(problem: Exception, url: sa.URL) -> StoreError:
    text = str(getattr(problem, "orig", problem)).lower()
    where = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    if "readonly" in text or "unable to open" in text or "permission" in text:
        return StoreError(
            "The database cannot be written", file=where, hint="check the folder's permissions and free space"
        )
    if "not a database" in text or "malformed" in text:
        return StoreError(
            "The database is damaged",
            file=where,
            hint="move it away: what the folders hold is rebuilt, runs are in your backup",
        )
    if "locked" in text:
        return StoreError(
            f"Another program has held the database for over {BUSY_TIMEOUT_S} s", file=where, hint="try again"
        )
    reason = type(problem).__name__
    return StoreError(
        f"The database cannot be opened ({reason})", file=where, hint="check that it is reachable"
    )


@contextmanager
def faults_for_people(engine: sa.Engine):
    """Turn the driver's faults (disk full, locked, damaged) into one sentence.

    Raises:
        StoreError: In place of any `OperationalError` or `DatabaseError` raised inside.
    """
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except (OperationalError, DatabaseError) as problem:
        raise _for_people(problem, engine.url) from problem
