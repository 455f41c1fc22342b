"""Kept versions of datasets: immutable, and what two versions share is stored once."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from workbench.errors import NotFound, StoreError
from workbench.store.base import Repository, now
from workbench.store.tables import dataset_chunks, dataset_versions, runs, snapshots

#: Cases in one stored piece. A version is a list of pieces, each known by its content.
CHUNK_CASES = 1000


@dataclass(frozen=True)
class DatasetVersion:
    """One kept version. ``about`` says how the cases were read; ``sha256`` is their content's identity."""

    name: str
    number: int
    sha256: str
    rows: int
    source: str
    about: dict[str, Any] = field(hash=False)
    author: str
    message: str
    created_at: str

    @property
    def title(self) -> str:
        """What people call it: ``name@3``."""
        return f"{self.name}@{self.number}"


_LIGHT = [c for c in dataset_versions.c if c.name not in ("id", "chunks")]


class DatasetRepository(Repository):
    """Reads and writes versions of datasets."""

    def put_chunk(self, lines: list[str]) -> str:
        """Store a piece of a dataset, if it is not there yet, and return its key."""
        raw = "\n".join(lines).encode()
        key = hashlib.sha256(raw).hexdigest()
        with self._write() as connection:
            connection.execute(
                self._insert(dataset_chunks)
                .values(sha256=key, content=zlib.compress(raw, 3))
                .on_conflict_do_nothing(index_elements=["sha256"])
            )
        return key

    def add(
        self,
        name: str,
        *,
        sha256: str,
        rows: int,
        source: str,
        about: dict[str, Any],
        chunks: list[str],
        author: str,
        message: str,
    ) -> tuple[DatasetVersion, bool]:
        """Store a version, and return it with whether it is new; the newest with the same content is no new one."""
        with self._write() as connection:
            if connection.dialect.name == "postgresql":
                # One after the other, so that two who save at once do not give one number.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(726410234)"))
            newest = connection.execute(
                sa.select(*_LIGHT)
                .where(dataset_versions.c.name == name)
                .order_by(dataset_versions.c.number.desc())
                .limit(1)
            ).first()
            if newest is not None and newest.sha256 == sha256:
                return DatasetVersion(**newest._mapping), False
            version = DatasetVersion(
                name, newest.number + 1 if newest else 1, sha256, rows, source, about, author, message, now()
            )
            connection.execute(dataset_versions.insert().values(**vars(version), chunks=chunks))
        return version, True

    def list(self, name: str | None = None) -> list[DatasetVersion]:
        """Return kept versions, those of one name or of all, newest first."""
        query = sa.select(*_LIGHT).order_by(
            dataset_versions.c.created_at.desc(), dataset_versions.c.number.desc()
        )
        if name is not None:
            query = query.where(dataset_versions.c.name == name)
        with self._read() as connection:
            return [DatasetVersion(**row) for row in connection.execute(query).mappings()]

    def get(self, name: str, number: int | None = None) -> DatasetVersion:
        """Return a version, the newest without a number.

        Raises:
            NotFound: There is none.
        """
        found = [v for v in self.list(name) if number in (None, v.number)]
        if not found:
            called = name if number is None else f"{name}@{number}"
            raise NotFound(
                f'No version of a dataset is kept as "{called}"',
                hint="`workbench dataset versions` lists them",
            )
        return max(found, key=lambda version: version.number)

    def with_content(self, sha256: str) -> DatasetVersion | None:
        """Return a kept version by the beginning of its content's SHA-256, or None."""
        query = sa.select(*_LIGHT).where(dataset_versions.c.sha256.startswith(sha256, autoescape=True))
        with self._read() as connection:
            rows = connection.execute(query.order_by(dataset_versions.c.id)).mappings().all()
        if len({row["sha256"] for row in rows}) > 1:
            raise NotFound(f'Several datasets start with "{sha256}"', hint="give more of it")
        return DatasetVersion(**rows[0]) if rows else None

    def rows(self, version: DatasetVersion) -> Iterator[dict[str, Any]]:
        """Yield the cases of a version as plain data, one piece in memory at a time."""
        with self._read() as connection:
            keys = connection.scalar(
                sa.select(dataset_versions.c.chunks).where(
                    dataset_versions.c.name == version.name, dataset_versions.c.number == version.number
                )
            )
        for key in keys or ():
            with self._read() as connection:
                content = connection.scalar(
                    sa.select(dataset_chunks.c.content).where(dataset_chunks.c.sha256 == key)
                )
            if content is None:
                raise StoreError(
                    f"A part of {version.title} is missing in the database", hint="save it again"
                )
            for line in zlib.decompress(content).decode().split("\n"):
                yield json.loads(line)

    def run_datasets(self, suite: str | None = None) -> list[dict[str, Any]]:
        """Return the datasets that runs are pinned to, with their suite, number and first and last moment."""
        sha = runs.c.plan["dataset_sha256"].as_string()
        query = (
            sa.select(
                sha.label("sha256"),
                runs.c.suite,
                sa.func.count().label("runs"),
                sa.func.min(runs.c.created_at).label("first_at"),
                sa.func.max(runs.c.created_at).label("last_at"),
            )
            .group_by(sha, runs.c.suite)
            .order_by(sa.func.max(runs.c.created_at).desc())
        )
        if suite is not None:
            query = query.where(runs.c.suite == suite)
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def run_cases(self, sha256: str) -> list[dict[str, Any]] | None:
        """Return the cases that runs are pinned to, by the beginning of their SHA-256, or None."""
        query = sa.select(snapshots.c.content).where(
            snapshots.c.kind == "dataset", snapshots.c.sha256.startswith(sha256, autoescape=True)
        )
        with self._read() as connection:
            found = connection.scalars(query.limit(2)).all()
        if len(found) > 1:
            raise NotFound(f'Several datasets start with "{sha256}"', hint="give more of it")
        return found[0] if found else None


def chunked(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines in pieces of `CHUNK_CASES`."""
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) == CHUNK_CASES:
            yield piece
            piece = []
    if piece:
        yield piece
