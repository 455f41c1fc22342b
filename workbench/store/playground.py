"""What was tried in the playground: paid answers are kept here too."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from workbench.llm.types import Completion
from workbench.store.base import Repository, now
from workbench.store.cache import completion_from_dict, completion_to_dict
from workbench.store.tables import playground_answers, playground_sessions


class PlaygroundRepository(Repository):
    """Sessions (what was asked) and answers (one a column)."""

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

    def get(self, session_id: str) -> tuple[dict[str, Any], dict[int, Completion]] | None:
        """Return what was asked and the answers so far by column, or None."""
        with self._read() as connection:
            content = connection.scalar(
                sa.select(playground_sessions.c.content).where(playground_sessions.c.id == session_id)
            )
            if content is None:
                return None
            rows = connection.execute(
                sa.select(playground_answers.c.slot, playground_answers.c.completion).where(
                    playground_answers.c.session_id == session_id
                )
            )
            return content, {slot: completion_from_dict(data) for slot, data in rows}

    def recent(self, limit: int = 20) -> list[tuple[str, str, dict[str, Any]]]:
        """Return ``(id, created_at, content)`` of the newest sessions."""
        query = (
            sa.select(
                playground_sessions.c.id, playground_sessions.c.created_at, playground_sessions.c.content
            )
            .order_by(playground_sessions.c.created_at.desc())
            .limit(limit)
        )
        with self._read() as connection:
            return list(connection.execute(query))
