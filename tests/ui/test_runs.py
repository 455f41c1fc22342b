"""The Runs page: what will happen is said before it costs, and what happened is read, filtered and shared."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from streamlit.testing.v1 import AppTest
from support.app_page import links, raw_html, said, settled
from support.recorded_runs import colours_workspace, right, run_colours
from support.samples import copy_samples

from workbench.files import dump_yaml, load_yaml
from workbench.jobs import process
from workbench.store.results import ResultRepository
from workbench.store.tables import runs as runs_table
from workbench.workspace import Workspace

EVIL = "<img src=x onerror=alert(1)> **bold** $x$ :red[no]"
CASES = 80
Open = Callable[..., AppTest]


@pytest.fixture
def samples(tmp_path: Path) -> Workspace:
    return Workspace.open(copy_samples(tmp_path))


@pytest.fixture
def not_launched():
    """Runs are stored as queued and no process starts."""
    with mock.patch.object(process, "launch") as launch:
        yield launch


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """``careful`` is right on 78 of 80 and fails to answer one; ``plain`` is right on half."""
    careful: list[str | None] = [*right(CASES, wrong=[5], says=EVIL)]
    careful[7] = None
    ws = colours_workspace(
        tmp_path_factory.mktemp("ended"),
        {"plain": right(CASES, wrong=range(40)), "careful": careful},
        priced={"plain": 0.001, "careful": 0.003},
        gate={"baseline": "plain", "candidate": "careful", "metric": "accuracy"},
    )
    return ws, run_colours(ws)


def test_the_first_run_is_one_click_away_in_a_new_workspace(samples: Workspace, open_screen: Open) -> None:
    at = open_screen(samples, "runs")
    assert at.button(key="run_new").label == "Start the first run"
    settled(at.button(key="run_new").click().run())
    assert at.selectbox(key="run_suite").value in {e.name for e in samples.suites.list()[0]}


def test_a_link_fills_the_form_and_what_will_happen_is_said_before_it_starts(
    samples: Workspace, open_screen: Open, not_launched
) -> None:
    at = open_screen(samples, "runs", suite="support-triage", prompt="support-triage@1,support-triage@3")
    assert at.multiselect(key="run_versions_support-triage").value == ["support-triage@1", "support-triage@3"]
    assert "60 cases × 2 versions × 1 model × 1 repeat" in said(at)
    at.number_input(key="run_repeats_support-triage").set_value(3)
    assert "Cells 360" in said(settled(at.run()))
    at.button(key="run_start").click()
    settled(at.run())
    [record] = samples.runs.list()
    plan = samples.runs.plan_of(record.id)
    assert [p.title for p in plan.prompts] == ["support-triage@1", "support-triage@3"]
    assert (record.planned, plan.repeats, not_launched.call_count) == (360, 3, 1)
    assert at.query_params["run"] == record.id


def test_a_usual_comparison_is_chosen_with_one_click(samples: Workspace, open_screen: Open) -> None:
    at = open_screen(samples, "runs", suite="support-triage", prompt="support-triage@1")
    button = next(b for b in at.button if b.label == "Newest against the one before")
    settled(button.click().run())
    assert at.multiselect(key="run_versions_support-triage").value == ["support-triage@3", "support-triage@4"]


def test_the_form_says_what_the_cases_can_find_and_stops_as_soon_as_it_is_decided(
    samples: Workspace, open_screen: Open, not_launched
) -> None:
    at = open_screen(samples, "runs", suite="support-triage", prompt="support-triage@1,support-triage@3")
    assert "Finds a true difference of 15.2 points 80 times in 100" in said(at)
    at.toggle(key="run_until_decided").set_value(True)
    at.multiselect(key="run_versions_support-triage").set_value(
        ["support-triage@1", "support-triage@2", "support-triage@3"]
    )
    settled(at.run())
    assert "compares exactly two versions or two models" in said(at)
    assert at.button(key="run_start").disabled
    at.multiselect(key="run_versions_support-triage").set_value(["support-triage@1", "support-triage@3"])
    settled(at.run())
    at.button(key="run_start").click()
    settled(at.run())
    [record] = samples.runs.list()
    assert record.sequential is not None and record.planned == 120


def test_what_cannot_run_is_said_and_cannot_be_started(samples: Workspace, open_screen: Open) -> None:
    at = open_screen(samples, "runs", suite="support-triage", prompt="meeting-summary")
    assert len(at.error) == 1 and "does not fit meeting-summary@" in said(at)
    assert at.button(key="run_start").disabled
    at = open_screen(samples, "runs", suite="support-triage", prompt="no-such@7")
    assert 'There is no prompt "no-such"' in said(at)
    assert not at.button(key="run_start").disabled, "the suite's own versions are still there to run"


def test_a_run_shows_the_gate_first_then_means_with_intervals_n_and_errors(
    ended: tuple[Workspace, str], open_screen: Open
) -> None:
    ws, run_id = ended
    at = open_screen(ws, "runs", run=run_id)
    numbers = next(e.value for e in at.html if ">Gate<" in e.value)
    assert numbers.index(">Gate<") < numbers.index(">Best accuracy<") < numbers.index(">Cells<")
    table = at.dataframe[0].value.set_index("Version")
    assert (table.loc["plain@1", "Mean"], table.loc["plain@1", "n"]) == ("50.0 %", 80)
    assert (table.loc["careful@1", "Mean"], table.loc["careful@1", "n"]) == ("98.7 %", 79)
    assert table.loc["careful@1", "Errors"] == 1
    assert table.loc["plain@1", "95 % interval"] == "38.7 to 61.3 %"
    assert "$0.3" in numbers and "of 160" in numbers


def test_two_versions_lead_to_their_comparison_with_both_sides_chosen(
    ended: tuple[Workspace, str], open_screen: Open
) -> None:
    ws, run_id = ended
    at = open_screen(ws, "runs", run=run_id)
    at.button(key="run_compare").click().run()
    assert at.query_params["a"] == f"{run_id}:plain@1"
    assert at.query_params["b"] == f"{run_id}:careful@1"


def test_slices_and_latency_are_drawn_when_asked_for(ended: tuple[Workspace, str], open_screen: Open) -> None:
    ws, run_id = ended
    at = open_screen(ws, "runs", run=run_id)
    assert len(at.dataframe) == 1
    at.session_state["run_slices"] = True
    at.session_state["run_spending"] = True
    settled(at.run())
    by_colour, spent = at.dataframe[1].value, at.dataframe[2].value
    assert set(by_colour["colour"]) == {"red", "green", "blue", "white"} and set(by_colour["n"]) == {19, 20}
    assert spent.set_index("Version").loc["careful@1", "Latency p50"] == "300 ms"


def test_metrics_of_all_answers_together_are_worked_out_when_asked_for(
    tmp_path: Path, open_screen: Open, ended: tuple[Workspace, str]
) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(8, wrong=[0])})
    suite = tmp_path / "evals" / "colours" / "suite.yaml"
    content = load_yaml(suite.read_text(), file=suite).data
    suite.write_text(dump_yaml({**content, "scorers": [*content["scorers"], "wer"]}))
    at = open_screen(ws, "runs", run=run_colours(ws))
    assert "Over all answers" in [part.label for part in at.expander]
    at.session_state["run_corpus"] = True
    settled(at.run())
    [row] = at.dataframe[1].value.to_dict("records")
    assert row == {"Version": "plain@1", "Metric": "wer (less is better)", "Value": "0.1250", "n": 8}
    other = open_screen(ended[0], "runs", run=ended[1])
    assert "Over all answers" not in [part.label for part in other.expander]


def test_faults_are_grouped_by_their_sentence_and_lead_to_their_cells(
    ended: tuple[Workspace, str], open_screen: Open
) -> None:
    ws, run_id = ended
    at = open_screen(ws, "runs", run=run_id)
    assert "the painter was away" in said(at) and "such as case-007" in said(at)
    assert links(at, run=run_id, only="errors")
    at = open_screen(ws, "runs", run=run_id, only="errors")
    assert len([link for link in links(at, run=run_id, only="errors") if "cell" in link]) == 1


def test_cells_are_filtered_and_paged_in_the_database_and_the_address_holds_the_filter(
    ended: tuple[Workspace, str], open_screen: Open
) -> None:
    ws, run_id = ended
    read: list[int] = []
    real = ResultRepository.page

    def counting(self, *args, **options):
        total, records = real(self, *args, **options)
        read.append(len(records))
        return total, records

    with mock.patch.object(ResultRepository, "page", counting):
        at = open_screen(ws, "runs", run=run_id)
        assert "1–25 of 160 cells" in said(at)
        at.selectbox(key="cells_only").set_value("failed")
        settled(at.run())
        # careful's error is neither right nor wrong
        assert "1–25 of 41 cells" in said(at) and at.query_params["only"] == "failed"
        at.selectbox(key="cells_version").set_value("careful@1")
        settled(at.run())
        assert len([link for link in links(at, version="careful@1") if "cell" in link]) == 1
    assert max(read) <= 25
    again = open_screen(ws, "runs", run=run_id, only="failed", p="2")
    assert "26–41 of 41 cells" in said(again)


def test_a_cell_shows_what_was_sent_what_came_and_why_it_failed_all_as_text(
    ended: tuple[Workspace, str], open_screen: Open
) -> None:
    ws, run_id = ended
    _, [record] = ws.store.results.page(
        run_id, ws.store.results.current_scoring(run_id).id, search="onerror", limit=1
    )
    at = open_screen(ws, "runs", run=run_id, cell=str(record.id))
    assert at.header[0].value == "Case case\\-005"
    texts = [c.value for c in at.code]
    assert EVIL in texts and "As careful: which colour has thing number 5?" in texts and "green" in texts
    reasons = next(m.value for m in at.markdown if "✕" in m.value)
    assert "is not" in reasons and "accuracy" in reasons
    assert "<img" not in raw_html(at) and "&lt;img" in raw_html(at)
    assert not any("<img" in m.value.replace("\\<", "") for m in at.markdown)
    by_case = open_screen(ws, "runs", run=run_id, case="case-005")
    assert by_case.header[0].value == "Case case\\-005"


def test_a_run_or_cell_that_is_not_there_is_one_sentence(
    ended: tuple[Workspace, str], open_screen: Open
) -> None:
    ws, run_id = ended
    at = open_screen(ws, "runs", run="nothing")
    assert len(at.error) == 1 and 'There is no run "nothing"' in said(at)
    at = open_screen(ws, "runs", run=run_id, cell="99999")
    assert len(at.error) == 1 and links(at, run=run_id)


def test_a_run_in_progress_shows_how_far_it_is_and_can_be_cancelled_and_resumed(
    samples: Workspace, open_screen: Open, not_launched
) -> None:
    record = samples.runs.start("support-triage")
    at = open_screen(samples, "runs", run=record.id)
    assert "0 of 120" in said(at) and "waiting to begin" in said(at)
    settled(at.button(key="run_cancel").click().run())
    assert samples.runs.get(record.id).status == "cancelled"
    assert "Left to ask: 120 cells not asked yet" in said(settled(at.run()))
    at.button(key="run_resume").click().run()
    assert samples.runs.get(record.id).status == "queued" and not_launched.call_count == 2


def test_the_list_finds_runs_by_version_and_shows_their_result(
    ended: tuple[Workspace, str], open_screen: Open
) -> None:
    ws, run_id = ended
    at = open_screen(ws, "runs", q="careful@1")
    assert links(at, run=run_id) and "gate passed" in said(at) and "1 errors" in said(at)
    at.text_input(key="runs_search").set_value("careful@9")
    assert not links(settled(at.run()), run=run_id) and "No run matches" in said(at)


def test_scoring_again_takes_the_suites_present_scorers_and_asks_nobody(
    tmp_path: Path, open_screen: Open
) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(8, wrong=[0])})
    run_id = run_colours(ws)
    suite = ws.root / "evals" / "colours" / "suite.yaml"
    suite.write_text(suite.read_text().replace("name: accuracy", "name: rightness"))
    at = open_screen(ws, "runs", run=run_id)
    assert "The suite has changed since" in said(at)
    at.button(key="run_rescore").click().run()
    deadline = time.monotonic() + 30
    while "rightness" not in said(settled(at.run())):
        assert time.monotonic() < deadline
    assert list(at.dataframe[0].value["Scorer"]) == ["rightness"]
    assert "The suite has changed since" not in said(at)


def test_the_estimated_cost_is_said_before_a_run_is_started(samples: Workspace, open_screen: Open) -> None:
    at = open_screen(samples, "runs", suite="support-triage", prompt="support-triage@1")
    assert "Estimated cost" not in said(settled(at)), "the offline model is free"
    at.session_state["run_models_support-triage"] = ["openai/gpt-4o-mini"]
    words = said(settled(at.run()))
    assert (
        "Estimated cost about $" in words
        and "Tokens in" in words
        and "Tokens out" in words
        and " to " in words
    )
    at.session_state["run_models_support-triage"] = ["openai/of-tomorrow"]
    assert "Estimated cost unknown" in said(settled(at.run()))


def test_what_judging_will_cost_stands_beside_the_answers_and_counts_for_the_cap(
    samples: Workspace, open_screen: Open
) -> None:
    path = samples.root / "evals" / "support-triage" / "suite.yaml"
    judged = "judge: openai/gpt-4o-mini\nscorers:\n  - {type: rubric, rubric: It is kind}\n"
    path.write_text(path.read_text(encoding="utf-8").replace("scorers:\n", judged, 1), encoding="utf-8")
    at = open_screen(samples, "runs", suite="support-triage", prompt="support-triage@1")
    words = said(settled(at))
    assert "Estimated cost" not in words, "the offline model is free, its judge is not"
    assert "Judging beside it about $" in words and "60 calls" in words and "Judges read" in words
    at.session_state["run_max_cost"] = 0.0001
    assert "is likely to stop it before the end" in said(settled(at.run()))


def test_the_form_says_what_the_caps_of_the_day_leave_and_which_one_is_likely_to_stop_the_run(
    samples: Workspace, open_screen: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_AUTHOR", "ada")
    monkeypatch.setenv("WORKBENCH_MAX_COST_PER_DAY", "20")
    monkeypatch.setenv("WORKBENCH_MAX_COST_PER_PERSON_DAY", "5")
    samples.store.spending.add("ada", 4.0)
    samples.store.spending.add("grace", 3.0)
    at = open_screen(samples, "runs", suite="support-triage", prompt="support-triage@1")
    at.session_state["run_models_support-triage"] = ["openai/gpt-4o-mini"]
    words = said(settled(at.run()))
    assert "Today's cap for everybody: $13.00 left of $20.00 ($7.00 spent)" in words
    assert "Today's cap for ada: $1.00 left of $5.00" in words and "likely to stop it" not in words
    at.number_input(key="run_max_cost").set_value(0.0001)
    assert "Its cap, $0.0001, is likely to stop it before the end" in said(settled(at.run()))


def test_a_run_that_met_its_cap_is_resumed_under_a_higher_one_from_its_page(
    tmp_path: Path, open_screen: Open, not_launched
) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(8, wrong=[0])}, priced={"plain": 0.01})
    run_id = run_colours(ws)
    stopped = {"status": "stopped", "max_cost_usd": 0.05, "spent_usd": 0.04, "done": 4, "errors": 0}
    with ws.store.runs._write() as connection:
        connection.execute(runs_table.update().values(**stopped, message="The cost cap of $0.05 was met"))
    at = open_screen(ws, "runs", run=run_id)
    assert "would need about $0.0800 in all" in said(at)
    field = at.number_input(key=f"run_new_cap_{run_id}")
    assert field.value == pytest.approx(0.096), "a fifth more than it needs"
    field.set_value(0.03)
    at.button(key="run_raise_resume").click().run()
    assert "leaves nothing to spend" in said(at) and not not_launched.called
    at.number_input(key=f"run_new_cap_{run_id}").set_value(0.2)
    at.button(key="run_raise_resume").click().run()
    record = ws.runs.get(run_id)
    assert (record.status, record.max_cost_usd, not_launched.call_count) == ("queued", 0.2, 1)


def test_a_run_without_a_gate_shows_how_it_is_held_to_the_limits_of_its_suite(
    tmp_path: Path, open_screen: Open
) -> None:
    ws = colours_workspace(tmp_path, {"plain": right(4)}, priced={"plain": 0.5})
    path = tmp_path / "evals" / "colours" / "suite.yaml"
    path.write_text(path.read_text() + "limits: {cost_usd: 1.5, errors: 0, p95_ttft_s: 2}\n")
    suite = said(open_screen(ws, "suites", suite="colours"))
    assert (
        "Any run is held to its limits: the whole run costs at most $1.50, 95 of 100 answers begin within 2.00 s"
        in suite
    )
    words = said(open_screen(ws, "runs", run=run_colours(ws)))
    words = words.replace("*", "").replace("]", "")
    assert "Limits of the suite" in words and "failed the run's cost: $2.00, above $1.50" in words
    assert "passed the run's errors" in words
