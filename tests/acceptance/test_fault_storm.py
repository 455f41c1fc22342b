"""A run against a server in trouble ends with an answer or an honest error in every cell, and wastes no call."""

from __future__ import annotations

import os
import threading
import time

from support.fault_storm import RATES, FaultStorm
from support.openai_server import OpenAIServer
from support.real_data import write_prompt, write_suite

from workbench.store import RunRecord
from workbench.workspace import Workspace

CASES = 1000
KINDS = {"rate_limit", "provider", "timeout", "connection"}


def test_every_cell_ends_in_an_answer_or_an_honest_error_and_no_call_is_wasted(tmp_path):
    write_prompt(tmp_path, "echo", "Say {{word}}")
    cases = [
        {"id": f"c{n}", "vars": {"word": f"word-{n}"}, "expected": f"word-{n} it is"} for n in range(CASES)
    ]
    storm = FaultStorm(lambda body: f"{body['messages'][-1]['content'][4:]} it is")
    with OpenAIServer(storm, keep_calls=False) as server:
        model = {"id": "openai/test-model", "api_base": server.base_url, "timeout_s": 3}
        suite = {
            "prompts": ["echo"],
            "models": [
                {**model, "label": "whole"},
                {**model, "label": "streamed", "params": {"stream": True}},
            ],
            "scorers": ["exact"],
            "concurrency": 50,
        }
        write_suite(tmp_path, "storm", suite, cases)
        workspace = Workspace.open(tmp_path)
        begun = time.monotonic()
        run = workspace.runs.start("storm", use_cache=False)
        memory = _memory(workspace, run.id)
        ended = workspace.runs.follow(run.id)
        took = time.monotonic() - begun

        cells = 2 * CASES
        _, found = workspace.store.results.page(run.id, None, limit=cells)
        workspace.close()
        shown = f"{took:.0f} s, {server.received} calls for at least {storm.least_calls()}: {dict(storm.dealt)}"
        print(shown, memory[::10])

        assert (ended.status, ended.done, len(found)) == ("complete", cells, cells), ended.message
        for record in found:
            answer = record.completion
            if answer.ok:
                assert answer.text == f"word-{record.cell.case_id[1:]} it is"
            else:
                assert answer.error in KINDS and answer.error_message.endswith("."), answer
        failed = sum(not record.completion.ok for record in found)
        assert failed == ended.errors <= 0.06 * cells, "four retries leave few cells without an answer"
        assert set(storm.dealt) == {"answered", *RATES}, shown

        assert server.asked_after_answered == 0, "a call was repeated after it was answered"
        assert server.answered_whole == cells - failed
        assert server.received <= 1.5 * storm.least_calls(), shown
        assert memory[-1][1] - _at_a_third(memory, cells) < 25, shown


def _memory(workspace: Workspace, run_id: str) -> list[tuple[int, float]]:
    """Note (cells done, megabytes of the run's process) twice a second until the run ends."""
    noted: list[tuple[int, float]] = []

    def watch() -> None:
        while (record := workspace.store.runs.progress(run_id)).status in ("queued", "running"):
            if record.worker is not None:
                noted.append((record.done, _megabytes(record)))
            time.sleep(0.5)

    threading.Thread(target=watch, daemon=True).start()
    return noted


def _megabytes(record: RunRecord) -> float:
    try:
        with open(f"/proc/{record.worker.split(':')[1]}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0


def _at_a_third(memory: list[tuple[int, float]], cells: int) -> float:
    """Return the megabytes when a third of the cells was done: all is loaded and in use by then."""
    return next(megabytes for done, megabytes in memory if done >= cells / 3)
