"""Take the pictures of the documentation anew: ``.venv/bin/python scripts/screenshots.py``.

They show the sample workspace in a real browser: nothing in them is made up or touched up.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "tests"))

from browser_path import browser_path  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from support.browser import FLAGS, copy_samples, picture, start_app, visit  # noqa: E402

from workbench.workspace import Workspace  # noqa: E402

IMAGES = REPO / "docs" / "images"
SIZE = {"width": 1280, "height": 1010}
MAX_BYTES = 300_000


def main() -> None:
    """Run the sample suite, open the comparison and take its picture."""
    with tempfile.TemporaryDirectory() as folder:
        root = copy_samples(Path(folder))
        ws = Workspace.open(root)
        run = ws.runs.follow(ws.runs.start("support-triage").id)
        ws.close()
        server = start_app(root, log=root / "server.log")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
                page = browser.new_page(viewport=SIZE, color_scheme="light", locale="en-GB")
                # Twice, because the first visit draws before the browser has everything.
                for _ in range(2):
                    visit(page, server.link("compare", run=run.id))
                taken = picture(page, IMAGES / "compare.png")
                browser.close()
        finally:
            server.stop()
    size = taken.stat().st_size
    print(f"{taken.relative_to(REPO)}: {size / 1000:.0f} kB")
    if size > MAX_BYTES:
        sys.exit(f"It is larger than {MAX_BYTES / 1000:.0f} kB: make the window smaller.")


if __name__ == "__main__":
    main()
