"""The sample prompts and suites, for a workspace that has none."""

from __future__ import annotations

from pathlib import Path

from workbench.errors import BadInput, NotFound

PARTS = ("prompts", "evals")
_KINDS = {".yml", ".yaml", ".jsonl", ".json", ".csv"}


def package() -> Path:
    """Return the folder of the package."""
    return Path(__file__).resolve().parents[1]


def checkout() -> Path | None:
    """Return the top of the checkout that this code runs from, or None for an installed wheel."""
    top = package().parent
    # Beside an installed package stand strangers, which may well be called prompts or app.py.
    return top if (top / "pyproject.toml").is_file() and (top / "app.py").is_file() else None


def sample_folder() -> Path:
    """Return the folder with the sample ``prompts/`` and ``evals/``: inside a wheel, or a checkout's top.

    Raises:
        NotFound: This installation has none.
    """
    for folder in (package() / "samples", checkout()):
        if folder is not None and all((folder / part).is_dir() for part in PARTS):
            return folder
    raise NotFound("This installation has no samples", hint="install Workbench again")


def add_samples(root: Path) -> int:
    """Copy the samples into a workspace, over nothing that is there; return how many files were written.

    Raises:
        NotFound: This installation has none.
        BadInput: The folder cannot be written.
    """
    source = sample_folder()
    # All are read first, so that an installation that cannot be read leaves no half of them behind.
    files = {
        root / file.relative_to(source): file.read_bytes()
        for part in PARTS
        for file in sorted((source / part).rglob("*"))
        if file.is_file() and file.suffix in _KINDS and not file.name.startswith(".")
    }
    missing = {place: content for place, content in files.items() if not place.exists()}
    try:
        for place, content in missing.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    except OSError as problem:
        raise BadInput(
            f"The samples cannot be written ({problem.strerror or type(problem).__name__})",
            file=problem.filename or root,
            hint="choose a folder that can be written",
        ) from None
    return len(missing)
