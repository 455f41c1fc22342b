"""A key is in the environment, in a provider's errors and headers, and in a suite: it must stay out of everything."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from support.openai_server import OpenAIServer, Reply
from support.small_workspace import write_prompt

from workbench import Workspace
from workbench.__main__ import main

KEY = "team-key-0a1b2c3d4e5f6071"  # of no known shape: it can only be recognised by its variable
SHAPED = "sk-proj-feedfacefeedface0123"
BOTH = (KEY, SHAPED)
FILES = ("markdown", "html", "junit", "csv", "parquet", "json")

SUITE = """\
cases:
{cases}
prompts: [ask]
models:
  - id: openai/tiny
    api_base: {address}
    api_key_env: TEAM_KEY
    params: {{{params}}}
scorers: [exact]
concurrency: 2
"""


def suite(root: Path, name: str, address: str, params: str = "max_tokens: 8", cases: int = 4) -> None:
    folder = root / "evals" / name
    folder.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(f"  - {{id: c{n}, vars: {{question: 'Q{n}?'}}, expected: 'yes'}}" for n in range(cases))
    (folder / "suite.yaml").write_text(
        SUITE.format(cases=rows, address=address, params=params), encoding="utf-8"
    )


def leaky(body: dict) -> Reply:
    """Answer well, or quote the key in the error's body and in the headers, as careless providers do."""
    said = str(body["messages"][-1]["content"])
    headers = {"X-Echo": f"Bearer {KEY}", "X-Request-Url": f"https://u:{KEY}@host/?key={SHAPED}"}
    if said.startswith(("Q1", "Q2")):
        status = 401 if said.startswith("Q1") else 400
        message = f"Incorrect key {KEY} or {SHAPED}: see https://u:{SHAPED}@host/?api_key={KEY}"
        error = {"message": message, "type": "x", "code": KEY, "param": f"Authorization: Bearer {KEY}"}
        return Reply(status=status, error=error, headers=headers)
    return Reply(text="yes", headers=headers, delay_s=3.0 if said.startswith("Q9") else 0.0)


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    """Call a command as a person with these keys would; return all that it printed."""
    monkeypatch.setenv("TEAM_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", SHAPED)
    monkeypatch.setenv("WORKBENCH_DEBUG", "1")

    def called(*arguments: str) -> str:
        capfd.readouterr()
        main([*arguments, "--workspace", str(tmp_path)])
        printed = capfd.readouterr()
        return printed.out + printed.err

    return called


def every_text(root: Path) -> dict[str, str]:
    """Return each table of the database and each file under the workspace as text."""
    found = {}
    with sqlite3.connect(root / ".workbench" / "workbench.db") as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for name in names:
            found[f"table {name}"] = repr(connection.execute(f'select * from "{name}"').fetchall())
    connection.close()
    for path in root.rglob("*"):
        if path.is_file():
            found[str(path.relative_to(root))] = path.read_bytes().decode(errors="replace")
    return found


def where_it_leaks(texts: dict[str, str]) -> list[str]:
    return [place for place, text in texts.items() if any(key in text for key in BOTH)]


def test_a_key_is_in_no_table_file_log_export_or_crash_report_after_the_whole_loop(tmp_path, command):
    write_prompt(tmp_path, "ask")
    said: dict[str, str] = {}
    with OpenAIServer(leaky) as server:
        suite(tmp_path, "leaks", server.base_url)
        said["run"] = command("run", "leaks")
        sent = {call.headers["Authorization"] for call in server.calls}
        assert sent == {f"Bearer {KEY}"}, "the key must be in use, or this shows nothing"
        ws = Workspace.open(tmp_path)
        [record] = ws.runs.list()
        assert (record.done, record.errors) == (4, 2)
        targets = [f"{name}={tmp_path / f'export.{name}'}" for name in FILES]
        options = [option for target in [*targets, "github"] for option in ("--format", target)]
        said["exports"] = command("report", record.id, *options)
        said["shown"] = command("show", record.id) + command("show", record.id, "--json", "-")
        said["resumed"] = command("resume", record.id)
        said["models"] = command("models")
        suite(tmp_path, "crash", server.base_url, cases=12)
        crashed = ws.runs.start("crash")
        kill_while_it_waits(ws, crashed.id)
        said["crash"] = command("show", crashed.id) + command("runs")
        assert ws.runs.get(crashed.id).status == "failed"
        ws.close()
    exports = [path.name for path in tmp_path.glob("export.*") if path.stat().st_size]
    assert len(exports) == len(FILES), (exports, said)
    assert "[hidden]" in "".join(said.values()), "the errors must have been shown"
    assert where_it_leaks(said) == [] and where_it_leaks(every_text(tmp_path)) == []


def kill_while_it_waits(ws: Workspace, run_id: str) -> None:
    """Kill the run's process while an answer is under way, and let the workspace notice."""
    deadline = time.monotonic() + 60
    while (record := ws.runs.get(run_id)).worker is None or record.done < 4:
        assert time.monotonic() < deadline, record
        time.sleep(0.05)
    os.kill(int(record.worker.split(":")[1]), signal.SIGKILL)
    while ws.runs.progress(run_id).active:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(
    "params",
    [
        f"api_key: {KEY}",
        f"extra_headers: {{Authorization: {KEY}}}",
        f"extra: {{api_key: {KEY}}}",
        f"user: {SHAPED}",
    ],
)
def test_a_key_that_stands_in_a_suite_is_refused_unsent_and_not_repeated(tmp_path, command, params):
    write_prompt(tmp_path, "ask")
    with OpenAIServer(leaky) as server:
        suite(tmp_path, "inline", server.base_url, params=params)
        said = command("run", "inline")
        assert server.received == 0
    kept = every_text(tmp_path)
    del kept["evals/inline/suite.yaml"]  # the person's own file, which says it
    assert where_it_leaks({"said": said}) == [] and where_it_leaks(kept) == [], said
