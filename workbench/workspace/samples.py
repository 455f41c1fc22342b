"""The sample prompts and suites, for a workspace that has none."""

from __future__ import annotations

from pathlib import Path

from workbench.errors import BadInput, NotFound

PARTS = ("prompts", "evals")
_KINDS = {".yml", ".yaml", ".jsonl", ".json", ".csv"}


def sample_folder() -> Path:
    """Return the folder with the sample ``prompts/`` and ``evals/``: inside a wheel, or a checkout's top.

    Raises:
        NotFound: This installation has none.
    """
    package = Path(__file__).resolve().parents[1]
    # Beside an installed package stand strangers, which may well be called prompts.
    checkout = package.parent if (package.parent / "pyproject.toml").is_file() else package / "samples"
    for folder in (package / "samples", checkout):
        if all((folder / part).is_dir() for part in PARTS):
            return folder
    raise NotFound("This installation has no samples", hint="install Workbench again")


def add_samples(root: Path) -> int:
    """Copy the samples into a workspace, over nothing that is there; return how many files were written.

    Raises:
        NotFound: This installation has none.
        BadInput: The folder cannot be written.
    """
    source = sample_folder()
    written = 0
    try:
        for part in PARTS:
            for file in sorted((source / part).rglob("*")):
                place = root / file.relative_to(source)
                if not file.is_file() or file.suffix not in _KINDS or place.exists():
                    continue
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.read_bytes())
                written += 1
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise BadInput(
            f"The samples cannot be written ({reason})", file=root, hint="make the folder writable"
        ) from None
    return written
