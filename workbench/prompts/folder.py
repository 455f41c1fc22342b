"""The folder of prompts: the newest version of each as a file that people edit, and its immutable history.

```
prompts/<name>.prompt.yml                          the newest version
prompts/history/<name>/0003-1a2b3c4d.prompt.yml    every version, never changed
prompts/history/<name>/labels.jsonl                where each label pointed, and when it moved
```
No database here. A broken file is a problem in the list, never a crash.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import BadInput, ConflictError, PromptError, WorkbenchError
from workbench.files import check_name, write_atomic
from workbench.prompts.content import Lineage, Prompt
from workbench.prompts.history import History, LabelEvent, StoredVersion, list_folder
from workbench.prompts.prompt_file import (
    SUFFIXES,
    load_prompt_file,
    parse_prompt,
    prompt_name,
    prompt_to_yaml,
)
from workbench.prompts.selectors import check_label

__all__ = ["FolderState", "LabelEvent", "PromptFile", "PromptFolder", "StoredVersion"]


@dataclass(frozen=True)
class PromptFile:
    """One prompt of the folder: its newest file, its history (by number) and its labels' moves (oldest first).

    ``edited`` says that the file's content is no version of the history yet: it was written, changed or
    copied here by hand. ``behind`` says that the file is unchanged but older than the history's last version,
    as after checking out an older file. ``next_version`` is free on the disk, even where a history file is
    broken.
    """

    name: str
    path: Path
    prompt: Prompt
    lineage: Lineage | None
    versions: tuple[StoredVersion, ...] = ()
    labels: tuple[LabelEvent, ...] = ()
    edited: bool = False
    behind: bool = False
    next_version: int = 1

    @property
    def label_targets(self) -> dict[str, int]:
        """Where each label points now."""
        targets: dict[str, int] = {}
        for event in self.labels:
            targets.pop(event.label, None)
            if event.version is not None:
                targets[event.label] = event.version
        return targets


@dataclass(frozen=True)
class FolderState:
    """What a look at the folder found.

    ``removed`` holds prompts whose file is gone while their history remains; their ``prompt`` is the last
    version.
    """

    prompts: dict[str, PromptFile] = field(default_factory=dict)
    problems: list[WorkbenchError] = field(default_factory=list)
    removed: dict[str, PromptFile] = field(default_factory=dict)


class PromptFolder:
    """Reads and writes one folder of prompts. Keep one object: it reads again only the files that changed."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._cache: dict[str, tuple[tuple[int, ...], tuple[Prompt, Lineage | None]]] = {}

    def scan(self) -> FolderState:
        """Look at the whole folder. Never raises for what is in it; an absent folder is an empty one."""
        state = FolderState()
        found: dict[str, Path] = {}
        for path in self._prompt_paths(state.problems):
            self._claim(path, found, state.problems)
        for name, path in found.items():
            try:
                prompt, lineage = self._load(path, name)
            except WorkbenchError as problem:
                state.problems.append(problem)
                continue
            state.prompts[name] = self._with_history(name, path, prompt, lineage, state.problems)
        for folder in list_folder(self._history_root, state.problems):
            name = unicodedata.normalize("NFC", folder.name)
            if name not in found and not name.startswith(".") and folder.is_dir():
                self._note_removed(name, state)
        self._forget_gone_files(state)
        return state

    def write_version(self, prompt: Prompt, lineage: Lineage) -> Path:
        """Write a version's history file, then make it the prompt's newest file. Doing it twice is harmless.

        Returns:
            The path of the newest file.

        Raises:
            ConflictError: The newest file holds an edit that is no version yet, or is broken, or the history
                has another version of that number; nothing was written.
            PromptError: The prompt would not read back the same, or the lineage is not of this content.
            BadInput: The folder cannot be written.
        """
        name = check_name(prompt.name, "prompt name")
        text = _checked_text(prompt, lineage)
        path = self.path_of(name)
        history = self.history(name)
        if any(number == lineage.version and sha8 != prompt.sha8 for number, sha8 in history.files):
            raise ConflictError(
                f'The history of "{name}" already has another version {lineage.version}',
                file=history.folder,
                hint="look at the folder again and save as the next version",
            )
        self._refuse_unsaved_edit(path, prompt, history)
        target = history.path_for(lineage.version, prompt)
        if not target.exists():
            write_atomic(target, text)
        write_atomic(path, text)
        return path

    def append_label(self, name: str, event: LabelEvent) -> None:
        """Note that a label moved or was removed.

        Raises:
            BadInput: The label cannot be one, or the folder cannot be written.
        """
        check_label(event.label)
        self.history(check_name(name, "prompt name")).append_label(event)

    def history(self, name: str) -> History:
        """Return the history of a prompt, empty if it has none yet."""
        return History.of(self._history_root, name)

    def path_of(self, name: str) -> Path:
        """Return where the prompt's newest file is, or would be.

        Raises:
            ConflictError: Another prompt's name differs only in upper and lower case.
        """
        for path in self._prompt_paths([]):
            if prompt_name(path) == name:
                return path
        others = [*self._prompt_paths([]), *list_folder(self._history_root, [])]
        for path in others:
            other = prompt_name(path)
            if other != name and other.casefold() == name.casefold():
                raise ConflictError(
                    f'There is already a prompt "{other}", and "{name}" differs only in upper and lower case',
                    file=path,
                    hint="choose another name",
                )
        return self.root / f"{name}.prompt.yml"

    @property
    def _history_root(self) -> Path:
        return self.root / "history"

    def _prompt_paths(self, problems: list[WorkbenchError]) -> list[Path]:
        paths = list_folder(self.root, problems)
        return [p for p in paths if p.name.lower().endswith(SUFFIXES) and not p.name.startswith(".")]

    def _claim(self, path: Path, found: dict[str, Path], problems: list[WorkbenchError]) -> None:
        """Give the file its name, unless the name is unusable or another file has it already."""
        try:
            name = check_name(prompt_name(path), "prompt name")
        except BadInput as problem:
            problems.append(PromptError(problem.message, file=path, hint=problem.hint))
            return
        other = next((known for known in found if known.casefold() == name.casefold()), None)
        if other is None:
            found[name] = path
            return
        problems.append(
            PromptError(
                f'It has the same name as "{found[other].name}", or one that differs only in case',
                file=path,
                hint="rename one of the two",
            )
        )

    def _load(self, path: Path, name: str) -> tuple[Prompt, Lineage | None]:
        """Read a prompt file, or remember it from the last look if it has not changed since."""
        try:
            stat = path.stat()
        except OSError as problem:
            raise PromptError(f"The prompt file cannot be read ({problem.strerror})", file=path) from None
        stamp = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
        cached = self._cache.get(str(path))
        if cached is not None and cached[0] == stamp:
            return cached[1]
        loaded = load_prompt_file(path, name=name)
        self._cache[str(path)] = (stamp, loaded)
        return loaded

    def _forget_gone_files(self, state: FolderState) -> None:
        """Keep memory bounded by what the folder holds."""
        known = sum(1 + len(file.versions) for file in (*state.prompts.values(), *state.removed.values()))
        if len(self._cache) > 100 + 2 * known:
            self._cache = {path: entry for path, entry in self._cache.items() if os.path.exists(path)}

    def _with_history(
        self, name: str, path: Path, prompt: Prompt, lineage: Lineage | None, problems: list[WorkbenchError]
    ) -> PromptFile:
        history = self.history(name)
        versions = history.versions(self._load, problems)
        saved = (
            lineage is not None
            and prompt.sha256 == lineage.sha256
            and (lineage.version, prompt.sha8) in history.files
        )
        return PromptFile(
            name=name,
            path=path,
            prompt=prompt,
            lineage=lineage,
            versions=versions,
            labels=history.labels(problems),
            edited=not saved,
            behind=saved and lineage.version < history.next_version - 1,
            next_version=history.next_version,
        )

    def _note_removed(self, name: str, state: FolderState) -> None:
        history = self.history(name)
        versions = history.versions(self._load, state.problems)
        if versions:
            state.removed[name] = PromptFile(
                name=name,
                path=self.root / f"{name}.prompt.yml",
                prompt=versions[-1].prompt,
                lineage=versions[-1].lineage,
                versions=versions,
                labels=history.labels(state.problems),
                next_version=history.next_version,
            )

    def _refuse_unsaved_edit(self, path: Path, prompt: Prompt, history: History) -> None:
        """Never overwrite content that is no version yet."""
        if not path.exists():
            return
        try:
            current, _ = self._load(path, prompt.name)
        except WorkbenchError as problem:
            raise ConflictError(
                f"The newest file cannot be read, so nothing was overwritten ({problem.message})",
                file=path,
                line=problem.line,
                hint="repair or move it",
            ) from None
        if current.sha256 != prompt.sha256 and current.sha8 not in {sha8 for _, sha8 in history.files}:
            raise ConflictError(
                "The newest file was edited outside and is no version yet, so nothing was overwritten",
                file=path,
                hint="save the edited file as a version first",
            )


def _checked_text(prompt: Prompt, lineage: Lineage) -> str:
    """Return the file's text, once it is certain that it reads back as the same prompt."""
    if lineage.sha256 != prompt.sha256:
        raise PromptError(f'The lineage given for "{prompt.name}" belongs to other content')
    text = prompt_to_yaml(prompt, lineage)
    again, lineage_again = parse_prompt(text, name=prompt.name, file=f"{prompt.name}.prompt.yml")
    if again.sha256 != prompt.sha256 or lineage_again != lineage:
        raise PromptError(f'The prompt "{prompt.name}" does not read back the same from its file')
    return text
