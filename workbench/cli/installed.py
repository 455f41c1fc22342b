"""Where this installation keeps the browser app's launcher with its theme.

A checkout has it at its top; a wheel carries a copy inside the package.
"""

from __future__ import annotations

from pathlib import Path

from workbench.errors import NotFound
from workbench.workspace.samples import checkout, package


def launcher() -> Path:
    """Return the app's launcher; Streamlit reads the theme from ``.streamlit/config.toml`` beside it.

    Raises:
        NotFound: This installation has none.
    """
    for folder in (package() / "launcher", checkout()):
        if folder is not None and (folder / "app.py").is_file():
            return folder / "app.py"
    raise NotFound("This installation has no browser app", hint="install Workbench again")
