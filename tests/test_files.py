"""Files that people edit: what is read back, and what is refused in one sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import BadInput
from workbench.files import check_name, dump_yaml, load_yaml, read_text

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_whatever_is_written_as_yaml_is_read_back_the_same(data):
    assert load_yaml(dump_yaml(data)).data == data


@pytest.mark.parametrize(
    "text", ["0E0", "1e5", "0o17", "010", "12:30", "no", "~", "a\x85b", "\u2028", "a\r\nb"]
)
def test_text_that_looks_like_something_else_stays_that_text(text):
    assert load_yaml(dump_yaml({"key": text})).data == {"key": text}


def test_words_that_yaml_1_1_turns_into_other_things_stay_text():
    document = load_yaml("country: no\nstate: on\ntime: 12:30\nday: 2026-11-21\noctal: 010\n")
    assert document.data == {
        "country": "no",
        "state": "on",
        "time": "12:30",
        "day": "2026-11-21",
        "octal": 10,
    }


def test_a_nodes_line_is_known_so_that_an_error_can_point_at_it():
    document = load_yaml("a: 1\nb:\n  - x\n  - y: 2\n")
    assert document.line("b", 1, "y") == 4
    assert document.line("b", 1, "absent") == 4


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ("a: 1\na: 2\n", 2, "twice"),
        ("a: [1\nb: 2", 2, "not valid YAML"),
        ("a: !!python/object/apply:os.system ['true']", 1, "not allowed"),
        ("a: &a [x,x]\nb: [" + "*a," * 200 + "]", 2, "aliases"),
        ("[" * 500 + "]" * 500, 1, "deep"),
        ("? " * 50_000, 1, "deep"),
        ("- ? " * 25_000, 1, "deep"),
    ],
)
def test_broken_or_hostile_yaml_is_refused_in_one_sentence_with_its_line(source, line, says):
    with pytest.raises(BadInput, match=says) as caught:
        load_yaml(source, file="p.yml")
    assert caught.value.line == line
    assert str(caught.value).startswith(f"p.yml, line {line}: ")


def test_windows_line_ends_and_byte_order_marks_do_not_show(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert read_text(path) == "one\ntwo\n"


def test_a_file_that_is_not_utf8_names_the_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"fine\nbad \xff\n")
    with pytest.raises(BadInput, match="line 2: The file is not UTF-8"):
        read_text(path)


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", "a\\b", "-rf", ".hidden", "con", "a\0b", "x" * 101, "a..b", "a\n"]
)
def test_names_that_could_leave_the_folder_or_break_a_system_are_refused(name):
    with pytest.raises(BadInput):
        check_name(name)


@pytest.mark.parametrize("name", ["triage", "résumé-2", "要約", "a.b_c", "v 2"])
def test_names_in_any_script_are_fine(name):
    assert check_name(name) == name
