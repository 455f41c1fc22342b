"""One git repository, asked through plumbing only: its working tree and index are never read or written.

Every command runs in a temporary folder that stands in for the working tree, with an index file of its own.
A repository opened for reading also gets an object folder of its own on top of the real one, so that a plan
can build blobs and trees and leave nothing behind.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import ReleaseError

MIN_GIT = (2, 31)
TIMEOUT_S = 60.0
# What a person may set for their own commits. Everything else named GIT_… could point at another repository.
_KEPT_GIT = frozenset(
    {
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_DATE",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_DATE",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CEILING_DIRECTORIES",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "GIT_EXEC_PATH",
    }
)
# Settings of the repository that would write beside the temporary index, refuse plain line ends, guess who
# commits, or store the message in another encoding.
_SETTINGS = (
    "core.splitIndex=false",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.sparseCheckout=false",
    "core.safecrlf=false",
    "core.quotePath=false",
    "i18n.commitEncoding=UTF-8",
    "user.useConfigOnly=true",
)


class GitFailed(ReleaseError):
    """A git command that said no; ``stderr`` is what it said."""

    def __init__(self, message: str, *, stderr: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.stderr = stderr


@dataclass(frozen=True)
class Entry:
    """One entry of a tree: its mode as in ``100644``, its type and its object id."""

    mode: str
    kind: str
    oid: str


@dataclass(frozen=True)
class Repository:
    """An opened repository; see `open_repository`.

    Attributes:
        git_dir: The folder that git keeps this (work)tree's state in.
        home: What to show of it: the top of the working tree, or the git folder of a bare repository.
        prefix: The folder that was given, relative to the top, ``""`` or ending in ``/``.
        work: The temporary folder that stands in for the working tree.
        environment: What each command runs with.
    """

    git: str
    git_dir: Path
    home: Path
    prefix: str
    work: Path
    environment: dict[str, str]

    def run(self, *arguments: str, stdin: bytes | None = None, env: dict[str, str] | None = None) -> bytes:
        """Run one git command and return its output.

        Raises:
            GitFailed: git said no.
            ReleaseError: It took longer than `TIMEOUT_S`, or could not be started.
        """
        return _run(self.git, arguments, self.work, {**self.environment, **(env or {})}, stdin)

    def text(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run one git command and return its output as text without the final line end."""
        return self.run(*arguments, stdin=stdin).decode("utf-8", "replace").removesuffix("\n")

    def ask(self, *arguments: str) -> str | None:
        """Like `text`, with None where git says no."""
        try:
            return self.text(*arguments)
        except GitFailed:
            return None

    def commit(self, revision: str) -> str | None:
        """Return the id of the commit that ``revision`` names, or None."""
        return self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")

    def entry(self, commit: str | None, path: str) -> Entry | None:
        """Return what stands at ``path`` in ``commit``, or None."""
        listed = self.text("ls-tree", "-z", commit, "--", path) if commit else ""
        for record in listed.split("\0"):
            facts, _, found = record.partition("\t")
            if found == path:
                return Entry(*facts.split(" ")[:3])
        return None


@contextmanager
def open_repository(folder: Path, *, writable: bool) -> Iterator[Repository]:
    """Open the repository that ``folder`` is in.

    Args:
        folder: The top of a working tree, a folder in it, a linked worktree, or a bare repository.
        writable: Whether new objects go into the repository; otherwise they vanish on leaving.

    Raises:
        ReleaseError: git is missing or too old, or there is no repository.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise ReleaseError(f"There is no folder {folder}", hint="give the folder of a git repository")
    git = _find_git()
    base = _environment()
    git_dir = Path(_discover(git, folder, base, "--absolute-git-dir"))
    objects = _discover(git, folder, base, "--path-format=absolute", "--git-path", "objects")
    prefix = _discover(git, folder, base, "--show-prefix")
    try:
        home = Path(_discover(git, folder, base, "--show-toplevel"))
    except GitFailed:
        home = git_dir
    with _temporary_folder() as scratch:
        work = scratch / "work"
        work.mkdir()
        environment = {
            **base,
            "GIT_DIR": str(git_dir),
            "GIT_WORK_TREE": str(work),
            "GIT_INDEX_FILE": str(scratch / "index"),
        }
        if not writable:
            environment["GIT_OBJECT_DIRECTORY"] = _borrowed_objects(scratch / "objects", objects)
        yield Repository(git, git_dir, home, prefix, work, environment)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        holder = tempfile.TemporaryDirectory(prefix="workbench-release-", ignore_cleanup_errors=True)
    except OSError as problem:
        raise ReleaseError(
            f"No temporary folder can be made ({problem.strerror})", hint="check TMPDIR and the free space"
        ) from None
    with holder as name:
        yield Path(name).resolve()


def _borrowed_objects(own: Path, real: str) -> str:
    """Make an object folder that reads from the real one, and return its path."""
    (own / "info").mkdir(parents=True)
    quoted = real.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    (own / "info" / "alternates").write_bytes(f'"{quoted}"\n'.encode("utf-8", "surrogateescape"))
    return str(own)


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key in _KEPT_GIT}
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }


def _find_git() -> str:
    git = shutil.which("git")
    if git is None:
        raise ReleaseError("git is not installed, or not on the PATH", hint="install git and try again")
    needed = ".".join(map(str, MIN_GIT))
    answer = _run(git, ("version",), Path.cwd(), _environment(), None, settings=()).decode("utf-8", "replace")
    found = re.search(r"(\d+)\.(\d+)", answer)
    if not found or (int(found[1]), int(found[2])) < MIN_GIT:
        raise ReleaseError(
            f"This git is too old ({explainable(answer)}; a release needs {needed})", hint="update git"
        )
    return git


def _discover(git: str, folder: Path, environment: dict[str, str], *question: str) -> str:
    try:
        answer = _run(git, ("rev-parse", *question), folder, environment, None)
    except GitFailed as problem:
        if "not a git repository" in problem.stderr:
            raise ReleaseError(
                f"{folder} is not in a git repository",
                hint=f"choose another folder, or run git init {folder}",
            ) from None
        raise
    return answer.decode("utf-8", "surrogateescape").removesuffix("\n")


def _run(
    git: str,
    arguments: tuple[str, ...],
    cwd: Path,
    environment: dict[str, str],
    stdin: bytes | None,
    settings: tuple[str, ...] = _SETTINGS,
) -> bytes:
    command = [git, *(part for setting in settings for part in ("-c", setting)), *arguments]
    source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False, **source
        )
    except subprocess.TimeoutExpired:
        raise ReleaseError(
            f"git {arguments[0]} did not finish within {TIMEOUT_S:.0f} seconds", hint="try again"
        ) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise ReleaseError(f"git {arguments[0]} cannot be started ({reason})") from None
    if done.returncode != 0:
        raise explain(arguments[0], done.stderr.decode("utf-8", "replace"))
    return done.stdout


_REASONS: tuple[tuple[str, str, str], ...] = (
    (
        r"dubious ownership",
        "git does not trust this repository, because it belongs to another user",
        "check it and run git config --global --add safe.directory with its path",
    ),
    (
        r"Please tell me who you are|auto-detect|auto-detection is disabled|empty ident|no email was given",
        "git does not know who commits",
        'run git config --global user.name "Your Name" and git config --global user.email you@example.org',
    ),
    (
        r"insufficient permission|Permission denied|Read-only file system|Operation not permitted",
        "The repository cannot be written",
        "check the permissions of its .git folder, or release into a clone of your own",
    ),
    (
        r"aborted by hook",
        "The repository's reference-transaction hook refused the branch",
        "ask whoever keeps the repository",
    ),
    (r"No space left|Disk quota exceeded", "There is no space left for the repository", "free some space"),
    (
        r"\.lock': File exists|Unable to create '.*\.lock'",
        "Another git command is at work in this repository",
        "wait for it to finish and try again",
    ),
)


def explain(command: str, stderr: str) -> GitFailed:
    """Turn what git said into one sentence."""
    for pattern, sentence, hint in _REASONS:
        if re.search(pattern, stderr):
            return GitFailed(sentence, stderr=stderr, hint=hint)
    said = explainable(stderr)
    return GitFailed(f"git {command} failed ({said})" if said else f"git {command} failed", stderr=stderr)


def explainable(text: str) -> str:
    """Return the line of git's output that says most, short, printable and without passwords."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    line = re.sub(r"^(?:fatal|error): ", "", telling[0]) if telling else ""
    line = "".join(char if char.isprintable() else " " for char in line)
    return re.sub(r"://[^/@\s]*@", "://", line)[:300].rstrip(".")


def public_url(url: str) -> str:
    """Return a remote's URL without user name, password, query or fragment."""
    shown = "".join(char if char.isprintable() else " " for char in url)
    scheme, mark, rest = shown.partition("://")
    if mark:
        host, slash, path = rest.partition("/")
        return f"{scheme}://" + re.split("[?#]", host.rpartition("@")[2] + slash + path)[0]
    # The scp form, user@host:path; anything else without a scheme is a local path.
    found = re.fullmatch(r"[^@/:]*@([^/:]+:.*)", shown)
    return found[1] if found else shown
