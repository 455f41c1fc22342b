"""Cases from every kind of file that people keep them in, and one clear sentence for every fault."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import DatasetError
from workbench.evals.datasets import EXPECTED_NAMES, load_cases
from workbench.files import dump_yaml

ROWS = [
    {"id": "a", "vars": {"text": "one, two"}, "expected": "x", "metadata": {"lang": "de"}},
    {"id": "b", "vars": {"text": "„drei“\nvier"}, "expected": "y", "metadata": {"lang": "日本語"}},
]


def _jsonl(rows) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _csv(delimiter=",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["id", "text", "expected", "metadata.lang"])
    for row in ROWS:
        writer.writerow([row["id"], row["vars"]["text"], row["expected"], row["metadata"]["lang"]])
    return out.getvalue()


FILES = {
    "cases.jsonl": _jsonl(ROWS),
    "cases.json": json.dumps(ROWS),
    "wrapped.json": json.dumps({"cases": ROWS}),
    "cases.csv": _csv(),
    "semicolons.csv": _csv(";"),
    "cases.tsv": _csv("\t"),
    "cases.yaml": dump_yaml(ROWS),
    "wrapped.yml": dump_yaml({"cases": ROWS}),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_every_format_gives_the_same_cases_on_every_system(tmp_path, name, ends, encoding):
    text = FILES[name].replace("\r\n", "\n").replace("\n", ends)
    (tmp_path / name).write_bytes(text.encode(encoding))
    found = load_cases(name, base=tmp_path)
    listed = load_cases(ROWS, base=tmp_path)
    assert found.cases == listed.cases
    assert found.sha256 == listed.sha256


@pytest.mark.parametrize("name", EXPECTED_NAMES)
def test_other_tools_names_for_the_expected_answer_are_understood(tmp_path, name):
    row = {"question": "6·7?", name: "42"}
    [case] = load_cases([row], base=tmp_path).cases
    assert (case.vars, case.expected) == ({"question": "6·7?"}, "42")
    column = name if name.startswith("__") else name.upper()
    (tmp_path / "c.csv").write_text(f"question,{column},__metadata:topic\n6·7?,42,maths\n")
    [case] = load_cases("c.csv", base=tmp_path).cases
    assert (case.vars, case.expected, case.metadata) == ({"question": "6·7?"}, "42", {"topic": "maths"})


def test_a_case_without_id_stays_the_same_case_when_its_expected_answer_is_corrected(tmp_path):
    [before], [after] = (
        load_cases([{"vars": {"q": 1}, "expected": answer}], base=tmp_path).cases for answer in ("a", "b")
    )
    assert before.id == after.id


def test_the_hash_follows_the_content_and_not_the_spelling(tmp_path):
    first = load_cases([{"id": "a", "vars": {"x": 1, "y": 2}}], base=tmp_path)
    assert load_cases([{"vars": {"y": 2, "x": 1}, "id": "a"}], base=tmp_path).sha256 == first.sha256
    assert load_cases([{"id": "a", "vars": {"x": 1, "y": 3}}], base=tmp_path).sha256 != first.sha256


def test_ten_megabytes_of_cases_are_read(tmp_path):
    rows = [{"id": str(n), "vars": {"text": "long text " * 100}, "expected": n} for n in range(10_000)]
    (tmp_path / "big.jsonl").write_text(_jsonl(rows))
    assert (tmp_path / "big.jsonl").stat().st_size > 10_000_000
    assert len(load_cases("big.jsonl", base=tmp_path).cases) == 10_000


def test_a_file_beyond_the_limit_is_refused_in_one_sentence(tmp_path):
    with (tmp_path / "huge.csv").open("wb") as stream:
        stream.truncate(60_000_000)
    with pytest.raises(DatasetError, match=r"60\.0 MB and the limit is 50 MB.*split it"):
        load_cases("huge.csv", base=tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "line", "says"),
    [
        ("c.jsonl", '{"id": "a"}\n\n{"id": \n', 3, "not valid JSON"),
        ("c.jsonl", '{"id": "a"}\n[1]\n', 2, "not a JSON object"),
        ("c.jsonl", '{"id": "a"}\n{"id": "a"}\n', 2, 'The id "a" is that of line 1 too'),
        (
            "c.jsonl",
            '{"q": 1, "expected": 2}\n{"q": 1, "expected": 3}\n',
            2,
            "same variables as that of line 1",
        ),
        ("c.jsonl", '{"id": {}}\n', 1, "id must be text or a number"),
        ("c.jsonl", '{"id": "a", "vars": {}, "expcted": 1}\n', 1, 'perhaps "expected" is meant'),
        ("c.jsonl", '{"id": "a", "vars": [1]}\n', 1, "vars must be a mapping"),
        ("c.jsonl", '{"id": "a", "vars": {"x": NaN}}\n', 1, "NaN"),
        ("c.jsonl", '{"id": "a", "vars": {"x": "\\ud800"}}\n', 1, "surrogate"),
        ("c.jsonl", '{"id": "a", "scorers": [{"type": "exakt"}]}\n', 1, 'perhaps "exact" is meant'),
        ("c.jsonl", "\n", None, "There is no case"),
        ("c.json", '[{"id": "a"},\n}]', 2, "not valid JSON"),
        ("c.json", '{"rows": []}', None, "no list of cases"),
        ("c.json", "[" * 100_000, None, "nested too deeply"),
        ("c.csv", "id,text\na,one,two\n", 2, "3 columns and the header has 2"),
        ("c.csv", "id,id\na,b\n", 1, 'Two columns are called "id"'),
        ("c.csv", 'id,text\na,"open\n', 2, "not valid CSV"),
        ("c.csv", "id,__provider\na,b\n", 1, "has no meaning here"),
        ("c.yaml", "- id: a\n- id: a\n", 2, 'The id "a"'),
        ("c.yaml", "- id: [a\n", None, ""),
        ("c.docx", "", None, "use .jsonl"),
        ("c.xlsx", "", None, "not a valid Excel"),
        ("c.parquet", "", None, "not valid Parquet"),
    ],
)
def test_a_fault_names_the_file_the_line_and_what_to_do(tmp_path, name, text, line, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError) as refused:
        load_cases(name, base=tmp_path)
    assert says in str(refused.value)
    assert name in str(refused.value)
    if line:
        assert refused.value.line == line


@pytest.mark.parametrize("content", ["ä".encode("latin-1"), b"\xff\xfe{\x00"])
def test_a_file_in_another_encoding_says_to_save_it_as_utf_8(tmp_path, content):
    (tmp_path / "c.jsonl").write_bytes(b'{"id": "a"}\n' + content)
    with pytest.raises(DatasetError, match="UTF-8"):
        load_cases("c.jsonl", base=tmp_path)
    with pytest.raises(DatasetError, match="There is no such file of cases"):
        load_cases("none.jsonl", base=tmp_path)


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.dictionaries(st.text(max_size=8), _plain, max_size=4), max_size=4))
def test_any_list_of_mappings_gives_cases_or_one_of_our_errors(tmp_path_factory, rows):
    try:
        found = load_cases(rows, base=tmp_path_factory.getbasetemp())
    except DatasetError as refused:
        assert str(refused).endswith(".")
    else:
        assert len({case.id for case in found.cases}) == len(rows)
