"""Prompts as a person sees them: folder and database as one library, kept in step both ways."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from workbench.errors import ConflictError, NotFound, StoreError, WorkbenchError
from workbench.prompts.content import Lineage, Prompt
from workbench.prompts.folder import LabelEvent, PromptFile, PromptFolder
from workbench.prompts.prompt_file import load_prompt, parse_prompt, prompt_name
from workbench.prompts.selectors import Selector, check_label, parse_selector
from workbench.store import LabelRecord, Store, VersionRecord
from workbench.store.base import now
from workbench.workspace.folder_sync import (
    import_history,
    lineage_of,
    record_of,
    set_back,
    signature_of,
)

OUTSIDE = "Edited outside Workbench"
LOCK_TIMEOUT_S = 15


def current_author() -> str:
    """Return who is working: ``WORKBENCH_AUTHOR``, else the system's user name."""
    try:
        return os.environ.get("WORKBENCH_AUTHOR", "").strip() or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


@dataclass(frozen=True)
class PromptVersion:
    """One version with its content; ``labels`` point at it now. ``number`` is 0 for a file outside the library."""

    name: str
    number: int
    prompt: Prompt
    parent: int | None
    author: str
    message: str
    created_at: str
    labels: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The content's identity."""
        return self.prompt.sha256

    @property
    def title(self) -> str:
        """``name@3``, or the name alone for a file outside the library."""
        return f"{self.name}@{self.number}" if self.number else self.name

    @property
    def lineage(self) -> Lineage:
        """What the native file records."""
        return Lineage(self.number, self.sha256, self.parent, self.author, self.message, self.created_at)


@dataclass(frozen=True)
class SaveResult:
    """``created`` is False when the content was the newest version's already."""

    version: PromptVersion
    created: bool


class PromptLibrary:
    """The prompts of a workspace.

    Every read looks at the folder first: what was edited outside is a new version, what cannot be read is in
    `problems`. Nothing of a person's work is ever overwritten.
    """

    def __init__(self, root: Path, store: Store, state: Path) -> None:
        self.folder = PromptFolder(root)
        self.store = store
        self.problems: list[WorkbenchError] = []
        self._lock = FileLock(state / "library.lock", timeout=LOCK_TIMEOUT_S)
        self._seen: object = None
        self._parsed: dict[tuple[str, str], Prompt] = {}
        self._present: frozenset[str] = frozenset()

    # -- looking ---------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Return the names of the prompts whose file is there, sorted."""
        self.sync()
        return sorted(self._present, key=str.casefold)

    def overview(self) -> list[list[PromptVersion]]:
        """Return the versions, newest first, of every prompt whose file is there, by name."""
        self.sync()
        return [self._versions(name) for name in sorted(self._present, key=str.casefold)]

    def versions(self, name: str) -> list[PromptVersion]:
        """Return a prompt's versions, newest first.

        Raises:
            NotFound: There is no such prompt.
        """
        self.sync()
        return self._versions(name)

    def newest(self, name: str) -> PromptVersion:
        """Return a prompt's newest version.

        Raises:
            NotFound: There is no such prompt.
        """
        return self.versions(name)[0]

    def get(self, selector: str) -> PromptVersion:
        """Return the version that a selector names: ``triage``, ``triage@3``, ``@label``, ``@sha:…`` or a path.

        Raises:
            NotFound: It names nothing.
            BadInput: It is no selector.
        """
        parsed = parse_selector(selector)
        if parsed.kind == "path":
            return self._from_path(Path(str(parsed.value)))
        versions = self.versions(parsed.name)
        found = versions[:1] if parsed.kind == "newest" else [v for v in versions if _matches(v, parsed)]
        if not found:
            raise NotFound(
                f'{parsed.name} has no version "{parsed.value}"',
                hint=f"`workbench prompts log {parsed.name}` lists them",
            )
        if len({v.sha256 for v in found}) > 1:
            raise NotFound(
                f'Several versions of {parsed.name} start with "{parsed.value}"', hint="give more digits"
            )
        return found[0]

    def label_history(self, name: str) -> list[LabelRecord]:
        """Return every move of every label, newest first."""
        self.sync()
        return self.store.prompts.labels(name)[::-1]

    # -- writing ---------------------------------------------------------------------------------------

    def save(
        self, prompt: Prompt, *, parent: int | None, author: str | None = None, message: str = ""
    ) -> SaveResult:
        """Save content as the next version, in the database and as a file.

        Args:
            prompt: The content.
            parent: The version number that it was edited from; None for a new prompt.
            author: Who saves; by default `current_author`.
            message: Why.

        Raises:
            ConflictError: A newer version than ``parent`` was saved or edited in the meantime.
        """
        with self._locked():
            self._sync()
            try:
                newest: PromptVersion | None = self._versions(prompt.name)[0]
            except NotFound:
                newest = None
            if newest is not None and newest.sha256 == prompt.sha256:
                return SaveResult(newest, created=False)
            if (newest.number if newest else None) != parent:
                raise ConflictError(
                    f"{prompt.name} is at version {newest.number} by {newest.author} now, and you began from {parent}"
                    if newest and parent
                    else f"There is already a prompt {prompt.name}"
                    if newest
                    else f"{prompt.name} has no version {parent}",
                    hint="compare the two, then save on top of the newest",
                )
            version = self._write(
                prompt, parent=parent, author=author or current_author(), message=message, least=1
            )
        return SaveResult(version, created=True)

    def save_edited(self, name: str, *, author: str | None = None, message: str = "") -> SaveResult:
        """Take what a person edited in a prompt's own file as its next version, with their reason.

        Raises:
            NotFound: There is no such prompt.
            WorkbenchError: Its file cannot be read.
        """
        with self._locked():
            before = {record.number for record in self.store.prompts.versions(name)}
            self._sync(said={name: (author or current_author(), message)})
            for problem in self.problems:
                if problem.file and prompt_name(Path(problem.file)) == name:
                    raise problem
            newest = self._versions(name)[0]
        return SaveResult(newest, created=newest.number not in before)

    def set_label(
        self, name: str, label: str, number: int | None, *, author: str | None = None, message: str = ""
    ) -> None:
        """Point a label at a version, or remove it with ``number`` None.

        Raises:
            NotFound: There is no such version.
            BadInput: The label cannot be one.
        """
        check_label(label)
        with self._locked():
            self._sync()
            if number is not None and number not in {v.number for v in self._versions(name)}:
                raise NotFound(
                    f"{name} has no version {number}", hint=f"`workbench prompts log {name}` lists them"
                )
            record = LabelRecord(name, label, number, author or current_author(), message, now())
            self.folder.append_label(
                name, LabelEvent(label, number, record.author, record.created_at, record.message)
            )
            self.store.prompts.add_labels([record])
            self._seen = None

    # -- keeping in step -------------------------------------------------------------------------------

    def sync(self) -> None:
        """Bring folder and database into step. Cheap when nothing changed."""
        state = self.folder.scan()
        if signature_of(state) != self._seen:
            with self._locked():
                self._sync()

    def _sync(self, said: Mapping[str, tuple[str, str]] | None = None) -> None:
        """Bring folder and database into step; ``said`` is the author and message of edits in a prompt's file."""
        state = self.folder.scan()
        problems = list(state.problems)
        known: dict[str, dict[int, str]] = {}
        for record in self.store.prompts.versions():
            known.setdefault(record.name, {})[record.number] = record.sha256
        import_history(self.store, [*state.prompts.values(), *state.removed.values()], known, problems)
        for file in state.prompts.values():
            if file.edited:
                try:
                    self._adopt(file, known.get(file.name, {}), (said or {}).get(file.name))
                except WorkbenchError as problem:
                    problems.append(problem)
            elif (newest := max(known[file.name])) > file.lineage.version:
                problems.append(set_back(file, newest))
        after = self.folder.scan()
        self._present = frozenset(after.prompts)
        self.problems = problems
        self._seen = signature_of(after)

    def _adopt(self, file: PromptFile, known: dict[int, str], said: tuple[str, str] | None) -> None:
        """Make a file that was edited outside the next version."""
        newest = max(known, default=None)
        if newest is not None and known[newest] == file.prompt.sha256:
            if not file.versions or file.versions[-1].number < newest:
                # The database has this version and the folder lost its history file: write it again.
                record = next(r for r in self.store.prompts.versions(file.name) if r.number == newest)
                self.folder.write_version(file.prompt, lineage_of(record))
            return
        parent = file.lineage.version if file.lineage and file.lineage.version in known else newest
        author, message = said or (current_author(), OUTSIDE if newest else "Found in the folder")
        self._write(file.prompt, parent=parent, author=author, message=message, least=file.next_version)

    def _write(
        self, prompt: Prompt, *, parent: int | None, author: str, message: str, least: int
    ) -> PromptVersion:
        """Write the next version: its history file first, so that a crash in between loses nothing."""
        numbers = [record.number for record in self.store.prompts.versions(prompt.name)]
        newest = max(numbers, default=None)
        number = max((newest or 0) + 1, least)
        lineage = Lineage(number, prompt.sha256, parent, author, message, now())
        self.folder.write_version(prompt, lineage)
        self.store.prompts.add_version(record_of(prompt, lineage), expected_newest=newest)
        self._present |= {prompt.name}
        self._seen = None
        return PromptVersion(prompt.name, number, prompt, parent, author, message, lineage.created_at)

    def _locked(self) -> Any:
        try:
            return self._lock.acquire()
        except Timeout:
            raise StoreError(
                f"Another program has been writing prompts for over {LOCK_TIMEOUT_S} s", hint="try again"
            ) from None

    def _versions(self, name: str) -> list[PromptVersion]:
        records = self.store.prompts.versions(name)
        if not records:
            raise NotFound(f'There is no prompt "{name}"', hint="`workbench prompts list` shows them")
        pointing: dict[int, list[str]] = {}
        for label, number in self._targets(name).items():
            pointing.setdefault(number, []).append(label)
        return [
            PromptVersion(
                name,
                r.number,
                self._content(r),
                r.parent,
                r.author,
                r.message,
                r.created_at,
                tuple(sorted(pointing.get(r.number, ()))),
            )
            for r in reversed(records)
        ]

    def _targets(self, name: str) -> dict[str, int]:
        targets: dict[str, int] = {}
        for event in self.store.prompts.labels(name):
            targets.pop(event.label, None)
            if event.number is not None:
                targets[event.label] = event.number
        return targets

    def _content(self, record: VersionRecord) -> Prompt:
        key = (record.name, record.sha256)
        if key not in self._parsed:
            self._parsed[key] = parse_prompt(record.content, name=record.name)[0]
        return self._parsed[key]

    def _from_path(self, path: Path) -> PromptVersion:
        """Return a file's content: as its version where the library has it, else as number 0."""
        path = path if path.is_absolute() else self.folder.root.parent / path
        prompt = load_prompt(path)
        if path.resolve().is_relative_to(self.folder.root.resolve()):
            self.sync()
            for version in self._versions(prompt.name):
                if version.sha256 == prompt.sha256:
                    return version
        return PromptVersion(prompt.name, 0, prompt, None, "", "", "")


def _matches(version: PromptVersion, selector: Selector) -> bool:
    if selector.kind == "number":
        return version.number == selector.value
    if selector.kind == "label":
        return selector.value in version.labels
    return version.sha256.startswith(str(selector.value))
