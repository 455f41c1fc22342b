"""The one object that the app, the command line and scripts hold: a project folder and its database."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import BadInput, NotFound
from workbench.store import Store, database_url
from workbench.workspace.baselines import Baselines
from workbench.workspace.datasets import Datasets
from workbench.workspace.library import PromptLibrary, PromptVersion, SaveResult
from workbench.workspace.playground import Playground
from workbench.workspace.releases import Releases
from workbench.workspace.runs import Runs
from workbench.workspace.suites import Suites

if TYPE_CHECKING:
    from workbench.workspace.watching import Watching

__all__ = ["PromptLibrary", "PromptVersion", "Runs", "SaveResult", "Suites", "Workspace"]

STATE_FOLDER = ".workbench"


class Workspace:
    """A folder with ``prompts/`` and ``evals/``, and what ``.workbench/`` remembers of it.

    Everything in ``.workbench/`` that the folders also hold is rebuilt when it is gone.
    """

    def __init__(self, root: Path, store: Store) -> None:
        self.root = root
        self.store = store

    @classmethod
    def open(cls, path: str | Path = ".") -> Workspace:
        """Open the workspace at ``path``.

        Raises:
            NotFound: There is no such folder, or it is no workspace.
            StoreError: The database cannot be opened, or was made by a newer version.
        """
        root = Path(path).expanduser().resolve()
        if not root.is_dir():
            raise NotFound(
                "There is no such folder", file=root, hint="`workbench init DIR` makes a workspace"
            )
        if not any((root / part).is_dir() for part in ("prompts", "evals", STATE_FOLDER)):
            raise NotFound(
                "This folder is no workspace, for it has neither prompts/ nor evals/",
                file=root,
                hint="`workbench init` makes it one",
            )
        state = root / STATE_FOLDER
        try:
            state.mkdir(exist_ok=True)
            ignore = state / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__
            raise BadInput(
                f"The workspace's state cannot be written ({reason})",
                file=state,
                hint="make the folder writable, or copy the workspace to one that is",
            ) from None
        return cls(root, Store(database_url(state)))

    @property
    def state(self) -> Path:
        """The folder of what Workbench remembers: database, locks and logs."""
        return self.root / STATE_FOLDER

    @cached_property
    def prompts(self) -> PromptLibrary:
        """Prompts, versions, labels and drafts."""
        return PromptLibrary(self.root / "prompts", self.store, self.state)

    @cached_property
    def suites(self) -> Suites:
        """The eval suites in ``evals/``."""
        return Suites(self.root)

    @cached_property
    def datasets(self) -> Datasets:
        """Datasets: files, suites' cases and kept versions."""
        return Datasets(self.root, self.store, self.suites)

    @cached_property
    def runs(self) -> Runs:
        """Starting, following, comparing and scoring runs."""
        return Runs(self.root, self.state, self.store, self.prompts, self.suites)

    @cached_property
    def baselines(self) -> Baselines:
        """Approved runs that later ones are held against."""
        return Baselines(self.suites, self.runs)

    @cached_property
    def watching(self) -> Watching:
        """Suites that are asked again and again, and what has moved."""
        from workbench.workspace.watching import Watching

        return Watching(self)

    @cached_property
    def playground(self) -> Playground:
        """Trying versions and models side by side."""
        return Playground(self.root, self.store)

    @cached_property
    def releases(self) -> Releases:
        """Delivering versions to a repository."""
        return Releases(self.store, self.prompts, self.runs)

    def close(self) -> None:
        """Close the database."""
        self.store.close()
