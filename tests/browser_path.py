"""Where the browser tests find Chromium: prints the path, or nothing."""

import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def browser_path() -> str | None:
    """Return the system's Chromium, else the one that Playwright has brought, else None."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    if MACOS.exists():
        return str(MACOS)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        bundled = playwright.chromium.executable_path
    return bundled if Path(bundled).exists() else None


if __name__ == "__main__":
    print(browser_path() or "")
