"""A real git with settings of its own, so that nothing of the machine's leaks in."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.prompts.content import Lineage, Prompt, PromptMessage

IDENTITY = "[user]\n\tname = Ana Ruiz\n\temail = ana@example.org\n[init]\n\tdefaultBranch = main\n"


@pytest.fixture(autouse=True)
def isolated_git(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(IDENTITY)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("EMAIL", raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    yield home


Git = Callable[..., str]


def run_git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-c", "core.quotePath=false", *arguments], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture
def git() -> Git:
    return run_git


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit on main and a clean working tree."""
    folder = tmp_path / "product"
    folder.mkdir()
    run_git(folder, "init", "-q")
    (folder / "README.md").write_text("A product\n")
    (folder / "code.py").write_text("print(1)\n")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-q", "-m", "Start")
    return folder


def version(
    text: str = "Label {{ticket}}", *, name: str = "triage", number: int = 3, message: str = "One label only"
) -> tuple[Prompt, Lineage]:
    prompt = Prompt(name=name, messages=(PromptMessage("user", text),), model="offline/rules")
    return prompt, Lineage(number, prompt.sha256, number - 1 or None, "Ana", message, "2026-11-20T08:00:00Z")


@pytest.fixture
def make_version() -> Callable[..., tuple[Prompt, Lineage]]:
    return version
