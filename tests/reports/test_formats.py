"""Each format is read back by a parser of its own, and nothing that a model wrote is more than text in it."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt
from support.hostile_run import CASES, MODEL, OUTPUTS

from workbench.errors import BadInput
from workbench.reports import comment, formats, github
from workbench.reports.content import Content, Options
from workbench.reports.junit import to_junit
from workbench.reports.rows import to_csv, to_parquet

WITH, WITHOUT, RESULTS = Options(outputs=True), Options(outputs=False), Options(rows="results")


# -- JUnit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [Options(), WITH])
def test_junit_is_xml_whose_counts_are_right_and_whose_names_are_unique(hostile: Content, options: Options):
    root = ElementTree.fromstring(to_junit(hostile, options))
    assert root.tag == "testsuites" and {child.tag for child in root} == {"testsuite"}
    cases = root.findall("testsuite/testcase")
    assert len({case.get("name") for case in cases}) == len(cases) == 2 * len(CASES) + len(hostile.gate.rules)
    for suite in root:
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors")) == len(suite.findall("testcase/error"))
    answers = root.findall("testsuite")[-1]
    assert (answers.get("failures"), answers.get("errors")) == ("9", "1")
    means = {p.get("name"): p.get("value") for p in answers.findall("properties/property")}
    assert re.fullmatch(r"0\.0 % \(95 % interval .+, n = 9, 1 error\)", means["accuracy"])


def test_junit_keeps_the_models_words_out_unless_asked_for(hostile: Content):
    quiet, full = to_junit(hostile, Options()), to_junit(hostile, WITH)
    assert "alert(1)" not in quiet and "xxxx" not in quiet and "HYPERLINK" not in quiet
    said = [e.text for e in ElementTree.fromstring(full).iter("system-out")]
    assert OUTPUTS[1] in said and OUTPUTS[0] in said
    assert len(full) < 300_000, "an output of a megabyte is cut"


# -- GitHub --------------------------------------------------------------------------------------------


def test_annotations_are_at_most_ten_lines_that_are_one_command_each(hostile: Content):
    lines = github.annotations(hostile, "evals/hos,tile:%/suite.yaml")
    assert 1 < len(lines) <= 10
    for line in lines:
        found = re.fullmatch(
            r"::(error|warning|notice) file=([^,:]+),line=(\d+),title=([^,:]+)::([^\r\n]+)", line
        )
        assert found, line
        assert found[2] == "evals/hos%2Ctile%3A%25/suite.yaml"
        assert "%" not in re.sub(r"%(25|0A|0D|3A|2C)", "", found[2] + found[4] + found[5])
    assert lines[0].startswith("::error ")
    # The suite's file says where its gate stands.
    where = hostile.suite_file.read_text("utf-8").splitlines().index("gate:") + 1
    assert any(f"line={where},title=hostile%3A gate" in line for line in lines)


def test_ten_annotations_are_kept_and_the_rest_counted(hostile: Content):
    lines = github.annotations(replace(hostile, comparisons=hostile.comparisons * 4))
    assert len(lines) == 10 and "more stand in the job's summary" in lines[-1]


def test_a_summary_stays_below_what_github_takes(hostile: Content):
    whole = github.summary(hostile)
    assert github.summary(hostile, taken=github.MAX_SUMMARY_BYTES - len(whole.encode())) == whole
    cut = github.summary(hostile, taken=github.MAX_SUMMARY_BYTES - 1500)
    assert len(cut.encode()) <= 1500 and cut.endswith("no room for it here.\n")
    assert github.summary(hostile, taken=github.MAX_SUMMARY_BYTES) == ""


# -- Markdown ------------------------------------------------------------------------------------------


def test_markdown_renders_to_the_verdict_and_tables_and_nothing_active(hostile: Content):
    text = comment.to_markdown(hostile)
    html = MarkdownIt("commonmark").enable("table").render(text)
    tags = set(re.findall(r"<([a-z0-9]+)", html))
    assert tags <= {"h2", "p", "strong", "blockquote", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
                    "details", "summary"}  # fmt: skip
    assert "href" not in html and "src=" not in html
    assert "1 answer failed" in html and "no verdict" in html
    assert len(text) <= comment.MAX_CHARACTERS


def test_a_folded_part_that_is_cut_is_closed():
    lines = ["# x", "<details><summary>All</summary>", "", *["| row |"] * 1000, "", "</details>"]
    text = comment.fitted(lines, 2000)
    assert len(text) <= 2000 and text.count("</details>") == 1


def read_csv(content: Content) -> list[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    return list(csv.DictReader(io.StringIO(to_csv(content, Options()), newline="")))


# -- tables --------------------------------------------------------------------------------------------


def test_csv_has_a_row_an_answer_and_no_formula(hostile: Content):
    rows = read_csv(hostile)
    assert len(rows) == 2 * len(CASES)
    for row in rows:
        assert None not in row and None not in row.values()
        for value in row.values():
            assert not value.startswith(("=", "+", "-", "@", "\t", "\r")), value[:50]
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", value)
    assert max(len(r["output"]) for r in rows) == 1_000_000
    assert "output" not in csv.DictReader(io.StringIO(to_csv(hostile, WITHOUT))).fieldnames


def test_an_unknown_number_is_empty_and_never_zero(hostile: Content):
    rows = read_csv(hostile)
    assert {r["cost_usd"] for r in rows if r["prompt"] == "a"} == {""}
    failed = [r for r in rows if r["error"]]
    assert len(failed) == 1 and failed[0]["score:accuracy"] == "" and failed[0]["score_error:accuracy"]


def test_parquet_keeps_text_as_it_was_and_has_types(hostile: Content):
    table = pq.read_table(io.BytesIO(to_parquet(hostile, Options())))
    found = {(r["prompt"], r["case"]): r for r in table.to_pylist()}
    for n, case in enumerate(CASES[:-1]):
        assert found["b", case]["output"] == OUTPUTS[n]
        assert found["b", case]["score:accuracy"] == 0.0 and found["b", case]["passed:accuracy"] is False
    assert found["b", CASES[-1]]["output"] is None and found["b", CASES[-1]]["score:accuracy"] is None
    assert found["a", "plain"]["model"] == MODEL
    figures = json.loads(table.schema.metadata[b"workbench.report"])
    assert figures["comparisons"][0]["verdict"] == hostile.comparisons[0].comparison.verdict


@pytest.mark.parametrize("write", [to_csv, to_parquet])
def test_rows_of_results_have_n_and_an_interval(hostile: Content, write):
    made = write(hostile, RESULTS)
    if isinstance(made, bytes):
        rows = pq.read_table(io.BytesIO(made)).to_pylist()
    else:
        rows = list(csv.DictReader(io.StringIO(made, newline="")))
    means = [r for r in rows if r["kind"] == "mean"]
    assert len(means) == len(hostile.summaries)
    assert all(r["n"] not in ("", None) and r["ci_low"] not in ("", None) for r in means)
    assert next(r["baseline"] for r in rows if r["kind"] == "difference") == "a@1"


# -- all -----------------------------------------------------------------------------------------------


def test_json_is_what_the_run_says_and_its_comparisons(hostile: Content):
    data = json.loads(formats.FORMATS["json"].render(hostile, Options()))
    assert data["run"] == hostile.run["run"] and data["cells"]["errors"] == 1
    assert data["comparisons"][0]["a"] == "a@1"
    assert len(data["error_cells"]) >= 1


def test_a_file_is_written_whole_or_refused_in_one_sentence(hostile: Content, tmp_path):
    for name in formats.FORMATS:
        formats.write_report(hostile, name, tmp_path / "new" / name, Options())
        assert (tmp_path / "new" / name).stat().st_size > 0
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot be written"):
        formats.write_report(hostile, "json", tmp_path / "file" / "report.json", Options())
