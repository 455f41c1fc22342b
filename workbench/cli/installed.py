"""Where this installation keeps what is no code: the samples, and the browser app's launcher with its theme.

A checkout has them at its top; a wheel carries copies inside the package.
"""

from __future__ import annotations

from pathlib import Path

from workbench.errors import NotFound

PARTS = ("prompts", "evals")


def package() -> Path:
    """Return the folder of the package."""
    return Path(__file__).resolve().parents[1]


def checkout() -> Path | None:
    """Return the top of the checkout that this code runs from, or None for an installed wheel."""
    top = package().parent
    # Beside an installed package stand strangers, which may well be called prompts or app.py.
    return top if (top / "pyproject.toml").is_file() and (top / "app.py").is_file() else None


def samples() -> Path:
    """Return the folder with the sample ``prompts/`` and ``evals/``.

    Raises:
        NotFound: This installation has none.
    """
    for folder in (package() / "samples", checkout()):
        if folder is not None and all((folder / part).is_dir() for part in PARTS):
            return folder
    raise NotFound("This installation has no samples", hint="use --empty, or install Workbench again")


def launcher() -> Path:
    """Return the app's launcher; Streamlit reads the theme from ``.streamlit/config.toml`` beside it.

    Raises:
        NotFound: This installation has none.
    """
    for folder in (package() / "launcher", checkout()):
        if folder is not None and (folder / "app.py").is_file():
            return folder / "app.py"
    raise NotFound("This installation has no browser app", hint="install Workbench again")
