"""The tree of a release: the base's tree with one file put in, built beside the working tree and index."""

from __future__ import annotations

from pathlib import PurePosixPath

from workbench.delivery.repository import Entry, Repository
from workbench.errors import ReleaseError

MAX_DIFF = 200_000
FILE_MODES = ("100644", "100755")


def file_mode(repo: Repository, commit: str | None, path: str) -> str:
    """Return the mode for the file; refuse where something else stands at its path or above it."""
    for folder in reversed(PurePosixPath(path).parents):
        entry = repo.entry(commit, str(folder)) if str(folder) != "." else None
        if entry and entry.kind != "tree":
            raise ReleaseError(
                f"{folder} is {_kind(entry)} in the repository, not a folder",
                hint="release to another folder",
            )
    entry = repo.entry(commit, path)
    if entry and entry.mode not in FILE_MODES:
        raise ReleaseError(
            f"{path} is {_kind(entry)} in the repository, not a file", hint="release to another path"
        )
    return entry.mode if entry else FILE_MODES[0]


def _kind(entry: Entry) -> str:
    if entry.mode == "120000":
        return "a symbolic link"
    return {"tree": "a folder", "commit": "a submodule"}.get(entry.kind, "a file")


def build_tree(
    repo: Repository, base: str | None, path: str, mode: str, content: str, *, with_diff: bool
) -> tuple[str, str, str]:
    """Return the ids of the new blob and tree, and the diff from the base's tree."""
    _lay_out_attributes(repo, base, path)
    blob = repo.text("hash-object", "-w", "--stdin", "--path", path, stdin=_encoded(content))
    repo.run("read-tree", *([base] if base else ["--empty"]))
    before = repo.text("write-tree") if with_diff else ""
    repo.run("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")
    tree = repo.text("write-tree")
    return blob, tree, _diff(repo, before, tree) if with_diff else ""


def _encoded(content: str) -> bytes:
    try:
        return content.encode("utf-8")
    except UnicodeEncodeError:
        raise ReleaseError(
            "The prompt holds characters that no file can hold", hint="remove its broken characters"
        ) from None


def _lay_out_attributes(repo: Repository, commit: str | None, path: str) -> None:
    """Put the base's .gitattributes where git looks for them, so that it stores the file by the base's rules."""
    for folder in PurePosixPath(path).parents:
        name = str(folder / ".gitattributes")
        entry = repo.entry(commit, name)
        if entry and entry.mode in FILE_MODES:
            file = repo.work / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(repo.run("cat-file", "blob", entry.oid))


def _diff(repo: Repository, before: str, after: str) -> str:
    options = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--text")
    prefixes = ("--src-prefix=a/", "--dst-prefix=b/")
    diff = repo.text("diff-tree", "-r", "-p", *options, *prefixes, before, after, "--")
    cut = len(diff) - MAX_DIFF
    return diff if cut <= 0 else f"{diff[:MAX_DIFF]}\n[{cut} more characters are not shown]"
