"""The parts of keeping the prompts folder and the database in step that need no lock."""

from __future__ import annotations

from workbench.errors import ConflictError, WorkbenchError
from workbench.prompts.content import Lineage, Prompt
from workbench.prompts.folder import FolderState, PromptFile
from workbench.prompts.prompt_file import prompt_to_yaml
from workbench.store import LabelRecord, Store, VersionRecord


def import_history(
    store: Store, files: list[PromptFile], known: dict[str, dict[int, str]], problems: list[WorkbenchError]
) -> None:
    """Take versions and labels from the folder that the database lacks."""
    new: list[VersionRecord] = []
    labels: list[LabelRecord] = []
    for file in files:
        numbers = known.setdefault(file.name, {})
        for version in file.versions:
            sha256 = numbers.get(version.number)
            if sha256 is None:
                new.append(record_of(version.prompt, version.lineage))
                numbers[version.number] = version.prompt.sha256
            elif sha256 != version.prompt.sha256:
                problems.append(
                    ConflictError(
                        f"Version {version.number} of {file.name} is {sha256[:8]} in the database and "
                        f"{version.prompt.sha8} in the folder; neither was changed",
                        file=file.path,
                        hint="restore the history file, or save its content as a new version",
                    )
                )
        labels += [
            LabelRecord(file.name, e.label, e.version, e.author, e.message, e.created_at) for e in file.labels
        ]
    if new:
        store.prompts.add_versions(new)
    if labels:
        store.prompts.add_labels(labels)


def set_back(file: PromptFile, newest: int) -> ConflictError:
    """Return what is wrong with a file that holds an older version than the newest."""
    held = file.lineage.version if file.lineage else 0
    return ConflictError(
        f"The file of {file.name} holds version {held}, and {newest} is the newest",
        file=file.path,
        hint=f"to go back, save version {held} again as a new one; "
        f"else restore the file of version {newest} from the history folder",
    )


def signature_of(state: FolderState) -> object:
    """Return what must be the same for folder and database to be in step still."""
    files = tuple(
        (
            f.name,
            f.prompt.sha256,
            f.edited,
            tuple((v.number, v.prompt.sha256) for v in f.versions),
            len(f.labels),
        )
        for f in [*state.prompts.values(), *state.removed.values()]
    )
    return files, frozenset(state.removed), tuple(str(problem) for problem in state.problems)


def record_of(prompt: Prompt, lineage: Lineage) -> VersionRecord:
    """Return a version as the database keeps it."""
    return VersionRecord(
        name=prompt.name,
        number=lineage.version,
        sha256=prompt.sha256,
        content=prompt_to_yaml(prompt),
        parent=lineage.parent,
        author=lineage.author,
        message=lineage.message,
        created_at=lineage.created_at,
    )


def lineage_of(record: VersionRecord) -> Lineage:
    """Return where a stored version comes from, as its file says it."""
    return Lineage(
        record.number, record.sha256, record.parent, record.author, record.message, record.created_at
    )
