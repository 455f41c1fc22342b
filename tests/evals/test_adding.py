"""A case is added at the end of a file, and nothing else in the file changes."""

from __future__ import annotations

import json

import pytest

from workbench.errors import ConflictError, DatasetError
from workbench.evals.adding import add_case, add_to_suite_file
from workbench.evals.datasets import CaseSource, load_cases
from workbench.evals.suite import load_suite
from workbench.evals.types import Case

NEW = Case("new", {"q": 'Say "ä", now\nplease'}, "yes", {"tags": ["regression"]})
FILES = {
    "c.jsonl": '{"id": "a",  "vars": {"q": "1"}}',
    "d.jsonl": '\ufeff{"id": "a", "vars": {"q": "1"}}\r\n',
    "c.csv": "id,q,expected\na,1,x\n",
    "c.tsv": "id\tq\texpected\na\t1\tx",
    "c.yaml": "# by hand\n- id: a\n  vars: {q: '1'}   # odd\n",
    "c.json": '[ {"id": "a",\n  "vars": {"q": "1"}} ]\n',
}


@pytest.mark.parametrize("name", FILES)
def test_a_case_is_added_and_the_rest_stays_as_it_was_written(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FILES[name].encode())
    [before] = load_cases(name, base=tmp_path).cases
    add_case(CaseSource(name), tmp_path, NEW)
    first, added = load_cases(name, base=tmp_path).cases
    assert first == before
    assert (added.id, added.vars, added.expected) == (NEW.id, NEW.vars, NEW.expected)
    kept = FILES[name].rstrip().rstrip("]").rstrip()
    assert path.read_bytes().decode().startswith(kept)
    if not name.endswith(("csv", "tsv")):
        assert added.metadata == NEW.metadata
    with pytest.raises(ConflictError, match='a case "new" already'):
        add_case(CaseSource(name), tmp_path, NEW)


def test_a_case_that_a_table_has_no_column_for_is_refused_and_nothing_is_written(tmp_path):
    (tmp_path / "c.csv").write_text("id,other\na,1\n")
    with pytest.raises(DatasetError, match=r"no column for expected, vars\.q"):
        add_case(CaseSource("c.csv"), tmp_path, NEW)
    (tmp_path / "c.yaml").write_text("cases:\n  - id: a\nmore: 1\n")
    with pytest.raises(DatasetError, match="plain list"):
        add_case(CaseSource("c.yaml"), tmp_path, NEW)
    assert (tmp_path / "c.csv").read_text() == "id,other\na,1\n"


def test_a_case_is_added_to_a_suite_that_holds_its_cases_itself(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    head = "# mine\nscorers: [exact]\ncases:\n  - {id: a, vars: {q: '1'}, expected: x}  # first\n"
    (folder / "suite.yaml").write_text(head)
    add_to_suite_file(folder / "suite.yaml", 1, NEW)
    assert (folder / "suite.yaml").read_text().startswith(head)
    assert load_suite(folder, root=tmp_path).dataset.cases[1] == NEW
    (folder / "suite.yaml").write_text(json.dumps({"cases": [{"id": "a", "vars": {}}], "scorers": ["exact"]}))
    with pytest.raises(DatasetError, match="last field"):
        add_to_suite_file(folder / "suite.yaml", 1, NEW)
