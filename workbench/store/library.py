"""Prompts, their versions, labels and drafts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from workbench.errors import ConflictError
from workbench.store.base import Repository, now
from workbench.store.tables import drafts, label_events, prompt_versions, prompts


@dataclass(frozen=True)
class VersionRecord:
    """One version as stored; ``content`` is the native file's text."""

    name: str
    number: int
    sha256: str
    content: str
    parent: int | None
    author: str
    message: str
    created_at: str


@dataclass(frozen=True)
class LabelRecord:
    """One move of a label; ``number`` None means that it was removed."""

    name: str
    label: str
    number: int | None
    author: str
    message: str
    created_at: str


@dataclass(frozen=True)
class Draft:
    """Unsaved edits of one prompt. ``revision`` grows with every write, so that two tabs notice each other."""

    name: str
    content: dict[str, Any]
    base: int | None
    revision: int
    updated_at: str


_VERSION_COLUMNS = (prompts.c.name, *(c for c in prompt_versions.c if c.name not in ("id", "prompt_id")))
_LABEL_COLUMNS = (prompts.c.name, *(c for c in label_events.c if c.name not in ("id", "prompt_id")))


class PromptRepository(Repository):
    """Immutable versions and the history of labels."""

    def names(self) -> list[str]:
        """Return every prompt's name, sorted."""
        with self._read() as connection:
            return list(connection.scalars(sa.select(prompts.c.name).order_by(prompts.c.name)))

    def versions(self, name: str | None = None) -> list[VersionRecord]:
        """Return the versions of one prompt, or of all, oldest first."""
        query = sa.select(*_VERSION_COLUMNS).join(prompts).order_by(prompts.c.name, prompt_versions.c.number)
        if name is not None:
            query = query.where(prompts.c.name == name)
        with self._read() as connection:
            return [VersionRecord(**row) for row in connection.execute(query).mappings()]

    def labels(self, name: str | None = None) -> list[LabelRecord]:
        """Return every move of every label, oldest first."""
        query = (
            sa.select(*_LABEL_COLUMNS).join(prompts).order_by(label_events.c.created_at, label_events.c.id)
        )
        if name is not None:
            query = query.where(prompts.c.name == name)
        with self._read() as connection:
            return [LabelRecord(**row) for row in connection.execute(query).mappings()]

    def add_versions(self, records: list[VersionRecord]) -> None:
        """Add versions; one that is there already is left as it is."""
        with self._write() as connection:
            for record in records:
                self._add(connection, record)

    def add_version(self, record: VersionRecord, *, expected_newest: int | None) -> None:
        """Add the next version.

        Raises:
            ConflictError: The newest version is not ``expected_newest``: somebody saved in between.
        """
        with self._write() as connection:
            newest = connection.scalar(
                sa.select(sa.func.max(prompt_versions.c.number))
                .join(prompts)
                .where(prompts.c.name == record.name)
            )
            if newest != expected_newest:
                raise ConflictError(
                    f"Version {newest} of {record.name} was saved in the meantime",
                    hint="look at what changed, then save on top of it",
                )
            self._add(connection, record)

    def _add(self, connection: sa.Connection, record: VersionRecord) -> None:
        values = {k: v for k, v in vars(record).items() if k != "name"}
        connection.execute(
            self._insert(prompt_versions)
            .values(prompt_id=self._prompt_id(connection, record.name), **values)
            .on_conflict_do_nothing(index_elements=["prompt_id", "number"])
        )

    def add_labels(self, records: list[LabelRecord]) -> None:
        """Add moves of labels; one that is there already is left as it is."""
        with self._write() as connection:
            present = set(
                connection.execute(
                    sa.select(prompts.c.name, label_events.c.label, label_events.c.created_at).join(prompts)
                ).all()
            )
            for record in records:
                if (record.name, record.label, record.created_at) in present:
                    continue
                values = {k: v for k, v in vars(record).items() if k != "name"}
                prompt_id = self._prompt_id(connection, record.name)
                connection.execute(self._insert(label_events).values(prompt_id=prompt_id, **values))

    def _prompt_id(self, connection: sa.Connection, name: str) -> int:
        connection.execute(
            self._insert(prompts).values(name=name).on_conflict_do_nothing(index_elements=["name"])
        )
        return connection.scalar(sa.select(prompts.c.id).where(prompts.c.name == name))


class DraftRepository(Repository):
    """Unsaved edits: they outlive the tab, the browser and the server."""

    def get(self, name: str) -> Draft | None:
        """Return the draft of a prompt, or None."""
        with self._read() as connection:
            row = connection.execute(sa.select(drafts).where(drafts.c.name == name)).mappings().first()
        return Draft(**row) if row else None

    def names(self) -> set[str]:
        """Return the names of all prompts that have a draft."""
        with self._read() as connection:
            return set(connection.scalars(sa.select(drafts.c.name)))

    def put(self, name: str, content: dict[str, Any], *, base: int | None, revision: int) -> int:
        """Write a draft over the one with ``revision`` (0: there was none) and return the new revision.

        Raises:
            ConflictError: Another tab has written it since.
        """
        with self._write() as connection:
            found = connection.scalar(sa.select(drafts.c.revision).where(drafts.c.name == name)) or 0
            if found != revision:
                raise ConflictError(
                    f"The draft of {name} was changed in another tab", hint="reload this page to see it"
                )
            # A new draft begins anywhere, so that a tab still holding a forgotten draft's revision cannot fit.
            revision = found + 1 if found else 1 + secrets.randbelow(2**30)
            values = {"content": content, "base": base, "revision": revision, "updated_at": now()}
            connection.execute(
                self._insert(drafts)
                .values(name=name, **values)
                .on_conflict_do_update(index_elements=["name"], set_=values)
            )
        return revision

    def delete(self, name: str, *, revision: int | None = None) -> None:
        """Forget a draft; with ``revision``, only if it is that one still.

        Raises:
            ConflictError: Another tab has written it since.
        """
        with self._write() as connection:
            found = connection.scalar(sa.select(drafts.c.revision).where(drafts.c.name == name))
            if revision is not None and found not in (None, revision):
                raise ConflictError(
                    f"The draft of {name} was changed in another tab", hint="reload this page to see it"
                )
            connection.execute(drafts.delete().where(drafts.c.name == name))
