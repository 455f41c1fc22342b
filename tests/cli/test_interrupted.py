"""Ctrl-C in a followed run, and going on afterwards, against a server that counts what it is asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from support.openai_server import OpenAIServer, unauthorised
from support.real_data import write_prompt, write_suite

CELLS = 60


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(answer=lambda body: body["messages"][-1]["content"][4:]) as running:
        yield running


@pytest.fixture
def asked(tmp_path, monkeypatch, server):
    """A workspace whose suite asks the server for 60 cells, two at a time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOME_KEY", "key")
    write_prompt(tmp_path, "echo", "Say {{word}}")
    cases = [{"id": f"c{n}", "vars": {"word": f"w{n}"}, "expected": f"w{n}"} for n in range(CELLS)]
    model = {"id": "openai/test-model", "api_base": server.base_url, "api_key_env": "SOME_KEY"}
    write_suite(
        tmp_path,
        "echo",
        {"prompts": ["echo"], "models": [model], "scorers": ["exact"], "concurrency": 2},
        cases,
    )
    return tmp_path


def _wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a CI system's end"])
def test_an_interrupted_run_keeps_its_answers_and_says_how_to_go_on(call, asked, server, number):
    server.delay_s = 0.2
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "run", "echo", "--json", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        # As in a terminal, where the run's own process is not in the group that Ctrl-C reaches.
        start_new_session=True,
        # Whoever runs the tests in the background has Ctrl-C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    _wait_for(lambda: server.answered_whole >= 4, "the server was not asked")
    os.killpg(process.pid, number)
    _out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in err
    run = call("runs", "--json", "-").data[0]
    assert f"workbench resume {run['run']}" in err
    assert run["status"] == "cancelled"
    assert 4 <= run["cells"]["done"] < CELLS
    before = server.received

    server.delay_s = 0
    resumed = call("resume", run["run"], "--json", "-")
    assert resumed.code == 0
    assert resumed.data["cells"] == {"planned": CELLS, "done": CELLS, "errors": 0, "cached": 0}
    assert server.received - before == CELLS - run["cells"]["done"], (
        "an answer that was there was asked for again"
    )


def test_resuming_asks_again_for_what_failed_and_for_nothing_else(call, asked, server):
    server.script(*[unauthorised()] * 3)
    run = call("run", "echo", "--json", "-")
    assert (run.code, run.data["cells"]["errors"]) == (3, 3)
    assert f"workbench resume {run.data['run']}` asks again for what failed" in run.err
    assert {cell["error"] for cell in run.data["error_cells"]} == {"auth"}
    before = server.received

    resumed = call("resume", run.data["run"], "--json", "-")
    assert (resumed.code, resumed.data["cells"]["errors"]) == (0, 0)
    assert server.received - before == 3


def test_what_was_answered_before_is_taken_from_the_cache_unless_told_not_to(call, asked, server):
    call("run", "echo")
    again = call("run", "echo", "--json", "-")
    assert (again.data["cells"]["cached"], server.received) == (CELLS, CELLS)
    call("run", "echo", "--no-cache")
    assert server.received == 2 * CELLS


def test_control_characters_of_a_model_never_reach_the_terminal(call, asked, server):
    server.script(unauthorised("\x1b]0;owned\x07\x1b[31mkey"))
    run = call("run", "echo")
    assert "\x1b" not in run.out + run.err and "\x07" not in run.out + run.err
