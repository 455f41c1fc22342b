"""A run whose process is killed again and again loses no answer and buys none twice."""

from __future__ import annotations

import os
import random
import signal
import time

from support.openai_server import OpenAIServer
from support.real_data import write_prompt, write_suite

from workbench.workspace import Workspace

CELLS = 2000
KILLS = 10
CONCURRENCY = 8


def test_a_run_killed_at_ten_random_moments_ends_complete_and_asks_no_stored_cell_again(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("WORKBENCH_LLM_ROUTE", "litellm")  # the slower way, with more that can be lost on it
    random.seed(20261121)
    write_prompt(tmp_path, "echo", "Say {{word}}")
    cases = [{"id": f"c{n}", "vars": {"word": f"word-{n}"}, "expected": f"word-{n}"} for n in range(CELLS)]
    with OpenAIServer(delay_s=0.06, answer=lambda body: body["messages"][-1]["content"][4:]) as server:
        suite = {
            "prompts": ["echo"],
            "models": [{"id": "openai/test-model", "api_base": server.base_url}],
            "scorers": ["exact"],
            "concurrency": CONCURRENCY,
        }
        write_suite(tmp_path, "kill", suite, cases)
        workspace = Workspace.open(tmp_path)
        run = workspace.runs.start("kill", use_cache=False)
        stored: dict[str, int] = {}  # case → how often it had been asked when its answer was found stored
        for threshold in sorted(random.sample(range(30, CELLS - 100), KILLS)):
            _kill_at(workspace, run.id, threshold)
            for cell in workspace.store.results.answered(run.id):
                stored.setdefault(cell.case_id, _asked(server, cell.case_id))
            workspace.runs.resume(run.id)
        ended = workspace.runs.follow(run.id)

        assert (ended.status, ended.done, ended.errors) == ("complete", CELLS, 0)
        assert {case: _asked(server, case) for case in stored} == stored, "a stored cell was asked again"
        again = server.received - CELLS
        assert again <= KILLS * CONCURRENCY, "more was asked again than was in flight at the kills"
        page = workspace.runs.report(run.id)
        assert [(row["n"], row["mean"]) for row in page["results"]] == [(CELLS, 1.0)]
        workspace.close()


def _asked(server: OpenAIServer, case_id: str) -> int:
    return server.asked_by_text[f"Say word-{case_id[1:]}"]


def _kill_at(workspace: Workspace, run_id: str, threshold: int) -> None:
    """SIGKILL the run's process once so many cells are done."""
    deadline = time.monotonic() + 240
    while (record := workspace.store.runs.progress(run_id)).done < threshold or record.worker is None:
        assert time.monotonic() < deadline, record
        time.sleep(0.005)
    os.kill(int(record.worker.split(":")[1]), signal.SIGKILL)
