"""Two tabs of one app and a command line at work on one workspace at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from support.real_data import write_prompt, write_suite

from workbench.errors import ConflictError
from workbench.prompts.content import PromptMessage
from workbench.workspace import Workspace

CASES = 150
SAVES = 12


def test_two_tabs_and_a_command_line_lose_nothing_and_lock_nothing(tmp_path):
    write_prompt(tmp_path, "shared", "Repeat only this word: {{word}}")
    write_prompt(tmp_path, "asked", "Repeat only this word: {{word}}")
    cases = [{"id": f"c{n}", "vars": {"word": f"w{n}"}, "expected": f"w{n}"} for n in range(CASES)]
    suite = {"prompts": ["asked"], "models": ["offline/rules"], "scorers": ["icontains"]}
    write_suite(tmp_path, "s", suite, cases)
    app = Workspace.open(tmp_path)
    app.prompts.sync()

    command = [sys.executable, "-m", "workbench", "run", "s", "--no-cache", "--json", "-"]
    lines = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    started = app.runs.start("s", use_cache=False)
    with ThreadPoolExecutor(2) as tabs:
        saved = list(tabs.map(lambda tab: _work_in_a_tab(app, tab), ("left", "right")))
    assert app.runs.follow(started.id).status == "complete"
    reports = [json.loads(_output(line)) for line in lines]

    for report in (*reports, app.runs.report(started.id)):
        assert report["status"] == "complete"
        assert report["cells"] == {"planned": CASES, "done": CASES, "errors": 0, "cached": 0}
        assert [row["n"] for row in report["results"]] == [CASES]
    versions = app.prompts.versions("shared")
    assert {v.prompt.messages[0].content for v in versions} >= set(saved[0]) | set(saved[1])
    assert [v.number for v in versions] == list(range(1 + 2 * SAVES, 0, -1))
    assert [app.store.drafts.get(tab).content for tab in ("left", "right")] == [{"n": SAVES - 1}] * 2
    assert not app.prompts.problems
    app.close()


def _work_in_a_tab(app: Workspace, tab: str) -> list[str]:
    """Type drafts, save versions of the prompt that the other tab saves too, and look at the runs."""
    texts, revision = [], 0
    for number in range(SAVES):
        revision = app.store.drafts.put(tab, {"n": number}, base=1, revision=revision)
        text = f"{tab} {number}: {{{{word}}}}"
        while True:
            newest = app.prompts.newest("shared")
            content = replace(newest.prompt, messages=(PromptMessage("user", text),))
            try:
                app.prompts.save(content, parent=newest.number, author=tab)
                break
            except ConflictError:
                continue
        texts.append(text)
        for record in app.runs.list():
            app.store.results.page(record.id, None)
    return texts


def _output(line: subprocess.Popen[bytes]) -> bytes:
    output, errors = line.communicate(timeout=120)
    assert line.returncode == 0, errors.decode()
    return output
