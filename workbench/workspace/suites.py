"""The eval suites of a workspace."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from workbench.errors import BadInput, ConflictError, NotFound, WorkbenchError
from workbench.evals.adding import add_case, add_to_suite_file
from workbench.evals.suite import FILE_NAMES, SuiteEntry, find_suites, load_suite
from workbench.evals.suite_cases import SuiteCases, suite_cases
from workbench.evals.types import Case, Suite
from workbench.workspace.promptfoo import Imported, Losses, import_config, is_promptfoo_file


class Suites:
    """Finds and reads ``evals/<name>/suite.yaml``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def folder(self) -> Path:
        """The folder of suites."""
        return self.root / "evals"

    def list(self) -> tuple[list[SuiteEntry], list[WorkbenchError]]:
        """Return all suites by name, and one problem for each that cannot be read."""
        return find_suites(self.folder)

    def load(self, name: str, *, accept_losses: bool = False) -> Suite:
        """Return a suite with its cases, by its name or by a path to its folder or file, which may be promptfoo's.

        Raises:
            NotFound: There is no such suite.
            Losses: A promptfoo config has parts that cannot be honoured, and ``accept_losses`` is not given.
            SuiteError: Its file cannot be used.
            DatasetError: Its cases cannot be used.
        """
        inside = self.folder / name
        if inside.is_dir() and inside.resolve().is_relative_to(self.folder.resolve()):
            return load_suite(inside, root=self.root)
        path = Path(name)
        for candidate in (path, self.root / path):
            if is_promptfoo_file(candidate):
                imported = import_config(candidate.resolve())
                if imported.losses and not accept_losses:
                    raise Losses(candidate, imported.losses)
                return imported.suite
            if candidate.exists() and (len(path.parts) > 1 or path.suffix in (".yaml", ".yml")):
                return load_suite(candidate.resolve(), root=self.root)
        known = [entry.name for entry in self.list()[0]]
        near = get_close_matches(name, known, n=1)
        meant = f'perhaps "{near[0]}" is meant; ' if near else ""
        listed = ", ".join(known) or "none yet"
        raise NotFound(
            f'There is no suite "{name}"', hint=f"{meant}the suites in {self.folder} are: {listed}"
        )

    def imported(self, name: str) -> Imported | None:
        """Return a promptfoo config as a suite with what is not honoured of it, or None if ``name`` is none.

        Raises:
            BadInput: The config cannot be used at all.
        """
        found = next((p for p in (Path(name), self.root / name) if is_promptfoo_file(p)), None)
        return import_config(found.resolve()) if found else None

    def cases(self, name: str) -> SuiteCases | None:
        """Return where the cases of a suite stand, without reading them, or None if no suite has the name.

        Raises:
            SuiteError: The suite names no cases that can be used.
        """
        for folder in (self.folder / name, self.root / name):
            file = next((folder / n for n in FILE_NAMES if (folder / n).is_file()), None)
            if name and file is not None and file.resolve().is_relative_to(self.root.resolve()):
                return suite_cases(file, root=self.root)
        return None

    def add_case(self, name: str, case: Case) -> Path:
        """Add a case to a suite's own file of cases, and return that file. All else in it stays as it is.

        Raises:
            NotFound: There is no such suite in the workspace.
            ConflictError: The suite has a case of that id.
            DatasetError: The file is of a kind that cannot be added to.
        """
        found = self.cases(name)
        if found is None:
            raise NotFound(f'There is no suite "{name}"', hint="the suites are the folders in evals/")
        if found.source is not None:
            path = found.source.path(found.file.parent)
            if path is not None and not path.resolve().is_relative_to(self.root.resolve()):
                raise BadInput("The path of the cases leads out of the workspace", file=path)
            return add_case(found.source, found.file.parent, case)
        if any(other.id == case.id for other in found.open()):
            raise ConflictError(
                f'There is a case "{case.id}" already', file=found.file, hint="give another id"
            )
        return add_to_suite_file(found.file, len(found.rows), case)
