"""The gate of a suite: every name in it stands for something, and the old form means what it meant."""

from __future__ import annotations

import pytest

from workbench.errors import SuiteError
from workbench.evals.gates import must_pass_cases
from workbench.evals.suite import load_suite, suite_to_dict
from workbench.evals.types import Gate
from workbench.files import dump_yaml

CASES = [
    {
        "id": "a",
        "vars": {"q": "1"},
        "expected": "1",
        "metadata": {"lang": "en", "level": 1, "tags": ["core", "new"]},
    },
    {"id": "b", "vars": {"q": "2"}, "expected": "2", "metadata": {"lang": "de", "level": 2, "tags": "core"}},
    {"id": "c", "vars": {"q": "3"}, "expected": "3", "metadata": {"lang": "de", "level": 2}},
]
SCORERS = [{"type": "exact", "name": "accuracy"}, {"type": "length", "name": "brief", "max": 9}]


def loaded(tmp_path, **gate):
    sides = {"baseline": "old", "candidate": "new"}
    suite = {
        "prompts": ["old", "new"],
        "models": ["offline/rules"],
        "cases": CASES,
        "scorers": SCORERS,
        "slices": ["lang"],
        "gate": {**sides, **gate},
    }
    folder = tmp_path / "evals" / "small"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite.yaml").write_text(dump_yaml(suite))
    return load_suite(folder, root=tmp_path)


def test_all_rules_are_read_and_come_back_from_what_a_run_stores(tmp_path):
    gate = loaded(
        tmp_path,
        metrics=[{"metric": "accuracy", "margin": 0.02}, {"metric": "brief", "margin": 0.05}],
        floors={"accuracy": 0.8},
        slices=["lang"],
        must_pass="lang=de",
        max_new_failures=0,
        limits={"cost_usd": 2.5, "errors": 0},
    ).gate
    assert (gate.metric, gate.margin, gate.metrics) == ("accuracy", 0.02, {"brief": 0.05})
    assert (gate.floors, gate.slices, gate.must_pass) == ({"accuracy": 0.8}, {"lang": None}, ("lang=de",))
    assert gate.max_new_failures == 0 and gate.limits == {"cost_usd": 2.5, "errors": 0}
    assert Gate.from_dict(gate.to_dict()) == gate


def test_a_gate_without_the_new_fields_leaves_the_suites_identity_as_it_was(tmp_path):
    suite = loaded(tmp_path, metric="accuracy", margin=0.02)
    assert suite_to_dict(suite)["gate"] == {
        "baseline": "old",
        "candidate": "new",
        "metric": "accuracy",
        "margin": 0.02,
        "max_cost_ratio": None,
        "max_latency_ratio": None,
    }


def test_cases_that_must_pass_are_named_by_id_by_metadata_or_by_tag(tmp_path):
    cases = loaded(tmp_path, metric="accuracy").dataset.cases
    assert must_pass_cases(["core"], cases) == ("a", "b")
    assert must_pass_cases(["level=2", "a"], cases) == ("a", "b", "c")
    assert must_pass_cases(["c"], cases) == ("c",)


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({}, "names no metric"),
        ({"metric": "acuracy"}, 'perhaps "accuracy"'),
        ({"metrics": [{"metric": "brief"}]}, "margin"),
        ({"metric": "brief", "metrics": [{"metric": "brief", "margin": 0.1}]}, "named twice"),
        ({"metrics": [{"metric": "brief", "margin": 0.1}], "margin": 0.1}, "has no metric"),
        ({"metric": "accuracy", "floors": {"speed": 1}}, 'no scorer is called "speed"'),
        ({"metric": "accuracy", "slices": ["level"]}, "none of the suite's slices"),
        ({"metric": "accuracy", "must_pass": ["lang=fr"]}, "no case's id, field=value or tag"),
        ({"metric": "accuracy", "max_new_failures": -1}, "max_new_failures"),
        ({"metric": "accuracy", "limits": {"cost_usd": -1}}, "cost_usd"),
        ({"metric": "accuracy", "limits": {"costs_usd": 1}}, 'perhaps "cost_usd"'),
        ({"metric": "accuracy", "floor": {"accuracy": 0.8}}, 'perhaps "floors"'),
    ],
)
def test_what_stands_for_nothing_is_refused_with_its_field(tmp_path, gate, said):
    with pytest.raises(SuiteError) as refused:
        loaded(tmp_path, **gate)
    assert said.lower() in str(refused.value).lower()
    assert "field gate" in str(refused.value)
