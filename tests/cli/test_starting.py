"""Beginning: a workspace, a look at what is there, the app, and the help."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from workbench.__main__ import COMMANDS, main

HEAVY = {
    "litellm",
    "streamlit",
    "pandas",
    "evaluate",
    "sqlalchemy",
    "rich",
    "typer",
    "numpy",
    "scipy",
    "pydantic",
}


def test_a_new_workspace_holds_the_samples_with_their_history(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = call("init", "demo", "--json", "-")
    assert made.code == 0
    assert made.data.keys() == {"workspace", "prompts", "suites", "files"}
    assert len(made.data["prompts"]) >= 3
    assert "cd demo" in made.err
    monkeypatch.chdir(tmp_path / "demo")
    rows = call("prompts", "list", "--json", "-").data
    assert all(row["versions"] > 1 for row in rows)
    assert call("prompts", "lint").code == 0


def test_the_first_run_of_the_samples_says_that_the_model_is_a_stand_in(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("init")
    ran = call("run", "support-triage", "--gate")
    assert ran.code in (0, 1, 3)
    assert "a rule-based stand-in, not a language model" in ran.out
    assert "Gate " in ran.out


def test_init_overwrites_nothing(call, here):
    before = (here / "prompts" / "weak.prompt.yml").read_bytes()
    refused = call("init")
    assert refused.code == 2 and "nothing is overwritten" in refused.err
    assert (here / "prompts" / "weak.prompt.yml").read_bytes() == before
    assert call("init", "--empty").code == 0
    assert sorted(p.name for p in (here / "prompts").glob("*.yml")) == [
        "strong.prompt.yml",
        "weak.prompt.yml",
    ]
    assert call("init", here / "evals" / "passes" / "suite.yaml").code == 2


def test_init_in_a_place_that_cannot_be_written_is_one_sentence(call, tmp_path):
    (tmp_path / "file").write_text("")
    refused = call("init", tmp_path / "file" / "demo")
    assert refused.code == 2 and "cannot be made here" in refused.err


def test_doctor_checks_all_that_is_needed(call, here):
    checked = call("doctor", "--json", "-")
    assert checked.code == 0, checked.err
    assert checked.data["ok"] is True
    assert all(check.keys() == {"name", "status", "message"} for check in checked.data["checks"])
    names = [check["name"] for check in checked.data["checks"]]
    assert names == ["Python", "Packages", "git", "Models", "Workspace", "Database", "Prompts", "Suites"]


def test_doctor_names_what_is_broken_and_what_only_releases_need(call, here, monkeypatch):
    (here / "evals" / "close" / "suite.yaml").write_text("prompts: [weak\n")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("workbench.cli.doctor.PACKAGES", {"no_such_package": "no-such-package"})
    checked = call("doctor")
    lines = {line.split(": ")[0].split()[-1]: line for line in checked.out.splitlines() if ": " in line}
    assert checked.code == 2
    assert lines["Packages"].startswith("broken") and "no-such-package" in lines["Packages"]
    assert lines["Suites"].startswith("broken") and "suite.yaml, line" in lines["Suites"]
    assert lines["git"].startswith("note") and "workbench release" in lines["git"]
    assert checked.out.splitlines()[-1] == "To be mended: Packages, Suites."


def test_doctor_outside_a_workspace_is_no_failure(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("workbench.cli.doctor.PACKAGES", {"json": "json"})
    checked = call("doctor")
    assert checked.code == 0 and "`workbench init` makes it one" in checked.out


def test_models_tell_the_stand_in_and_which_variable_is_missing(call, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    rows = {row["id"]: row for row in call("models", "--json", "-").data}
    assert all(row.keys() >= {"id", "provider", "usable", "reason", "local", "note"} for row in rows.values())
    assert rows["offline/rules"]["note"] == "a rule-based stand-in, not a language model"
    assert rows["openai/…"]["usable"] is False and "OPENAI_API_KEY" in rows["openai/…"]["reason"]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-secret-secret")
    listed = call("models", "openai", "--json", "-")
    assert listed.data[0]["usable"] is True
    assert "sk-secret" not in listed.out


@pytest.mark.parametrize("address", ["", "not an address", "127.0.0.1:1"])
def test_looking_for_servers_that_are_not_there_is_no_failure(call, monkeypatch, address):
    monkeypatch.setenv("OLLAMA_HOST", address)
    checked = call("models", "--check", "--json", "-")
    assert checked.code == 0
    assert "offline/rules" in [row["id"] for row in checked.data]


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from workbench.__main__ import main; main(['--help']); "
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(call, name):
    helped = call(name, "--help")
    assert helped.code == 0
    assert f"workbench {name}" in helped.out


def test_the_installed_command_speaks_any_terminals_encoding(tmp_path):
    command = [sys.executable, "-m", "workbench", "models"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=env, check=False)
    assert done.returncode == 0 and b"offline/rules" in done.stdout
    assert b"Traceback" not in done.stderr


def test_a_reader_that_has_had_enough_ends_the_command_quietly(tmp_path):
    command = f"'{sys.executable}' -m workbench models --json - | head -c 5"
    done = subprocess.run(["sh", "-c", command], capture_output=True, cwd=tmp_path, check=False)
    assert done.stderr == b""


def test_the_app_starts_from_any_folder_and_says_where(here, tmp_path):
    place = tmp_path / "app.json"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "workbench",
            "app",
            "--port",
            "0",
            "--json",
            str(place),
            "--workspace",
            str(here),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    try:
        deadline = time.monotonic() + 90
        while not place.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        told = json.loads(place.read_text())
        assert told["workspace"] == str(here)
        with urlopen(f"{told['url']}/_stcore/health", timeout=10) as answer:
            assert answer.read() == b"ok"
        # Only this machine: another of its addresses is not listened at.
        listening = Path("/proc/net/tcp")
        if listening.exists():
            wildcard = f"00000000:{told['port']:04X}"
            assert wildcard not in listening.read_text()
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert f"Workbench shows {here} at http://localhost:{told['port']}" in out
    assert "Traceback" not in err
    assert process.returncode in (0, 130)


def test_a_port_that_is_taken_is_told_or_passed_over(call, here, monkeypatch):
    from workbench.cli import app

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = call("app", "--host", "127.0.0.1", "--port", str(port))
        assert refused.code == 2 and f"Port {port} is taken" in refused.err
        monkeypatch.setattr(app, "DEFAULT_PORT", port)
        monkeypatch.setattr(app, "_when_healthy", lambda url, then: None)
        served = []
        monkeypatch.setattr(app, "_serve", lambda script, options: served.append(options) or 0)
        passed = call("app", "--host", "127.0.0.1")
        assert passed.code == 0 and f"Port {port} is taken, so this is port" in passed.err
        assert served[0]["server.port"] > port
    elsewhere = call("app", "--host", "no such host")
    assert elsewhere.code == 2 and "is no address of this machine" in elsewhere.err


def test_the_app_says_what_is_wrong_with_a_workspace_before_it_starts(call, tmp_path):
    refused = call("app", "--workspace", tmp_path / "gone")
    assert refused.code == 2 and "There is no such folder" in refused.err


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("workbench ")
