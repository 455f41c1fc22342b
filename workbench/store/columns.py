"""Columns for text that somebody else wrote, which may hold what a database does not."""

from __future__ import annotations

import sqlalchemy as sa

from workbench.llm.types import whole_text


class ToldText(sa.types.TypeDecorator[str]):
    """Text of models and scorers: an answer that was paid for is kept whatever it holds.

    Halves of characters become the replacement character, and so does NUL in PostgreSQL, which has none.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return what the database can hold."""
        if value is None:
            return None
        text = whole_text(value)
        return text.replace("\x00", "\ufffd") if dialect.name == "postgresql" else text


class ToldName(ToldText):
    """A short text of others; what is longer is cut, as PostgreSQL refuses it."""

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return what the database can hold."""
        text = super().process_bind_param(value, dialect)
        return None if text is None else text[: self.length]
