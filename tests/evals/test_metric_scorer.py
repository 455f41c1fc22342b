"""Metrics of Hugging Face `evaluate` by folder or name: only where code is allowed, offline, pinned to their text."""

from __future__ import annotations

import pytest
from support.scoring import case

from workbench.errors import DatasetError, SuiteError
from workbench.evals.own.allowed import allow_code
from workbench.evals.plan import spec_from_dict
from workbench.evals.scorers import build_scorer
from workbench.evals.suite import load_suite
from workbench.evals.types import ScoringInput
from workbench.files import dump_yaml
from workbench.llm.types import Completion

METRIC = """
import datasets
import evaluate

from .helping import shared


class Overlap(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        several = datasets.Features({"predictions": text, "references": datasets.Sequence(text)})
        one = datasets.Features({"predictions": text, "references": text})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=[one, several])

    def _compute(self, predictions, references, factor=1):
        words = [word for given in references[0] for word in given.split()]
        return {"overlap": factor * shared(predictions[0], words), "references": len(references[0]), "text": "x"}
"""
HELPING = "def shared(text, words):\n    return sum(w in words for w in text.split()) / len(text.split())\n"
SQUARES = """
import datasets
import evaluate


class Squares(evaluate.Metric):
    def _info(self):
        number = datasets.Value("float32")
        features = datasets.Features({"predictions": number, "references": number})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references):
        return {"mse": [(a - b) ** 2 for a, b in zip(predictions, references)]}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("ws")
    for name, files in {
        "metrics/overlap": {"overlap.py": METRIC, "helping.py": HELPING},
        "metrics/squares": {"squares.py": SQUARES},
        "metrics/empty": {"other.py": "x = 1"},
    }.items():
        folder = root / "evals" / name
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text)
    (root / "outside").mkdir()
    return root


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_CONFIG", str(tmp_path / "mine"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


def suite(root, *entries, **data):
    (root / "evals" / "s").mkdir(exist_ok=True)
    cases = [{"id": "a", "vars": {"q": 1}, "expected": "x"}]
    (root / "evals" / "s" / "suite.yaml").write_text(
        dump_yaml({"cases": cases, "scorers": list(entries), **data})
    )
    return load_suite(root / "evals" / "s", root=root)


def of(name, **more):
    return {"type": "metric", "metric": f"../metrics/{name}", **more}


def scored(root, entry, output, expected):
    spec = spec_from_dict(suite(root, entry).scorers[0].to_dict())
    return build_scorer(spec).score(ScoringInput(output, case(expected), Completion(text=output)))


def test_a_metric_is_code_and_runs_only_where_a_person_allowed_it(root):
    with pytest.raises(
        SuiteError, match=r"line \d+, field scorers.0.*may not run code.*workbench allow-code"
    ):
        suite(root, of("overlap"))
    with pytest.raises(DatasetError, match="A scorer that runs code belongs among the scorers of a suite"):
        rows = [{"vars": {"q": 1}, "scorers": [{"all": ["exact", of("overlap")]}]}]
        suite(root, "exact", cases=rows)
    pinned = spec_from_dict({**of("overlap"), "name": "m", "files": {"overlap.py": "import os"}})
    found = build_scorer(pinned).score(ScoringInput("a", case("a"), Completion(text="a")))
    assert "may not run code" in found.error


def test_a_local_metric_gives_its_values_against_all_references(root):
    allow_code(root, True)
    found = scored(root, of("overlap"), "a b c d", ["a x", "b y c"])
    assert (found.value, found.error) == (0.75, None)
    assert scored(
        root, of("overlap", params={"factor": 80}, divide_by=100), "a b", "b"
    ).value == pytest.approx(0.4)
    assert scored(root, of("overlap", key="references", unit="count"), "a", ["a", "b", "c"]).value == 3
    assert (
        "outside 0 to 1: use divide_by or unit: count"
        in scored(root, of("overlap", key="references"), "a", list("abc")).error
    )
    assert "the metric gives overlap, references" in scored(root, of("overlap", key="text"), "a", "a").error
    assert scored(root, of("overlap", threshold=0.5), "a b", "a").passed is True


def test_a_metric_of_numbers_reads_them_and_takes_one_reference_at_a_time(root):
    allow_code(root, True)
    assert scored(root, of("squares", unit="count"), " 3 ", "5").value == 4
    assert scored(root, of("squares", unit="count"), "3", ["4", "5"]).value == 4
    assert (
        "wants the output as a number, and it is 'three'" in scored(root, of("squares"), "three", "3").error
    )


def test_a_metric_of_the_hub_comes_from_this_machine_s_cache_and_is_never_fetched(root, tmp_path):
    allow_code(root, True)
    entry = {"type": "metric", "metric": "overlap"}
    with pytest.raises(
        SuiteError, match=r"no metric overlap .* none is fetched: `hf download evaluate-metric/overlap "
    ):
        suite(root, entry)
    loaded = (
        tmp_path / "hf" / "modules" / "evaluate_modules" / "metrics" / "evaluate-metric--overlap" / ("0" * 64)
    )
    downloaded = tmp_path / "hf" / "hub" / "spaces--some--overlap" / "snapshots" / "1a2b"
    for folder in (loaded, downloaded):
        folder.mkdir(parents=True)
        (folder / "overlap.py").write_text(METRIC)
        (folder / "helping.py").write_text(HELPING)
        (folder / "app.py").write_text("never read")
    assert scored(root, entry, "a b", "b").value == 0.5
    assert scored(root, {**entry, "metric": "some/overlap"}, "a b", "b").value == 0.5
    before = suite(root, entry)
    assert "app.py" not in before.scorers[0].params["files"]
    (loaded / "helping.py").write_text(HELPING.replace("len(text.split())", "1"))
    assert suite(root, entry).sha256 != before.sha256


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (of("empty"), "There is no metric in empty: empty.py is missing"),
        (of("overlap", files={"overlap.py": "1"}), "code does not belong in a suite"),
        ({"type": "metric", "metric": "../../outside"}, "stands in the workspace's evals folder"),
        ({"type": "metric", "metric": "../../../x"}, "leads out of the workspace"),
        ({"type": "metric", "metric": "../none"}, "There is no metric in none"),
        ({"type": "metric"}, '"metric" is missing'),
        ({"all": [of("overlap", divide_by=0)]}, "greater than 0"),
    ],
)
def test_a_metric_that_cannot_be_read_is_refused_with_its_place(root, entry, says):
    allow_code(root, True)
    with pytest.raises(SuiteError, match=r"suite.yaml, line \d+, field scorers") as refused:
        suite(root, entry)
    assert says.lower() in str(refused.value).lower()
