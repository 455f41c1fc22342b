"""Answers that no database holds as they are: what was paid for is kept, and the run goes on."""

from __future__ import annotations

from support.openai_server import OpenAIServer, Reply
from support.real_data import write_prompt, write_suite

from workbench.jobs import process, worker
from workbench.workspace import Workspace

ODD = "half \ud800, whole \ud83d\ude00, nothing \x00"


def test_halves_of_characters_and_long_names_of_a_server_do_not_stop_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "launch", lambda root, state, run_id: worker.main([str(root), run_id]))
    with OpenAIServer(lambda body: ODD) as server:
        model = {"id": "openai/tiny", "api_base": server.base_url}
        write_prompt(tmp_path, "p", "about {{word}}")
        cases = [{"id": f"c{n}", "vars": {"word": f"w{n}"}, "expected": "x"} for n in range(3)]
        suite = {"prompts": ["p"], "models": [model], "scorers": ["exact", {"type": "json", "name": "form"}]}
        write_suite(tmp_path, "s", suite, cases)
        server.script(Reply(finish_reason="f" * 300))
        workspace = Workspace.open(tmp_path)
        run = workspace.runs.follow(workspace.runs.start("s").id)
        assert (run.status, run.done, run.errors, server.received) == ("complete", 3, 0, 3), run.message
        texts = {cell.completion.text for cell in workspace.store.results.page(run.id, None)[1]}
        assert texts == {"half \ufffd, whole \U0001f600, nothing \x00"}
        again = workspace.runs.follow(workspace.runs.start("s").id)
        assert (again.status, again.cached, server.received) == ("complete", 3, 3), "the cache has it, too"
        workspace.close()
