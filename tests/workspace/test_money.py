"""Money of runs, against a server on loopback with prices of the workspace's own: what is kept, told and held to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.openai_server import OpenAIServer
from support.small_workspace import write_prompt

from workbench import Workspace
from workbench.errors import BadInput
from workbench.workspace.run_facts import run_to_dict

# The server counts a token a word; 1 USD a token keeps the sums readable.
PRICES = 'date: "2026-11-01"\nsource: our contract\nmodels:\n  openai/tiny: {input: 100, output: 100}\n'


@pytest.fixture
def server():
    with OpenAIServer(answer=lambda body: "yes") as running:
        yield running


@pytest.fixture
def workspace(tmp_path, server):
    write_prompt(tmp_path, "ask")
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    write_money_suite(tmp_path, server, cases=20)
    opened = Workspace.open(tmp_path)
    yield opened
    opened.close()


def write_money_suite(root: Path, server: OpenAIServer, *, cases: int) -> None:
    folder = root / "evals" / "money"
    folder.mkdir(parents=True)
    rows = [{"id": f"c{n}", "vars": {"question": f"Is it {n}?"}, "expected": "yes"} for n in range(cases)]
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / "suite.yaml").write_text(
        f"""\
cases: cases.jsonl
prompts: [ask]
models:
  - id: openai/tiny
    api_base: {server.base_url}
    params: {{max_tokens: 8}}
scorers: [exact]
""",
        encoding="utf-8",
    )


def run(workspace: Workspace, **options):
    return workspace.runs.follow(workspace.runs.start("money", concurrency=4, **options).id)


def test_a_run_keeps_its_prices_and_where_they_are_from(workspace):
    record = run(workspace)
    assert (
        record.status == "complete"
        and record.cost_usd == pytest.approx(record.spent_usd)
        and record.spent_usd > 0
    )
    _, cells = workspace.store.results.page(record.id, None)
    for cell in cells:
        usage = cell.completion.usage
        assert cell.completion.cost_usd == pytest.approx((usage.total_input + usage.output) * 100e-6)
    prices = run_to_dict(workspace.runs.get(record.id))["prices"]
    assert prices["source"] == "litellm" and prices["version"] and prices["date"]
    assert prices["own"]["source"] == "our contract" and prices["own"]["date"] == "2026-11-01"
    assert prices["own"]["models"] == ["openai/tiny"]


def test_a_broken_file_of_prices_stops_a_run_before_it_starts(workspace, server):
    (workspace.root / "prices.yaml").write_text("models: {openai/tiny: {input: 1}}", encoding="utf-8")
    with pytest.raises(BadInput, match="output"):
        workspace.runs.start("money")
    assert server.received == 0 and not workspace.runs.list()


def test_an_estimate_holds_what_the_run_then_costs_and_narrows_with_its_history(workspace, server):
    def plan(repeats: int):
        return workspace.runs.plan(workspace.suites.load("money"), repeats=repeats)

    first = workspace.runs.estimate(plan(1))
    assert server.received == 0 and (first.cells, first.asked, first.cached, first.unknown) == (20, 20, 0, 0)
    spent = run(workspace).spent_usd
    assert 0 < spent <= first.high and "at most 8 tokens" in " ".join(first.why)
    again = workspace.runs.estimate(plan(3))
    assert (again.cells, again.asked, again.cached) == (60, 40, 20)
    assert "20 earlier answers" in " ".join(again.why) and again.high - again.low < 2 * (
        first.high - first.low
    )
    assert again.output_tokens == (40, 40, 40) and "40 out" in again.tokens_sentence
    assert first.input_tokens[0] < first.input_tokens[1] < first.input_tokens[2]
    assert workspace.runs.estimate(plan(1)).sentence == "$0"
    assert workspace.runs.estimate(plan(1), use_cache=False).asked == 20


def test_an_estimate_without_a_price_is_unknown_and_not_nothing(workspace):
    (workspace.root / "prices.yaml").unlink()
    found = workspace.runs.estimate(workspace.runs.plan(workspace.suites.load("money")))
    assert (found.low, found.expected, found.high, found.unknown) == (None, None, None, 20)
    assert found.input_tokens[1] > 0 and found.output_tokens[2] == 20 * 8, "tokens are known without a price"
    assert "unknown" in found.sentence and "price of openai/tiny is unknown" in " ".join(found.why)


def test_a_dry_run_says_what_it_would_cost_and_asks_nothing(workspace, server, capsys, tmp_path):
    from workbench.__main__ import main

    target = tmp_path / "estimate.json"
    code = main(["run", "money", "--dry-run", "--workspace", str(workspace.root), "--json", str(target)])
    printed = capsys.readouterr().out
    assert code == 0 and server.received == 0 and not workspace.runs.list()
    assert "Tokens " in printed and " in, " in printed
    assert "Cells           20" in printed and "Answers asked   20" in printed and "about $" in printed
    found = json.loads(target.read_text(encoding="utf-8"))
    assert (
        found["dry_run"] is True
        and found["asked"] == 20
        and found["low"] <= found["expected"] <= found["high"]
    )


DAY, PERSON = "WORKBENCH_MAX_COST_PER_DAY", "WORKBENCH_MAX_COST_PER_PERSON_DAY"


def cost_of_a_call(workspace) -> float:
    """Return what one call costs here: a run of one repeat, divided by its calls."""
    record = run(workspace)
    return record.spent_usd / record.planned


def test_a_day_s_cap_stops_before_the_call_that_would_pass_it_and_the_run_goes_on_under_a_higher_one(
    workspace, server, monkeypatch
):
    each = cost_of_a_call(workspace)
    spent = workspace.store.spending.today()
    assert spent == pytest.approx(20 * each)
    monkeypatch.setenv(DAY, str(spent + 7.5 * each))
    stopped = run(workspace, use_cache=False)
    assert stopped.status == "stopped" and DAY in stopped.message and "13 cells left" in stopped.message
    assert stopped.done == 7 and server.received == 27
    assert workspace.store.spending.today() == pytest.approx(27 * each)
    again = run(workspace, use_cache=False)
    assert again.status == "stopped" and again.done == 0 and server.received == 27
    monkeypatch.setenv(DAY, str(100.0))
    resumed = workspace.runs.follow(workspace.runs.resume(stopped.id).id)
    assert (resumed.status, resumed.done, server.received) == ("complete", 20, 40)


def test_a_person_s_cap_stops_that_person_only(workspace, server, monkeypatch):
    monkeypatch.setenv("WORKBENCH_AUTHOR", "ada")
    each = cost_of_a_call(workspace)
    monkeypatch.setenv(PERSON, str(22.5 * each))
    assert run(workspace, use_cache=False).done == 2
    with pytest.raises(BadInput, match="for ada"):
        monkeypatch.setenv(PERSON, str(22 * each))
        ask_in_the_playground(workspace, server)
    monkeypatch.setenv("WORKBENCH_AUTHOR", "grace")
    assert run(workspace, use_cache=False).status == "complete"
    assert workspace.store.spending.today("ada") == pytest.approx(22 * each)
    assert workspace.store.spending.today("grace") == pytest.approx(20 * each)


def ask_in_the_playground(workspace, server) -> str:
    from workbench.llm.types import ModelSpec

    model = ModelSpec("openai/tiny", api_base=server.base_url)
    return workspace.playground.start(
        [("ask", workspace.prompts.get("ask").prompt, model)], {"question": "Is it?"}
    )


def test_two_runs_at_once_keep_a_cap_together(workspace, server, monkeypatch):
    each = cost_of_a_call(workspace)
    monkeypatch.setenv(DAY, str(35.5 * each))
    both = [workspace.runs.start("money", concurrency=4, use_cache=False) for _ in range(2)]
    ended = [workspace.runs.follow(record.id) for record in both]
    assert workspace.store.spending.today() <= 35.5 * each and 10 <= sum(r.done for r in ended) <= 15


def test_a_cap_needs_prices_and_must_be_an_amount(workspace, server, monkeypatch):
    monkeypatch.setenv(DAY, "ten")
    with pytest.raises(BadInput, match=DAY):
        workspace.runs.start("money")
    monkeypatch.setenv(DAY, "10")
    (workspace.root / "prices.yaml").unlink()
    with pytest.raises(BadInput, match="price of openai/tiny is unknown"):
        workspace.runs.start("money")
    assert server.received == 0


def test_what_costs_nothing_runs_on_when_a_cap_is_met(workspace, server, monkeypatch):
    monkeypatch.setenv(DAY, "0")
    assert run(workspace, models=["offline/rules"]).status == "complete"
    assert run(workspace).done == 0 and server.received == 0


def test_a_cap_is_raised_on_the_command_line_and_one_that_leaves_nothing_is_refused(
    workspace, server, capsys
):
    from workbench.__main__ import main

    each = cost_of_a_call(workspace)
    stopped = run(workspace, use_cache=False, max_cost_usd=7.5 * each)
    assert (stopped.status, stopped.done, server.received) == ("stopped", 7, 27)
    where = ["--workspace", str(workspace.root)]
    assert main(["resume", stopped.id, "--max-cost", f"{6 * each:.6f}", *where]) == 2
    assert "leaves nothing to spend" in capsys.readouterr().err and server.received == 27
    assert main(["resume", stopped.id, "--max-cost", f"{30 * each:.6f}", *where]) == 0
    assert server.received == 40 and workspace.runs.get(stopped.id).spent_usd == pytest.approx(20 * each)
    assert "Prices: litellm" in capsys.readouterr().out


def test_a_cached_answer_keeps_its_first_cost_and_latency_and_is_no_new_money(workspace, server):
    first = run(workspace)
    booked, answers = workspace.store.spending.today(), by_case(workspace, first.id)
    again = run(workspace)
    assert server.received == 20 and (again.cached, again.spent_usd) == (20, 0.0)
    assert again.cost_usd == pytest.approx(first.cost_usd) and workspace.store.spending.today() == booked
    for case, kept in by_case(workspace, again.id).items():
        assert kept.cached and not answers[case].cached
        assert (kept.cost_usd, kept.latency_s) == (answers[case].cost_usd, answers[case].latency_s)


def by_case(workspace, run_id: str) -> dict:
    return {row.cell.case_id: row.completion for row in workspace.store.results.page(run_id, None)[1]}


@pytest.mark.parametrize("use_cache", [True, False])
def test_what_two_prompts_and_a_model_under_two_names_ask_alike_is_asked_once_a_repeat(
    workspace, server, use_cache
):
    write_prompt(workspace.root, "ask-too")
    suite = workspace.root / "evals" / "money" / "suite.yaml"
    text = suite.read_text(encoding="utf-8").replace("[ask]", "[ask, ask-too]")
    entry = text[text.index("  - id: openai/tiny") : text.index("scorers:")]
    suite.write_text(text.replace(entry, entry + entry + "    label: again\n"), encoding="utf-8")
    # One at a time, so that nothing alike is under way at once.
    started = workspace.runs.start("money", concurrency=1, repeats=2, use_cache=use_cache)
    record = workspace.runs.follow(started.id)
    assert (record.status, record.done, server.received) == ("complete", 160, 40)
    assert record.cached == 120 and record.spent_usd == pytest.approx(record.cost_usd / 4)


def test_the_cache_is_shown_and_cleared_on_purpose_only(workspace, server, capsys, monkeypatch):
    from workbench.__main__ import main

    run(workspace)
    where = ["--workspace", str(workspace.root)]
    assert main(["cache", *where]) == 0
    shown = capsys.readouterr().out
    assert "Answers kept  20" in shown and "kB" in shown and "Oldest" in shown
    assert main(["cache", "--clear", *where]) == 2, "nobody is there to be asked"
    assert "--yes" in capsys.readouterr().err and workspace.store.cache.size().entries == 20
    assert main(["cache", "--clear", "--yes", *where]) == 0
    assert "Forgot 20 answers" in capsys.readouterr().out and workspace.store.cache.size().entries == 0
    run(workspace)
    assert server.received == 40, "what was forgotten is paid for again"


def test_what_is_left_of_each_cap_is_told_with_what_is_in_flight(workspace, monkeypatch):
    from workbench.jobs.caps import room_today

    assert room_today(workspace.store, "ada") == []
    monkeypatch.setenv(DAY, "5")
    monkeypatch.setenv(PERSON, "2")
    workspace.store.spending.add("ada", 1.5)
    workspace.store.spending.add("grace", 2.0)
    everybody, ada = room_today(workspace.store, "ada")
    assert (everybody.person, everybody.spent_usd, everybody.left_usd) == (None, 3.5, 1.5)
    assert (ada.person, ada.spent_usd, ada.left_usd) == ("ada", 1.5, 0.5)


def test_vectors_outside_a_run_are_held_to_the_day_s_cap_and_booked_once(workspace, monkeypatch):
    import asyncio

    from support.vectors import serving

    from workbench.jobs.ledger import Ledger, embed_booked
    from workbench.llm.gateway import Gateway
    from workbench.llm.pricebook import PriceBook
    from workbench.llm.types import ModelSpec

    # The server counts two tokens a text; 1,000 USD a million makes 0.002 USD a text.
    prices = PriceBook(own={"openai/m": {"input_cost_per_token": 0.001}})
    ledger = Ledger(workspace.store, "ada")
    with serving() as (address, calls):
        model = ModelSpec("openai/m", api_base=f"{address}/v1")

        async def embed(*texts: str):
            gateway = Gateway(cache=workspace.store.cache, env={}, prices=prices)
            try:
                return await embed_booked(gateway, ledger, prices, texts, model)
            finally:
                await gateway.aclose()

        monkeypatch.setenv(PERSON, "0.01")
        assert asyncio.run(embed("cat", "dog")).ok
        assert workspace.store.spending.today("ada") == pytest.approx(0.004)
        asyncio.run(embed("cat", "dog"))
        assert workspace.store.spending.today("ada") == pytest.approx(0.004), (
            "kept vectors are not spent again"
        )
        with pytest.raises(BadInput, match="for ada"):
            asyncio.run(embed("a text that is far longer than what is left of the cap"))
        assert len(calls) == 1
        monkeypatch.setenv(PERSON, "0.004")
        assert asyncio.run(embed("dog")).cached == 1, "what is kept is read even when the cap is met"
        prices.own.clear()
        with pytest.raises(BadInput, match="price of openai/m is unknown"):
            asyncio.run(embed("new"))
