"""The list of prompts: what is newest, what it is labelled, who changed it last and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.ui.views.common import matches
from workbench.ui.views.numbers import ago
from workbench.ui.views.rows import Column, Table, mark, row, start, text
from workbench.workspace import PromptVersion

COLUMNS = (
    Column("What it does", "minmax(0, 2.2fr)"),
    Column("Newest", "3.6rem"),
    Column("Labels", "minmax(0, 1.5fr)"),
    Column("Last change", "minmax(0, 2.2fr)"),
    Column("By", "minmax(0, 1fr)"),
    Column("When", "5.6rem", right=True),
)
#: Only where some prompt has a draft.
DRAFTS = Column("", "7.5rem", right=True)


@dataclass(frozen=True)
class PromptRow:
    """One prompt: its versions, newest first (none where it was never saved), and whether it has a draft."""

    name: str
    versions: Sequence[PromptVersion]
    draft: bool

    @property
    def labels(self) -> list[tuple[str, int]]:
        """Every label with the version that it points at, newest version first."""
        return [(label, version.number) for version in self.versions for label in version.labels]

    def found(self, query: str) -> bool:
        """Whether the search finds it: by name, description, label, tag, author, message or model."""
        words: list[object] = [self.name, *(label for label, _ in self.labels)]
        if self.versions:
            newest = self.versions[0]
            words += [newest.author, newest.message, newest.prompt.description, newest.prompt.model or ""]
            words += newest.prompt.tags
        return matches(query, *words, "draft" if self.draft else "")


def prompt_list(rows: Sequence[PromptRow]) -> None:
    """Draw one row a prompt."""
    drafts = any(item.draft for item in rows)
    table = Table("prompts", "Prompt", (*COLUMNS, DRAFTS) if drafts else COLUMNS, link_width=190)
    with start(table):
        for item in rows:
            cells = _cells(item)[: len(table.columns)]
            row(table, item.name, ("prompts", item.name), cells, icon="", prompt=item.name)


def _cells(item: PromptRow) -> list[str]:
    draft = mark("unsaved edits", "orange", "✎") if item.draft else ""
    if not item.versions:
        return [text("Not saved yet", colour="gray"), text("–"), "", "", "", "", draft]
    newest = item.versions[0]
    description = newest.prompt.description
    return [
        text(description or "No description", lines=2, colour=None if description else "gray"),
        text(newest.number, title=f"{len(item.versions)} versions"),
        text(", ".join(f"{label} → {number}" for label, number in item.labels) or "–", lines=2),
        text(newest.message or "–", lines=2),
        text(newest.author),
        text(ago(newest.created_at), title=newest.created_at),
        draft,
    ]
