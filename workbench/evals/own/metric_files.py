"""The files of a metric of Hugging Face ``evaluate``: from a folder of the workspace, or from this machine's cache.

Nothing is fetched: a metric is code, and code is read by a person before it runs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from workbench.errors import SuiteError
from workbench.files import read_text

MAX_FILES, MAX_CHARACTERS = 20, 200_000
_HUB_NAME = re.compile(r"(?:[A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9][\w.-]{0,95}")


def files_in(path: Path) -> dict[str, str]:
    """Return the Python files of a metric's folder, or the one file that is named.

    Raises:
        SuiteError: There are none, or they are too large.
    """
    found = [path] if path.is_file() else sorted(path.glob("*.py")) if path.is_dir() else []
    main = f"{path.stem}.py" if path.is_file() else f"{path.name}.py"
    if not any(one.name == main for one in found):
        raise SuiteError(f"There is no metric in {path.name}: {main} is missing", file=path)
    if len(found) > MAX_FILES:
        raise SuiteError(f"The metric has over {MAX_FILES} files", file=path)
    texts = {
        one.name: read_text(one, what="metric", max_bytes=MAX_CHARACTERS, error=SuiteError) for one in found
    }
    if sum(map(len, texts.values())) > MAX_CHARACTERS:
        raise SuiteError(f"The metric has over {MAX_CHARACTERS:,} characters", file=path)
    return texts


def is_hub_name(text: str) -> bool:
    """Whether it can be the name of a metric on the hub."""
    return _HUB_NAME.fullmatch(text) is not None


def cached_files(name: str) -> dict[str, str] | None:
    """Return the files of a hub metric as they were loaded or downloaded last, None where they never were.

    Raises:
        SuiteError: They cannot be used.
    """
    owner, _, short = name.rpartition("/")
    places = [*_loaded(owner, short), *_downloaded(owner, short)]
    newest = max(places, key=lambda place: (place / f"{short}.py").stat().st_mtime, default=None)
    if newest is None:
        return None
    texts = {one.name: one for one in newest.glob("*.py") if one.name not in ("app.py", "__init__.py")}
    return {
        file: read_text(path, what="metric", max_bytes=MAX_CHARACTERS, error=SuiteError)
        for file, path in sorted(texts.items())[:MAX_FILES]
    }


def _loaded(owner: str, short: str) -> list[Path]:
    """Return where ``evaluate.load`` has put it."""
    home = Path(os.environ.get("HF_MODULES_CACHE") or _home() / "modules")
    folder = home / "evaluate_modules" / "metrics" / f"{owner or 'evaluate-metric'}--{short}"
    return [one for one in folder.glob("*") if (one / f"{short}.py").is_file()]


def _downloaded(owner: str, short: str) -> list[Path]:
    """Return where ``hf download`` has put it."""
    home = Path(os.environ.get("HF_HUB_CACHE") or _home() / "hub")
    folder = home / f"spaces--{owner or 'evaluate-metric'}--{short}" / "snapshots"
    return [one for one in folder.glob("*") if (one / f"{short}.py").is_file()]


def _home() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("HF_HOME") or cache / "huggingface").expanduser()
