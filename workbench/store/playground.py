"""What was tried in the playground: paid answers are kept here too."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from workbench.files import sha256_text
from workbench.llm.types import Completion
from workbench.store.base import Repository, now
from workbench.store.cache import completion_from_dict, completion_to_dict
from workbench.store.tables import playground_answers, playground_sessions

#: A prompt's form is kept as a session that was never asked, under an id that no session has.
_FORM = "form-"


class PlaygroundRepository(Repository):
    """Sessions (what was asked), answers (one a column), and the form of each prompt as it was left."""

    def begin(self, session_id: str, content: dict[str, Any]) -> None:
        """Store what is about to be asked."""
        with self._write() as connection:
            connection.execute(
                playground_sessions.insert().values(id=session_id, content=content, created_at=now())
            )

    def answer(self, session_id: str, slot: int, completion: Completion) -> None:
        """Store the answer of one column."""
        values = {"completion": completion_to_dict(completion), "created_at": now()}
        with self._write() as connection:
            connection.execute(
                self._insert(playground_answers)
                .values(session_id=session_id, slot=slot, **values)
                .on_conflict_do_update(index_elements=["session_id", "slot"], set_=values)
            )

    def get(self, session_id: str) -> tuple[str, dict[str, Any], dict[int, Completion]] | None:
        """Return when and what was asked, and the answers so far by column; None where there is no such session."""
        if session_id.startswith(_FORM):
            return None
        with self._read() as connection:
            row = connection.execute(
                sa.select(playground_sessions.c.created_at, playground_sessions.c.content).where(
                    playground_sessions.c.id == session_id
                )
            ).first()
            if row is None:
                return None
            rows = connection.execute(
                sa.select(playground_answers.c.slot, playground_answers.c.completion).where(
                    playground_answers.c.session_id == session_id
                )
            )
            return row.created_at, row.content, {slot: completion_from_dict(data) for slot, data in rows}

    def recent(self, limit: int = 20) -> list[tuple[str, str, dict[str, Any]]]:
        """Return ``(id, created_at, content)`` of the newest sessions."""
        query = (
            sa.select(
                playground_sessions.c.id, playground_sessions.c.created_at, playground_sessions.c.content
            )
            .where(playground_sessions.c.id.not_like(f"{_FORM}%"))
            .order_by(playground_sessions.c.created_at.desc())
            .limit(limit)
        )
        with self._read() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def remember_form(self, prompt: str, content: dict[str, Any]) -> None:
        """Keep what stands in the form of a prompt."""
        values = {"content": {"prompt": prompt, "form": content}, "created_at": now()}
        with self._write() as connection:
            connection.execute(
                self._insert(playground_sessions)
                .values(id=_form_id(prompt), **values)
                .on_conflict_do_update(index_elements=["id"], set_=values)
            )

    def form(self, prompt: str) -> dict[str, Any] | None:
        """Return what was left in the form of a prompt, or None."""
        query = sa.select(playground_sessions.c.content).where(playground_sessions.c.id == _form_id(prompt))
        with self._read() as connection:
            content = connection.scalar(query)
        return content["form"] if content else None

    def last_prompt(self) -> str | None:
        """Return the prompt whose form was changed last, or None."""
        query = (
            sa.select(playground_sessions.c.content)
            .where(playground_sessions.c.id.like(f"{_FORM}%"))
            .order_by(playground_sessions.c.created_at.desc())
            .limit(1)
        )
        with self._read() as connection:
            content = connection.scalar(query)
        return content["prompt"] if content else None


def _form_id(prompt: str) -> str:
    return _FORM + sha256_text(prompt)[:32]
