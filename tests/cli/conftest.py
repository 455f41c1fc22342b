"""Commands called in this process, and one workspace with a finished run of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.small_workspace import make_workspace

from workbench.__main__ import main

SUITES = ("passes", "fails", "close", "holes")


@dataclass(frozen=True)
class Called:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it wrote for ``--json -``."""
        return json.loads(self.out)


Call = Callable[..., Called]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORKBENCH_ROOT", "WORKBENCH_DATABASE_URL", "WORKBENCH_DEBUG", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORKBENCH_AUTHOR", "Ada")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call a command; whatever happens, it must not show a traceback."""

    def called(*arguments: str | Path) -> Called:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err + said.out
        return Called(code, said.out, said.err)

    return called


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An untouched workspace, which is the current folder."""
    make_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@dataclass(frozen=True)
class Finished:
    """A workspace and its runs by their suite. Tests only read it."""

    root: Path
    runs: dict[str, str]


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    from workbench.workspace import Workspace

    root = make_workspace(tmp_path_factory.mktemp("finished"))
    workspace = Workspace.open(root)
    runs = {suite: workspace.runs.start(suite).id for suite in SUITES}
    for run in runs.values():
        workspace.runs.follow(run)
    workspace.close()
    yield Finished(root, runs)


@pytest.fixture
def finished(_finished: Finished, monkeypatch: pytest.MonkeyPatch) -> Finished:
    """The workspace with finished runs, which is the current folder."""
    monkeypatch.chdir(_finished.root)
    return _finished
