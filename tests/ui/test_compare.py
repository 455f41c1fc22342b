"""The Compare page: the verdict is said first, what broke is one click away, and an address holds the view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.recorded_runs import colours_workspace, right, run_colours

from workbench.workspace import Workspace

EVIL = "<img src=x onerror=alert(1)> **bold** $x$ \x1b[31mred\x1b[0m"

Open = Callable[..., AppTest]


@pytest.fixture
def open_page(open_screen: Open) -> Open:
    """Open the page on a workspace: ``open_page(ws, a=…, b=…)``."""
    return lambda ws, **params: open_screen(ws, "compare", **params)


@pytest.fixture(scope="module")
def better(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """``careful`` is better than ``plain`` by 36 of 80 cases, and breaks two that were right."""
    ws = colours_workspace(
        tmp_path_factory.mktemp("better"),
        {
            "plain": right(80, wrong=range(40), says=EVIL),
            "careful": right(80, wrong=[0, 1, 50, 71], says="no idea"),
        },
        priced={"plain": 0.001, "careful": 0.003},
    )
    return ws, run_colours(ws)


def html(at: AppTest) -> str:
    """All HTML on the page."""
    return "\n".join(element.value for element in at.html)


def test_the_verdict_is_the_first_and_largest_sentence(
    better: tuple[Workspace, str], open_page: Open
) -> None:
    ws, run = better
    at = open_page(ws)
    assert "careful@1 is better than plain@1" in at.title[0].value.replace("\\", "")
    numbers = at.markdown[0].value.replace("\\", "")
    assert "accuracy +45.0 points" in numbers and "80 cases" in numbers and "3.00 times the cost" in numbers
    assert at.query_params["a"] == f"{run}:plain@1" and at.query_params["b"] == f"{run}:careful@1"
    assert "2 cases that got worse" in " ".join(c.value for c in at.caption)
    table = html(at)
    assert "▲</span> better" in table and "3.00×" in table and "100 ms" in table and "300 ms" in table


def test_what_broke_opens_with_both_answers_and_their_difference(
    better: tuple[Workspace, str], open_page: Open
) -> None:
    ws, _ = better
    at = open_page(ws)
    assert at.get_by_key("compare_show").value == "worse"
    assert at.radio(key="compare_case").options == [
        ":red[▼] case\\-050  :gray[1 → 0]",
        ":red[▼] case\\-071  :gray[1 → 0]",
    ]
    at.radio(key="compare_case").set_value("case-071").run()
    assert at.query_params["case"] == "case-071"
    shown = html(at)
    assert "thing number 71" in shown and "no idea" in shown and "white" in shown
    assert "✗ failed" in shown and "✓ passed" in shown


def test_a_link_opens_filter_slice_and_case(better: tuple[Workspace, str], open_page: Open) -> None:
    ws, _ = better
    at = open_page(ws, show="better", slice="colour=blue", case="case-038")
    assert at.radio(key="compare_case").value == "case-038"
    assert len(at.radio(key="compare_case").options) == 10
    at = open_page(ws, show="all", case="case-079")
    assert at.radio(key="compare_case").value == "case-079", "the page of the list that has the case is open"
    at.text_input(key="compare_search").set_value("number 33").run()
    assert [o.split("\\-")[1][:3] for o in at.radio(key="compare_case").options] == ["033"]


def test_answers_cannot_draw_or_run_anything(better: tuple[Workspace, str], open_page: Open) -> None:
    ws, _ = better
    at = open_page(ws, show="better", case="case-004")
    shown = html(at)
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "<img" not in shown and "\x1b" not in shown


def test_the_release_button_carries_version_and_run(better: tuple[Workspace, str], open_page: Open) -> None:
    ws, run = better
    at = open_page(ws)
    at.button(key="compare_release").click().run()
    assert not at.exception
    assert at.query_params["prompt"] == "careful@1" and at.query_params["run"] == run


def test_swapped_sides_say_worse_and_offer_no_release(better: tuple[Workspace, str], open_page: Open) -> None:
    ws, _ = better
    at = open_page(ws)
    at.button(key="compare_swap").click().run()
    assert "plain@1 is worse than careful@1" in at.title[0].value.replace("\\", "")
    assert "compare_release" not in [b.key for b in at.button]


def test_every_tab_draws(better: tuple[Workspace, str], open_page: Open) -> None:
    ws, _ = better
    assert "colour=white" in html(open_page(ws, view="slices"))
    assert len(open_page(ws, view="charts").get("vega_lite_chart")) == 4
    assert "<ins>careful</ins>" in html(open_page(ws, view="prompts"))


def test_too_few_cases_are_undecided_and_say_how_many_would_decide(tmp_path: Path, open_page: Open) -> None:
    ws = colours_workspace(tmp_path, {"a": right(20, wrong=[1, 2, 3]), "b": right(20, wrong=[1])})
    run_colours(ws)
    at = open_page(ws)
    said = at.title[0].value.replace("\\", "")
    assert said.endswith("cases would decide") and "Undecided between a@1 and b@1" in said
    assert "compare_release" not in [b.key for b in at.button]
    assert html(at).count("unknown") >= 6, "an unknown cost is said to be unknown"
    assert "$0" not in html(at)


def test_a_margin_that_does_not_matter_makes_two_versions_equivalent(tmp_path: Path, open_page: Open) -> None:
    ws = colours_workspace(tmp_path, {"a": right(400), "b": right(400, wrong=[7])})
    run_colours(ws)
    at = open_page(ws)
    assert "Undecided" in at.title[0].value
    at.number_input(key="compare_margin").set_value(5.0).run()
    assert "equivalent within 5.0 points" in at.title[0].value.replace("\\", "")
    assert at.query_params["margin"] == "0.05"


def test_missing_answers_forbid_a_verdict(tmp_path: Path, open_page: Open) -> None:
    ws = colours_workspace(tmp_path, {"a": right(40, wrong=range(20)), "b": [*right(36), *[None] * 4]})
    run_colours(ws)
    at = open_page(ws)
    assert "No verdict: 4 of 40 pairs" in at.title[0].value.replace("\\", "")
    assert "compare_release" not in [b.key for b in at.button]
    at = open_page(ws, show="missing")
    assert len(at.radio(key="compare_case").options) == 4
    assert "the painter was away" in html(at)


def test_a_slice_that_got_worse_is_named_beside_a_good_verdict(tmp_path: Path, open_page: Open) -> None:
    white = range(3, 200, 4)
    ws = colours_workspace(
        tmp_path,
        {"a": right(200, wrong=[n for n in range(200) if n not in white]), "b": right(200, wrong=white)},
    )
    run_colours(ws)
    at = open_page(ws)
    assert "b@1 is better than a@1" in at.title[0].value.replace("\\", "")
    assert "Worse on colour=white" in at.markdown[1].value.replace("\\", "")


def test_a_failed_gate_is_said_beside_a_good_verdict_and_only_of_its_own_two_sides(
    tmp_path: Path, open_page: Open, open_screen: Open
) -> None:
    ws = colours_workspace(
        tmp_path,
        {"a": right(80, wrong=range(40)), "b": right(80)},
        priced={"a": 0.001, "b": 0.003},
        gate={"baseline": "a", "candidate": "b", "metric": "accuracy", "margin": 0.02, "max_cost_ratio": 2},
    )
    run = run_colours(ws)
    at = open_page(ws)
    said = at.markdown[1].value.replace("\\", "")
    assert "b@1 is better than a@1" in at.title[0].value.replace("\\", "")
    assert "Gate failed: cost: 3.00 times the baseline's" in said and "accuracy" not in said
    at = open_page(ws, a=f"{run}:b@1", b=f"{run}:a@1")
    assert not [m for m in at.markdown if "Gate" in m.value]
    assert "✗ failed" not in html(open_screen(ws, "release", prompt="a@1")), "the gate was about b"


def test_runs_on_one_suite_are_compared_and_told_apart(tmp_path: Path, open_page: Open) -> None:
    ws = colours_workspace(tmp_path, {"a": right(40, wrong=range(30)), "b": right(40)})
    first = run_colours(ws, prompts=["a"])
    at = open_page(ws)
    assert "holds a@1 only" in at.markdown[0].value.replace("\\", "")
    second = run_colours(ws, prompts=["b"])
    at = open_page(ws)
    assert at.query_params["a"] == f"{first}:a@1" and at.query_params["b"] == f"{second}:b@1"
    assert "b@1 is better than a@1" in at.title[0].value.replace("\\", "")


def test_scores_made_anew_are_shown_at_once(tmp_path: Path, open_page: Open) -> None:
    ws = colours_workspace(tmp_path, {"a": right(40, wrong=range(30)), "b": right(40)})
    run = run_colours(ws)
    at = open_page(ws)
    assert "b@1 is better" in at.title[0].value.replace("\\", "")
    suite = tmp_path / "evals" / "colours" / "suite.yaml"
    suite.write_text(suite.read_text().replace("name: accuracy", "name: accuracy\n    negate: true"))
    ws.runs.rescore(run)
    at.run()
    assert "b@1 is worse" in at.title[0].value.replace("\\", "")


def test_an_empty_workspace_teaches_what_to_do(tmp_path: Path, open_page: Open) -> None:
    (tmp_path / "prompts").mkdir()
    at = open_page(Workspace.open(tmp_path))
    assert "Nothing to compare yet" in at.markdown[0].value
    assert [link.value for link in at.get("page_link")] == ["Start a run", "Look at the suites"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"a": "nothing:plain@1", "b": "nothing:careful@1"}, 'There is no run "nothing"'),
        ({"metric": "beauty"}, 'There is no scorer "beauty"'),
        ({"run": "nothing"}, 'There is no run "nothing"'),
    ],
)
def test_a_stale_link_is_one_sentence(
    better: tuple[Workspace, str], open_page: Open, params: dict[str, str], said: str
) -> None:
    ws, _ = better
    at = open_page(ws, **params)
    assert len(at.error) == 1
    assert said in at.error[0].value.replace("\\", "")


def test_both_sides_the_same_is_one_sentence(better: tuple[Workspace, str], open_page: Open) -> None:
    ws, run = better
    at = open_page(ws, a=f"{run}:plain@1", b=f"{run}:plain@1")
    assert "Both sides are the same" in at.error[0].value
    assert at.selectbox(key="compare_b").value == f"{run}:plain@1", "another side can still be chosen"
