"""The Release page: the diff is seen before anything happens, and the evidence goes with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.recorded_runs import colours_workspace, right, run_colours

from workbench.workspace import Workspace

Open = Callable[..., AppTest]


def git(repo: Path, *arguments: str, stdin: str | None = None) -> str:
    """Run git and return what it prints."""
    done = subprocess.run(
        ["git", "-C", str(repo), *arguments], input=stdin, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit and a change that is not committed."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "service"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Ada Test")
    git(folder, "config", "user.email", "ada@example.com")
    (folder / "README.md").write_text("A service\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")
    (folder / "README.md").write_text("A service, being changed\n")
    return folder


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """A workspace with a run on which ``careful`` is better than ``plain``, and a passed gate."""
    ws = colours_workspace(
        tmp_path_factory.mktemp("ready"),
        {"plain": right(80, wrong=range(40)), "careful": right(80, wrong=[71])},
        gate={"baseline": "plain", "candidate": "careful", "metric": "accuracy", "margin": 0.02},
    )
    return ws, run_colours(ws)


def text(at: AppTest) -> str:
    """All words on the page."""
    kinds = ("html", "markdown", "caption", "code", "success", "error")
    return "\n".join(str(e.value) for kind in kinds for e in at.get(kind)).replace("\\", "")


def test_the_diff_the_message_and_the_evidence_come_before_the_button(
    ready: tuple[Workspace, str], repo: Path, open_screen: Open
) -> None:
    ws, run = ready
    at = open_screen(ws, "release", prompt="careful@1", run=run, repo=str(repo))
    shown = text(at)
    assert "+  - role: user" in shown or "+- role: user" in shown or "role: user" in shown
    assert 'class="diffline add"' in shown and "Prompt-SHA256: " in shown
    assert "careful@1 is better than plain@1" in shown and "✓ passed" in shown and "case-071" in shown
    assert "prompts/careful/v1-" in shown and run in shown
    assert git(repo, "branch", "--list", "prompts/*") == "", "looking changes nothing"


def test_a_release_says_branch_commit_and_how_to_push_and_is_listed(
    ready: tuple[Workspace, str], repo: Path, open_screen: Open
) -> None:
    ws, run = ready
    git(repo, "remote", "add", "origin", "https://user:secret@example.com/service.git")
    before = git(repo, "status", "--porcelain")
    at = open_screen(ws, "release", prompt="careful@1", run=run, repo=str(repo))
    at.button(key="release_make").click().run()
    assert not at.exception and not at.error
    branch = git(repo, "branch", "--list", "--format=%(refname:short)", "prompts/*")
    commit = git(repo, "rev-parse", branch)
    assert branch in at.success[0].value.replace("\\", "") and commit[:12] in at.success[0].value
    shown = text(at)
    assert f"push origin {branch}" in shown and "secret" not in shown
    assert "release_make" not in [b.key for b in at.button], "there is nothing left to do"
    past = next(e.value for e in at.html if 'aria-label="Past releases"' in e.value)
    assert commit[:10] in past and "careful@1" in past and run in past
    assert git(repo, "status", "--porcelain") == before
    assert git(repo, "diff", "--name-only", "main", branch) == "prompts/careful.prompt.yml"

    again = open_screen(ws, "release", prompt="plain@1")
    assert again.text_input(key="release_repo").value == str(repo), "the repository is remembered"


def test_without_a_run_it_says_plainly_that_there_is_no_evidence(
    tmp_path: Path, repo: Path, open_screen: Open
) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    ws = colours_workspace(root, {"plain": right(4)})
    at = open_screen(ws, "release", prompt="plain", repo=str(repo))
    shown = text(at)
    assert "No evaluation stands behind this version" in shown and "Eval-Result: none" in shown
    assert at.button(key="release_make").label == "Make the release"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"repo": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"prompt": "nobody@3"}, 'There is no prompt "nobody"'),
        ({"run": "nothing"}, 'There is no run "nothing"'),
        ({"path": "../outside"}, "cannot be the place in the repository"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    ready: tuple[Workspace, str], repo: Path, open_screen: Open, params: dict[str, str], said: str
) -> None:
    ws, _ = ready
    at = open_screen(ws, "release", **{"prompt": "careful@1", "repo": str(repo), **params})
    assert [said in error.value.replace("\\", "") for error in at.error] == [True]
    if "prompt" not in params:
        assert "release_make" not in [b.key for b in at.button]


def test_no_folder_yet_asks_for_one_and_shows_the_evidence(
    ready: tuple[Workspace, str], open_screen: Open, tmp_path: Path
) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(8), "careful": right(8)})
    run_colours(ws)
    at = open_screen(ws, "release")
    assert "Which repository?" in text(at)
    at.text_input(key="release_repo").set_value(str(tmp_path)).run()
    assert at.query_params["repo"] == str(tmp_path)
    assert len(at.error) == 1 and "git" in at.error[0].value


def test_an_empty_workspace_teaches_what_to_do(tmp_path: Path, open_screen: Open) -> None:
    (tmp_path / "prompts").mkdir()
    at = open_screen(Workspace.open(tmp_path), "release")
    assert "Nothing to release yet" in text(at)
