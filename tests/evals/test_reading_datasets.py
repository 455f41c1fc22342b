"""Files as other people and tools leave them: encodings, tables, shapes, columns, and any size."""

from __future__ import annotations

import json

import pytest

from workbench.errors import DatasetError, SuiteError
from workbench.evals.datasets import CaseSource, load_cases, open_cases
from workbench.evals.datasets.promptfoo import promptfoo_row
from workbench.evals.suite import load_suite
from workbench.files import dump_yaml

ROWS = [
    {"id": "a", "question": "Größe?", "expected": "5", "metadata.topic": "x"},
    {"id": "b", "question": "Höhe?"},
]


def _only(path, **told):
    stream = open_cases(CaseSource(str(path), **told))
    return list(stream), stream


def _table(encoding, delimiter=","):
    lines = [
        ["id", "question", "expected", "metadata.topic"],
        ["a", "Größe?", "5", "x"],
        ["b", "Höhe?", "", ""],
    ]
    return "\n".join(delimiter.join(line) for line in lines).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_as_excel_saves_it_is_read_and_what_was_guessed_is_shown(tmp_path, encoding, delimiter):
    (tmp_path / "t.csv").write_bytes(_table(encoding, delimiter))
    cases, stream = _only(tmp_path / "t.csv")
    assert [case.vars for case in cases] == [{"question": "Größe?"}, {"question": "Höhe?"}]
    assert (cases[0].expected, cases[1].expected, cases[0].metadata) == ("5", None, {"topic": "x"})
    assert (stream.found.encoding, stream.found.delimiter) == (encoding, delimiter)
    assert stream.found.columns["question"] == "vars.question"
    assert any("cp1252" in note for note in stream.found.notes) == (encoding == "cp1252")


def test_a_guess_can_be_corrected(tmp_path):
    (tmp_path / "t.txt").write_bytes("Nr:Frage:Lösung:Egal\n7:a,b:c:d\n".encode("latin-1"))
    told = {"encoding": "latin-1", "delimiter": ":", "format": "csv", "id": "Nr"}
    columns = {"Frage": "vars.question", "Lösung": "expected", "Egal": "skip"}
    [case], _ = _only(tmp_path / "t.txt", **told, columns=columns)
    assert (case.id, case.vars, case.expected) == ("7", {"question": "a,b"}, "c")
    with pytest.raises(DatasetError, match='no column "Antwort": the columns are: Nr, Frage'):
        _only(tmp_path / "t.txt", **told, columns={"Antwort": "expected"})
    with pytest.raises(DatasetError, match="not ascii text"):
        _only(tmp_path / "t.txt", **{**told, "encoding": "ascii"})


def test_parquet_excel_and_a_saved_hugging_face_dataset_give_the_cases_of_the_csv_file(tmp_path):
    import openpyxl
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "t.csv").write_bytes(_table("utf-8"))
    table = pa.Table.from_pylist([{name: row.get(name) for name in ROWS[0]} for row in ROWS])
    pq.write_table(table, tmp_path / "t.parquet")
    book = openpyxl.Workbook()
    for line in (list(ROWS[0]), list(ROWS[0].values()), ["b", "Höhe?", None, None]):
        book.active.append(line)
    book.save(tmp_path / "t.xlsx")
    wanted = load_cases("t.csv", base=tmp_path)
    for name in ("t.parquet", "t.xlsx"):
        assert load_cases(name, base=tmp_path).cases == wanted.cases, name
        assert load_cases(name, base=tmp_path).sha256 == wanted.sha256, name


def test_a_folder_that_hugging_face_saved_is_read_and_a_name_without_network_is_one_sentence(
    tmp_path, monkeypatch
):
    import datasets
    import huggingface_hub

    datasets.Dataset.from_list([{"question": "6·7?", "answer": "42"}]).save_to_disk(str(tmp_path / "saved"))
    [case], stream = _only(tmp_path / "saved")
    assert (case.vars, case.expected, stream.found.format) == ({"question": "6·7?"}, "42", "huggingface")

    def unreachable(*args, **kwargs):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    with pytest.raises(
        DatasetError, match="cannot be reached, so openai/gsm8k cannot be read: give the path"
    ):
        list(open_cases(CaseSource(huggingface="openai/gsm8k")))


CHAT = [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hi"}]
SHAPES = [
    ("OpenAI evals", {"input": CHAT, "ideal": "Hello"}, {"system": "Be brief", "input": "Hi"}, "Hello", {}),
    (
        "Inspect",
        {"input": "Which?", "target": "A", "choices": ["x", "y"], "id": 1, "metadata": {"k": 1}},
        {"input": "Which?", "choices": ["x", "y"]},
        "A",
        {"k": 1},
    ),
    ("Langfuse", {"input": {"q": "Hi"}, "expectedOutput": "Ho", "metadata": None}, {"q": "Hi"}, "Ho", {}),
    ("Langfuse", {"input": "Hi", "expectedOutput": "Ho"}, {"input": "Hi"}, "Ho", {}),
    (
        "DeepEval",
        {
            "input": "q",
            "actual_output": "o",
            "expected_output": "e",
            "context": None,
            "retrieval_context": ["c"],
        },
        {"input": "q", "retrieval_context": ["c"]},
        "e",
        {"actual_output": "o"},
    ),
    (
        "Ragas",
        {"user_input": "q", "retrieved_contexts": ["c"], "response": "o", "reference": "e"},
        {"user_input": "q", "retrieved_contexts": ["c"]},
        "e",
        {"response": "o"},
    ),
    (
        "MLflow",
        {"inputs": {"q": 1}, "expectations": {"expected_response": "e"}, "outputs": "o"},
        {"q": 1},
        "e",
        {"outputs": "o"},
    ),
    (
        "chat messages",
        {"messages": [*CHAT, {"role": "assistant", "content": "Hello"}]},
        {"system": "Be brief", "input": "Hi"},
        "Hello",
        {},
    ),
]


@pytest.mark.parametrize(("shape", "row", "values", "expected", "metadata"), SHAPES)
def test_the_rows_of_other_tools_are_recognised_by_their_columns(
    tmp_path, shape, row, values, expected, metadata
):
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    [case], stream = _only(tmp_path / "rows.jsonl")
    assert (case.vars, case.expected, case.metadata) == (values, expected, metadata)
    assert stream.found.shape == shape


def test_promptfoos_columns_become_expectation_scorers_and_metadata(tmp_path):
    (tmp_path / "p.csv").write_text(
        "topic,__expected1,__expected2,__description,__metadata:lang\n"
        "bees,contains:honey,not-icontains:wasp,about bees,en\n"
    )
    [case], stream = _only(tmp_path / "p.csv")
    assert (case.vars, stream.found.shape) == ({"topic": "bees"}, "promptfoo")
    assert case.metadata == {"lang": "en", "description": "about bees"}
    assert [(s.type, s.params["value"], s.negate) for s in case.scorers] == [
        ("contains", "honey", False),
        ("icontains", "wasp", True),
    ]
    row = promptfoo_row({"a": "1", "__expected": "similar(0.8):Hello: you", "__threshold": "0.5"})
    assert row["assert"] == [{"type": "similar", "value": "Hello: you", "threshold": 0.8}]
    assert (row["threshold"], row["vars"]) == (0.5, {"a": "1"})
    assert promptfoo_row({"__expected": "Note: this"})["assert"] == [
        {"type": "equals", "value": "Note: this"}
    ]
    (tmp_path / "q.csv").write_text("a,__expected,__description\n1,javascript:true,x\n")
    with pytest.raises(DatasetError, match=r"line 2.*javascript"):
        _only(tmp_path / "q.csv")


def test_a_json_list_is_read_piece_by_piece_and_its_faults_have_their_line(tmp_path):
    rows = [{"id": str(n), "vars": {"t": "x\n" * n, "n": [n]}} for n in range(3000)]
    (tmp_path / "c.json").write_text(json.dumps(rows, indent=1))
    assert [case.id for case in _only(tmp_path / "c.json")[0]] == [row["id"] for row in rows]
    for text in ('[{"id": "a"} {"id": "b"}]', '[{"id": "a"}]]', '[{"id": "a"}', "[1,]", "[,1]"):
        (tmp_path / "c.json").write_text("\n\n" + text)
        with pytest.raises(DatasetError) as refused:
            _only(tmp_path / "c.json")
        assert "valid JSON" in str(refused.value) or "must be a mapping" in str(refused.value)
        assert refused.value.line == 3


def test_a_suite_takes_a_part_of_a_file_that_it_describes(tmp_path):
    folder = tmp_path / "evals" / "s"
    folder.mkdir(parents=True)
    (folder / "t.csv").write_text("no;frage;loesung\n" + "".join(f"{n};q{n};a{n}\n" for n in range(400)))
    cases = {
        "file": "t.csv",
        "delimiter": ";",
        "columns": {"frage": "vars.question", "loesung": "expected"},
        "id": "no",
        "split": "test",
    }
    suite = {"cases": cases, "scorers": ["exact"]}
    (folder / "suite.yaml").write_text(dump_yaml(suite))
    dataset = load_suite(folder, root=tmp_path).dataset
    assert dataset.about["splits"].keys() == {"train", "dev", "test"}
    assert len(dataset.cases) == dataset.about["splits"]["test"] and 20 < len(dataset.cases) < 65
    assert dataset.cases[0].vars == {"question": f"q{dataset.cases[0].id}"}
    for change, says in (
        ({"split": "tset"}, 'None of the 400 cases is in the split "tset"'),
        (
            {"delimeter": ";"},
            'field cases.delimeter: There is no field "delimeter": perhaps "delimiter"',
        ),
        ({"file": "../../../t.csv"}, "leads out of the workspace"),
        ({"columns": {"frage": "question"}}, "cases.columns.frage"),
        ({"huggingface": "a/b"}, "either a file or a dataset"),
    ):
        (folder / "suite.yaml").write_text(dump_yaml({"cases": {**cases, **change}, "scorers": ["exact"]}))
        with pytest.raises((SuiteError, DatasetError)) as refused:
            load_suite(folder, root=tmp_path)
        assert says in str(refused.value)
