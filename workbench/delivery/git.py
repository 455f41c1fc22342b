"""A prompt version into a git repository, on a branch of its own, with its evidence in the commit.

The working tree and the index of the repository are neither read nor written. `plan_release` shows what would
happen and leaves nothing behind; `make_release` writes one blob, its trees and one commit, and creates the
branch in one compare-and-swap. The same version released twice stays one commit.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from workbench.delivery.evidence import Evidence, fold, release_message
from workbench.delivery.repository import (
    GitFailed,
    Repository,
    explainable,
    open_repository,
    public_url,
)
from workbench.delivery.tree import build_tree, file_mode
from workbench.errors import BadInput, ConflictError, NotFound, ReleaseError, WorkbenchError
from workbench.files import check_name
from workbench.prompts.prompt_file import prompt_to_yaml

if TYPE_CHECKING:
    from workbench.prompts.content import Lineage, Prompt

PROMPTS_FOLDER = "prompts"
_COMMIT_HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")


@dataclass(frozen=True)
class ReleasePlan:
    """What a release would do. Nothing has been written yet.

    Attributes:
        branch: The branch to create, ``prompts/<name>/v<N>-<sha8>``.
        base_commit: The commit it starts from; None in a repository without commits.
        path: The file in the repository, relative to its top.
        diff: The unified diff of that file from base to release; empty when they are the same.
        message: The whole commit message with its trailers.
        sha8: The first eight digits of the version's SHA-256.
        already: Why there is nothing to do, as a sentence; None when there is something.
        repo: The folder that was given.
        home: The top of the working tree, or the git folder of a bare repository.
        base: What the base is called, such as ``main``.
        remotes: ``(name, URL)`` of each remote, the URL without user name and password.
        notes: What the person should know before saying yes, as sentences.
        content: The file to deliver, before git's own conversions.
        blob: The id of the file as git stores it.
        mode: The file's mode in the tree.
    """

    branch: str
    base_commit: str | None
    path: str
    diff: str
    message: str
    sha8: str
    already: str | None
    repo: Path
    home: Path
    base: str
    remotes: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    content: str
    blob: str
    mode: str

    def to_dict(self) -> dict[str, Any]:
        """Return what a program may want of the plan, as JSON-ready data."""
        shown = ("branch", "base", "base_commit", "path", "diff", "message", "sha8", "already")
        return {
            "repo": str(self.home),
            **{name: getattr(self, name) for name in shown},
            "remotes": dict(self.remotes),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class ReleaseResult:
    """What a release did.

    Attributes:
        commit: The commit that holds the version.
        branch: The branch on it; None when the base held the same file and no branch was needed.
        created: Whether this call made the commit, or found it there.
        sentence: The outcome for a person.
    """

    commit: str
    branch: str | None
    created: bool
    sentence: str


def plan_release(
    *,
    repo: Path,
    prompt: Prompt,
    lineage: Lineage | None,
    evidence: Evidence | None = None,
    target_path: str | None = None,
    base: str | None = None,
) -> ReleasePlan:
    """Work out a release and show it, without leaving anything in the repository.

    Args:
        repo: The repository: its top, a folder in it, a linked worktree, or a bare one.
        prompt: The version's content.
        lineage: Its number, parent, author and message.
        evidence: What an evaluation found; without it the message says that there is none.
        target_path: A folder (default ``prompts``) or a file ending in ``.yml`` or ``.yaml``, relative to
            ``repo``.
        base: A branch, tag or commit to start from; by default the commit that HEAD points to.

    Raises:
        BadInput: The name, the path or the base cannot be used.
        NotFound: The base is no commit there.
        ConflictError: The branch exists and holds something else.
        ReleaseError: git or the repository cannot do it, or the version is not saved.
    """
    if lineage is None:
        raise ReleaseError("This prompt is not saved as a version", hint="save it first, then release it")
    if lineage.sha256 and lineage.sha256 != prompt.sha256:
        raise ReleaseError(
            f'The content of "{fold(prompt.name)}" is not that of its version {lineage.version}',
            hint="save it as a new version and release that",
        )
    sha8 = prompt.sha256[:8]
    branch = release_branch(prompt.name, lineage.version, sha8)
    content = prompt_to_yaml(prompt, lineage)
    evidence = evidence or Evidence()
    with open_repository(repo, writable=False) as opened:
        path = _target(opened, target_path, check_name(prompt.name, "prompt name"))
        _check_branch_name(opened, branch)
        base_commit, base_name, notes = _base(opened, base)
        mode = file_mode(opened, base_commit, path)
        blob, _, diff = build_tree(opened, base_commit, path, mode, content, with_diff=True)
        found = _released(opened, branch, path, blob)
        if found:
            already = f"Branch {branch} already holds this version, in commit {found[:12]}."
        elif not diff:
            already = f"There is nothing to release: {base_name} already holds this version in {path}."
        else:
            already = None
        return ReleasePlan(
            branch=branch,
            base_commit=base_commit,
            path=path,
            diff=diff,
            message=release_message(prompt, lineage, evidence, path=path),
            sha8=sha8,
            already=already,
            repo=Path(repo),
            home=opened.home,
            base=base_name,
            remotes=_remotes(opened),
            notes=(*notes, *_notes(opened, base_commit, blob, content)),
            content=content,
            blob=blob,
            mode=mode,
        )


def make_release(plan: ReleasePlan) -> ReleaseResult:
    """Do what the plan says: one commit on a new branch. Doing it again changes nothing.

    Raises:
        ConflictError: The branch has come to hold something else since the plan.
        ReleaseError: git or the repository cannot do it.
    """
    with open_repository(plan.repo, writable=True) as opened:
        found = _released(opened, plan.branch, plan.path, plan.blob)
        if found:
            return _found(plan, found)
        if plan.already and not plan.diff and plan.base_commit:
            return ReleaseResult(plan.base_commit, None, False, plan.already)
        _require_identity(opened)
        _, tree, _ = build_tree(opened, plan.base_commit, plan.path, plan.mode, plan.content, with_diff=False)
        parents = ("-p", plan.base_commit) if plan.base_commit else ()
        message = plan.message.encode("utf-8", "replace")
        commit = opened.text("commit-tree", tree, *parents, "-F", "-", stdin=message)
        try:
            _create_branch(opened, plan.branch, commit)
        except GitFailed as problem:
            # Someone may have released the same version a moment ago; then theirs is the one.
            found = _released(opened, plan.branch, plan.path, plan.blob)
            if found:
                return _found(plan, found)
            raise _branch_refused(plan.branch, problem) from None
    return ReleaseResult(
        commit, plan.branch, True, f"Released to branch {plan.branch}, commit {commit[:12]}."
    )


def release_branch(name: str, version: int, sha8: str) -> str:
    """Return the branch for a version: ``prompts/<name>/v<N>-<sha8>``, blanks in the name as dashes.

    Raises:
        BadInput: The name cannot stand in a path or a branch.
    """
    name = check_name(name, "prompt name")
    slug = re.sub(r"[^\w.\-]+", "-", "-".join(name.split())).strip("-.")
    slug = re.sub(r"\.lock$", "-lock", slug)
    return f"prompts/{slug or 'prompt'}/v{version}-{sha8}"


def _found(plan: ReleasePlan, commit: str) -> ReleaseResult:
    sentence = f"Branch {plan.branch} already holds this version, in commit {commit[:12]}."
    return ReleaseResult(commit, plan.branch, False, sentence)


def _target(repo: Repository, target_path: str | None, name: str) -> str:
    """Return the file's path from the top of the repository."""
    given = target_path if target_path is not None else PROMPTS_FOLDER
    parts = PurePosixPath(given).parts
    odd = any(unicodedata.category(char)[0] == "C" for char in given) or "\\" in given
    inside = ".git" not in (part.lower() for part in parts) and ".." not in parts
    if given.startswith(("/", "-")) or odd or not inside or len(given.encode("utf-8", "replace")) > 1000:
        raise BadInput(
            f'"{fold(given, 100)}" cannot be the place in the repository',
            hint="give a folder or a .yml file relative to it, such as prompts",
        )
    is_file = bool(parts) and parts[-1].endswith((".yml", ".yaml"))
    file = PurePosixPath(*parts) if is_file else PurePosixPath(*parts, f"{name}.prompt.yml")
    return repo.prefix + str(file)


def _check_branch_name(repo: Repository, branch: str) -> None:
    if repo.ask("check-ref-format", f"refs/heads/{branch}") is None:
        raise BadInput(f'"{branch}" cannot be the name of a branch', hint="rename the prompt")
    parts = branch.split("/")
    for length in range(1, len(parts)):
        _refuse_blocking(repo, "/".join(parts[:length]), branch)


def _refuse_blocking(repo: Repository, other: str, branch: str) -> None:
    """Refuse when a branch stands where a folder of branches must be."""
    if repo.ask("show-ref", "--verify", "--quiet", f"refs/heads/{other}") is not None:
        raise ReleaseError(
            f"The branch {other} stands in the way of {branch}",
            hint=f"rename it: git branch -m {other} old-{other}",
        )


def _base(repo: Repository, base: str | None) -> tuple[str | None, str, list[str]]:
    """Return the commit to start from, what to call it, and what to say about it."""
    if base is not None:
        if not base.strip() or base.startswith("-") or len(base) > 500 or not base.isprintable():
            raise BadInput(f'"{fold(base, 60)}" cannot be a base', hint="give a branch, a tag or a commit")
        commit = repo.commit(base)
        if commit is None:
            raise NotFound(
                f'There is no commit "{fold(base, 60)}" in {repo.home}',
                hint="give a branch, a tag or a commit",
            )
        return commit, base, []
    head = repo.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    commit = repo.commit("HEAD")
    if commit:
        name = head or f"commit {commit[:12]}"
        main = repo.ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
        if main and main.removeprefix("origin/") != head:
            return commit, name, [f"The release starts from {name}; the default branch at origin is {main}."]
        return commit, name, []
    others = [name for name in _branches(repo) if not name.startswith("prompts/")]
    if others:
        raise ReleaseError(
            f"HEAD points to the branch {head}, which has no commit", hint=f"give a base, such as {others[0]}"
        )
    note = (
        "The repository has no commits yet: the release becomes a first commit without a parent, "
        f"and the branch {head} stays empty."
    )
    return None, "the empty repository", [note]


def _branches(repo: Repository) -> list[str]:
    return repo.text("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/").splitlines()


def _released(repo: Repository, branch: str, path: str, blob: str) -> str | None:
    """Return the tip of the branch if it holds the file; refuse if it holds something else."""
    tip = repo.commit(f"refs/heads/{branch}")
    entry = repo.entry(tip, path)
    if tip is None or (entry and entry.oid == blob):
        return tip
    raise ConflictError(
        f"The branch {branch} exists and holds {'another' if entry else 'no'} {path}",
        hint="look at it, then rename or delete it",
    )


def _create_branch(repo: Repository, branch: str, commit: str) -> None:
    # The zeros are the old value: git creates the branch only if there is none at that very moment.
    nothing = "0" * len(commit)
    repo.run("update-ref", "-m", "workbench release", f"refs/heads/{branch}", commit, nothing)


def _branch_refused(branch: str, problem: GitFailed) -> WorkbenchError:
    if "reference already exists" in problem.stderr:
        return ConflictError(f"The branch {branch} was created by someone else just now")
    if "cannot create" in problem.stderr:
        return ReleaseError(
            f"The branch {branch} cannot be created ({explainable(problem.stderr)})",
            hint="rename the branch in the way, or try again",
        )
    return problem


def _require_identity(repo: Repository) -> None:
    repo.run("var", "GIT_AUTHOR_IDENT")
    repo.run("var", "GIT_COMMITTER_IDENT")


def _remotes(repo: Repository) -> tuple[tuple[str, str], ...]:
    names = (repo.ask("remote") or "").splitlines()
    urls = ((name, repo.ask("remote", "get-url", "--push", "--", name)) for name in names)
    return tuple((name, public_url(url)) for name, url in urls if url)


def _notes(repo: Repository, base: str | None, blob: str, content: str) -> list[str]:
    notes = [_hook_note(repo, base)]
    if repo.run("cat-file", "blob", blob) != content.encode("utf-8"):
        notes.append("The repository's .gitattributes change the file as git stores it.")
    if repo.ask("config", "--type=bool", "commit.gpgSign") == "true":
        notes.append("The repository asks for signed commits; this commit is not signed.")
    try:
        _require_identity(repo)
    except GitFailed as problem:
        notes.append(str(problem))
    return notes


def _hook_note(repo: Repository, base: str | None) -> str:
    note = "Commit hooks such as pre-commit do not run, because the working tree is left alone"
    # git answers relative to the folder it runs in, or absolutely.
    folder = repo.work / repo.text("rev-parse", "--git-path", "hooks")
    hooks = [name for name in _COMMIT_HOOKS if os.access(folder / name, os.X_OK)]
    if repo.entry(base, ".pre-commit-config.yaml"):
        hooks.append(".pre-commit-config.yaml")
    return f"{note}; this repository has {', '.join(hooks)}." if hooks else f"{note}."
