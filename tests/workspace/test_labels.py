"""People's labels: drawn blind, read back safely, and what they make of a scorer that favours one version."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from support.small_workspace import write_prompt, write_suite

from workbench import Workspace
from workbench.errors import BadInput, DatasetError
from workbench.jobs import process, worker
from workbench.reports.comment import to_markdown
from workbench.reports.content import Options
from workbench.reports.labels import label_lines
from workbench.reports.page import to_html
from workbench.workspace.label_import import import_labels
from workbench.workspace.labelling import write_sample
from workbench.workspace.reporting import content_of, report_of

CASES = 120


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("labels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "launch", lambda root, state, run_id: worker.main([str(root), run_id]))
        for name in ("weak", "strong"):
            write_prompt(root, name)
        # By the scorer strong is right on every case and weak on every second one.
        write_suite(
            root, "judged", {"weak": set(range(0, CASES, 2)), "strong": set(range(CASES))}, cases=CASES
        )
        opened = Workspace.open(root)
        yield opened
        opened.close()


@pytest.fixture
def run(workspace):
    record = workspace.runs.follow(workspace.runs.start("judged").id)
    assert record.status == "complete"
    return record.id


def sample(workspace, run: str, path: Path, cases: int = 60) -> list[dict[str, str]]:
    write_sample(workspace, run, path, cases=cases)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def as_people_see(row: dict[str, str]) -> str:
    """Give every answer to an odd case a fail, whatever the scorer says."""
    return "pass" if int(row["case"][1:]) % 2 == 0 else "fail"


def test_labels_undo_what_a_scorer_does_for_one_version_and_say_how_far_it_agrees(workspace, run, tmp_path):
    rows = sample(workspace, run, tmp_path / "sample.csv")
    # Nothing tells whose answer it is or what the scorer said, and both answers to a case stand together.
    assert list(rows[0]) == ["cell", "case", "input", "expected", "output", "label:accuracy", "rater"]
    assert [row["case"] for row in rows[::2]] == [row["case"] for row in rows[1::2]]
    assert len({row["case"] for row in rows}) == 60
    raw = workspace.runs.compare(f"{run}:weak", f"{run}:strong")
    assert raw.verdict == "better" and raw.labels == []
    before = workspace.runs.fingerprint(run)
    for row in rows:
        row["label:accuracy"] = as_people_see(row)
    made = import_labels(workspace, run, write(tmp_path / "done.csv", rows), rater="ann")
    assert (made.labels, made.replaced, made.answers) == (120, 0, 120)
    assert workspace.runs.fingerprint(run) != before

    found = workspace.runs.compare(f"{run}:weak", f"{run}:strong")
    (told,) = found.to_dict()["labels"]
    seen = told["difference"]["corrected"]
    assert seen["raw"] == pytest.approx(0.5) and seen["value"] == pytest.approx(0.0)
    assert seen["ci_low"] < 0 < seen["ci_high"] and (seen["n"], seen["labelled"]) == (120, 60)
    assert found.verdict == "better" and found.warnings[0].startswith("accuracy says better, and people")
    agreement = told["agreement"]
    odd = sum(int(row["case"][1:]) % 2 for row in rows) // 2
    assert (agreement["passed_wrongly"], agreement["failed_wrongly"]) == (odd, 0)
    assert agreement["kappa"]["agreed"] == pytest.approx(1 - odd / 120)
    assert agreement["kappa"]["ci_low"] < agreement["kappa"]["kappa"] < agreement["kappa"]["ci_high"]

    (report,) = report_of(workspace, run)["labels"]
    strong = next(v for v in report["versions"] if v["prompt"] == "strong")["corrected"]
    assert strong["raw"] == 1.0 and strong["ci_low"] < 0.5 < strong["ci_high"] < 0.8
    lines = "\n".join(label_lines([report]))
    assert "as people see it" in lines and "100.0 % by the scorer; 60 of 120 cases labelled" in lines
    content = content_of(workspace, run, ["weak"])
    assert "corrected by people's labels the difference is" in to_markdown(content)
    assert "<h3>As people see it</h3>" in to_html(content, Options())

    # The same person again: the newer label counts. Another one is another label.
    again = import_labels(workspace, run, tmp_path / "done.csv", rater="ann")
    assert again.replaced == 120
    for row in rows:
        row["label:accuracy"] = "1"
    import_labels(workspace, run, write(tmp_path / "bob.csv", rows), rater="bob")
    (report,) = report_of(workspace, run)["labels"]
    # Bob passes all, so the scorer is as he is on the strong version and on half of the weak one.
    assert report["agreement"]["labels"] == 240 and report["agreement"]["kappa"]["n"] == 240
    assert report["agreement"]["among"]["agreed"] == pytest.approx(1 - odd / 60)
    assert report["agreement"]["failed_wrongly"] == odd
    assert workspace.store.human_labels.remove(run, rater="bob") == 120


def test_answers_are_named_by_what_a_report_says_of_them(workspace, run, tmp_path):
    lines = [
        {"case": f"c{n}", "prompt": name, "version": None, "label": 4 if n % 2 else 5, "rater": "cid"}
        for n in range(25)
        for name in ("weak", "strong@1")
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert import_labels(workspace, run, path, scale=(1, 5)).scorers == {"accuracy": 50}
    values = {
        label.cell.case_id: label.value
        for label in workspace.store.human_labels.of_run(run)
        if label.cell.prompt_index == 1
    }
    assert values["c0"] == 1.0 and values["c1"] == 0.75
    # The first 25 are no random part, but the scorer cannot tell; of the five left it is told that they are too few.
    workspace.store.human_labels.remove(run)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines[:10]), encoding="utf-8")
    import_labels(workspace, run, path, scale=(1, 5))
    (told,) = workspace.runs.compare(f"{run}:weak", f"{run}:strong").labels
    assert (
        told["difference"]["corrected"] is None
        and "5 labelled cases are too few" in told["difference"]["note"]
    )


def test_labelled_cases_that_are_not_like_the_others_are_told(workspace, run, tmp_path):
    path = tmp_path / "easy.jsonl"
    lines = [{"case": f"c{n}", "prompt": "weak", "label": True} for n in range(0, CASES, 2)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    import_labels(workspace, run, path)
    (told,) = report_of(workspace, run)["labels"]
    assert (
        "no random part of all, for the scorer gives them 100.0 % and the others 0.0 %"
        in told["versions"][0]["note"]
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"case": "c1", "label": "pass"}, "it fits 2 answers to case c1"),
        ({"case": "c999", "label": "pass"}, "no such answer"),
        ({"case": "c1", "prompt": "weak", "label": "great"}, '"great" is no label'),
        ({"case": "c1", "prompt": "weak", "label": "7"}, "A label lies within 0 and 1"),
        ({"case": "c1", "prompt": "weak", "label": "1", "output": "another"}, "not the one in this run"),
        ({"case": "c1", "prompt": "weak", "label": "1", "run": "20200101"}, "another run"),
        ({"case": "c1", "prompt": "weak", "label:tone": "1"}, 'no scorer "tone"'),
        ({"cell": "99999999", "label": "1"}, "no cell 99999999"),
        ({"case": "c1", "prompt": "weak", "label": ""}, "holds no label"),
    ],
)
def test_a_row_that_cannot_be_used_stores_nothing(workspace, run, tmp_path, row, said):
    good = dict.fromkeys(row, "") | {
        "case": "c2",
        "prompt": "weak",
        "label": "" if said == "holds no label" else "1",
    }
    keys = dict.fromkeys([*good, *row])
    path = write(tmp_path / "bad.csv", [{key: one.get(key, "") for key in keys} for one in (good, row)])
    if "output" in keys:
        path.write_text(path.read_text().replace("c2,weak,1,", "c2,weak,1,a2"))
    with pytest.raises((BadInput, DatasetError), match=f"(?i){said}"):
        import_labels(workspace, run, path)
    assert workspace.store.human_labels.of_run(run) == []


def test_a_file_that_is_there_is_not_written_over(workspace, run, tmp_path):
    path = tmp_path / "labels.csv"
    sample(workspace, run, path, cases=3)
    with pytest.raises(BadInput, match="is there already"):
        write_sample(workspace, run, path, cases=3)
    write_sample(workspace, run, tmp_path / "again.csv", cases=3)
    assert path.read_bytes() == (tmp_path / "again.csv").read_bytes()
