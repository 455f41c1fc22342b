"""The whole walk that a newcomer makes: edit a prompt, save it, run it, read the verdict, ship it. Checked with git."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.browser import AppServer, fill, press, visit, wait_idle, widget

from workbench.prompts.prompt_file import load_prompt
from workbench.workspace import Workspace

PROMPT = "support-triage"
#: How the labels are described in the words that customers use.
IN_CUSTOMERS_WORDS = {
    "billing": "charged twice, refund of a charge, invoice, VAT, receipt, price, discount code, gift card, pay, "
    "card declined, fee, bank; Rechnung, Betrag; cobrado",
    "delivery": "where is my parcel, package or order, tracking, driver, neighbour, never came, late, truck, "
    "street or address to change; Paket; dónde, pedido",
    "returns": "sending something back, return, retourner, too small or too big, another size, wrong or defective "
    "items, broke, hole, warranty, jacket, boots, gloves",
    "account": "sign in, log in, locked out, password, Passwort, Kundenkonto, profile, phone number, newsletter, "
    "unsubscribe, closing, erase or merging accounts",
    "technical": "the app or the website does not work: error, crash, stack trace, filter, page blank, blanche, "
    "video, basket, panier, update",
}


def git(repo: Path, *arguments: str, stdin: str | None = None) -> str:
    """Run git and return what it prints."""
    done = subprocess.run(
        ["git", "-C", str(repo), *arguments], input=stdin, capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip("\n")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The team's repository: one commit, one change that is not committed and one file that git does not know."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    repo = tmp_path / "service"
    (repo / "src").mkdir(parents=True)
    git(repo, "init", "-q", "-b", "main")
    git(repo, "config", "user.name", "Ada Test")
    git(repo, "config", "user.email", "ada@example.com")
    (repo / "src" / "main.py").write_text("print('hello')\n")
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "Begin")
    (repo / "src" / "main.py").write_text("print('being changed')\n")
    (repo / "notes.txt").write_text("mine\n")
    return repo


def improved(text: str) -> str:
    """Describe each label in the customers' words."""
    for label, words in IN_CUSTOMERS_WORDS.items():
        text, found = re.subn(rf"^- {label}:.*$", f"- {label}: {words}", text, flags=re.M)
        assert found == 1, label
    return text


def everything_below(folder: Path) -> dict[str, bytes]:
    """Return the files of a working tree and its index."""
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
    return {**files, "the index": (folder / ".git" / "index").read_bytes()}


def test_a_better_prompt_is_in_the_repository_five_minutes_later(
    fresh_app: AppServer, page: Page, service: Path
) -> None:
    app = fresh_app
    before = everything_below(service)
    file = app.root / "prompts" / f"{PROMPT}.prompt.yml"
    old = load_prompt(file)

    # Open a sample prompt, change it and save it as a version.
    visit(page, app.url)
    page.get_by_role("link", name=PROMPT, exact=True).click()
    wait_idle(page)
    assert page.url.endswith(f"/prompts?prompt={PROMPT}"), "the link can be shared"
    editor = widget(page, "prompt_message_0").locator("textarea")
    expect(editor).to_have_value(old.messages[0].content)
    editor.fill(improved(old.messages[0].content))
    page.get_by_placeholder("What changed, and why").fill("Describe the labels in the customers' words")
    press(page, "prompt_save")
    expect(page.get_by_text(re.compile(r"Version 5 by Ada Test"))).to_be_visible()
    saved = load_prompt(file)
    assert saved.messages[0].content == improved(old.messages[0].content)

    # Run it against the version before, on its suite.
    page.get_by_role("link", name="Run 5 against 4 on a suite").click()
    wait_idle(page)
    choose(page, "run_suite", PROMPT)
    usual = page.get_by_role("button", name="Newest against the one before")
    expect(usual).to_be_visible()
    if usual.is_enabled():  # it is not where the form has chosen these two by itself
        usual.click()
        wait_idle(page)
    expect(page.get_by_text("60 cases × 2 versions × 1 model × 1 repeat")).to_be_visible()
    press(page, "run_start")
    expect(widget(page, "run_compare")).to_be_visible(timeout=60_000)

    # Read the verdict.
    press(page, "run_compare")
    verdict = page.get_by_role("heading", level=1)
    expect(verdict).to_contain_text(f"{PROMPT}@5 is better than {PROMPT}@4")
    expect(page.get_by_text(re.compile(r"accuracy \+\d+\.\d points.*60 cases.*p = 0\.0"))).to_be_visible()
    worse = widget(page, "compare_list").get_by_text("1 → 0")
    expect(worse.first).to_be_visible()
    worse.last.click()
    wait_idle(page)
    expect(page.get_by_role("group", name=re.compile("^Case "))).to_contain_text("worse")

    # Ship it, the diff first.
    press(page, "compare_release")
    fill(page, "release_repo", str(service))
    expect(page.get_by_text(f"Diff of prompts/{PROMPT}.prompt.yml")).to_be_visible()
    assert git(service, "branch", "--list", "--format=%(refname:short)") == "main", "looking changes nothing"
    press(page, "release_make")
    branch = f"prompts/{PROMPT}/v5-{saved.sha256[:8]}"
    expect(page.get_by_text(re.compile(rf"Branch {branch} already holds this version"))).to_be_visible()

    check_commit(service, branch, app, saved.sha256)
    assert everything_below(service) == before, "the working tree and the index are as they were"
    assert git(service, "branch", "--show-current") == "main"


def choose(page: Page, key: str, option: str) -> None:
    """Choose an option of a select box."""
    box = widget(page, key).locator("input").first
    box.click()
    page.get_by_role("option", name=option, exact=True).click()
    wait_idle(page)


def check_commit(repo: Path, branch: str, app: AppServer, sha256: str) -> None:
    """Hold what git says of the branch against what the workspace knows."""
    assert git(repo, "rev-list", "--count", f"main..{branch}") == "1"
    path = f"prompts/{PROMPT}.prompt.yml"
    assert git(repo, "diff", "--name-status", "main", branch) == f"A\t{path}"
    assert git(repo, "show", f"{branch}:{path}") + "\n" == (app.root / path).read_text(encoding="utf-8")
    assert git(repo, "log", "-1", "--format=%an <%ae>", branch) == "Ada Test <ada@example.com>"

    message = git(repo, "log", "-1", "--format=%B", branch)
    assert message.splitlines()[0].startswith(f"Release {PROMPT} v5: Describe the labels")
    trailers = dict(
        line.split(": ", 1) for line in git(repo, "interpret-trailers", "--parse", stdin=message).splitlines()
    )
    ws = Workspace.open(app.root)
    (run,) = ws.runs.list()
    suite = ws.runs.get(run.id).suite_sha256
    ws.close()
    result = trailers.pop("Eval-Result")
    assert result.startswith(f"{PROMPT}@5 is better than {PROMPT}@4 on accuracy")
    assert trailers == {
        "Prompt-Name": PROMPT,
        "Prompt-Version": "5",
        "Prompt-SHA256": sha256,
        "Eval-Suite": PROMPT,
        "Eval-Suite-SHA256": suite,
        "Eval-Models": "offline/rules",
        "Eval-Baseline": f"{PROMPT}@4",
        "Eval-Cost-USD": "0",
    }
    assert f"in run {run.id}" in message
