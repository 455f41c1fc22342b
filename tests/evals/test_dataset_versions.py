"""Versions, splits and duplicates: what must hold however large a dataset is and however it grows."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import Workspace
from workbench.errors import DatasetError
from workbench.evals.datasets import CaseSource, duplicates, open_cases
from workbench.evals.datasets.compare import diff_datasets
from workbench.evals.datasets.duplicates import find_duplicates, near_groups
from workbench.evals.datasets.nearness import NearIndex
from workbench.evals.datasets.splits import DEFAULT_SHARES, Stratifier, split_of, splitter
from workbench.evals.suite import load_suite
from workbench.evals.types import Case

WORDS = [
    *("invoice", "parcel", "refund", "late", "broken", "colour", "charger", "screen", "order"),
    *("address", "email", "login", "reset", "card", "twice"),
]


def _texts(count: int, seed: int = 0) -> list[str]:
    pick = random.Random(seed)
    return [" ".join(pick.choices(WORDS, k=12)) + f" {pick.randrange(10**6)}" for _ in range(count)]


def _opener(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return lambda: open_cases(CaseSource(str(path)))


def test_a_difference_lists_what_was_added_removed_and_changed_and_in_which_fields(tmp_path):
    rows = [{"id": str(n), "vars": {"q": n}, "expected": n, "metadata": {"k": "x"}} for n in range(50)]
    changed = [{**row} for row in rows]
    changed[7] = {**rows[7], "expected": 8}
    changed[9] = {**rows[9], "vars": {"q": True}, "metadata": {}}
    later = [*changed[:20], *changed[22:], {"id": "new", "vars": {"q": 1}}]
    a, b = _opener(tmp_path / "a.jsonl", rows), _opener(tmp_path / "b.jsonl", later)
    found = diff_datasets(a, b)
    assert [case.id for case in found.added] == ["new"]
    assert [case.id for case in found.removed] == ["20", "21"]
    assert [(c.id, c.fields) for c in found.changed] == [
        ("7", ("expected",)),
        ("9", ("vars.q", "metadata.k")),
    ]
    assert found.sentence == "1 added, 2 removed, 2 changed, 46 the same"
    assert diff_datasets(a, a).sentence == "Nothing differs: 50 cases"
    mixed = _opener(tmp_path / "c.jsonl", rows[::-1])
    assert diff_datasets(a, mixed).sentence == "The same 50 cases in another order"
    few = diff_datasets(_opener(tmp_path / "d.jsonl", rows[:1]), b, listed=3)
    assert (few.added_count, [case.id for case in few.added]) == (48, ["1", "2", "3"])


_ids = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True, min_size=1, max_size=30
)


@settings(max_examples=40, deadline=None)
@given(_ids, _ids, st.integers(0, 5))
def test_a_case_stays_in_its_split_whatever_else_comes_or_goes(ids, others, seed):
    before = {name: split_of(Case(name), DEFAULT_SHARES, seed) for name in ids}
    after = {name: split_of(Case(name), DEFAULT_SHARES, seed) for name in [*reversed(others), *ids]}
    assert all(after[name] == split for name, split in before.items())
    assert split_of(Case(ids[0], metadata={"split": "validation"}), DEFAULT_SHARES, seed) == "dev"
    assert split_of(Case(ids[0], metadata={"split": "holdout"}), DEFAULT_SHARES, seed) == "holdout"


def test_splits_have_their_shares_and_another_seed_gives_others():
    cases = [Case(f"case {n}") for n in range(5000)]
    counts = Counter(split_of(case, DEFAULT_SHARES) for case in cases)
    # Four standard errors of a share of 0.1 among 5,000.
    assert abs(counts["test"] - 500) < 85 and abs(counts["train"] - 4000) < 115
    moved = sum(split_of(case, DEFAULT_SHARES, 1) != split_of(case, DEFAULT_SHARES) for case in cases)
    assert 1300 < moved < 2100


_topics = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(_topics, _topics, st.integers(0, 5))
def test_splits_by_a_field_keep_their_shares_in_each_value_and_move_nothing_when_cases_are_appended(
    topics, more, seed
):
    cases = [Case(f"c{n}", metadata={"topic": topic}) for n, topic in enumerate([*topics, *more])]
    before, after = (
        list(map(splitter(DEFAULT_SHARES, seed, "topic"), some)) for some in (cases[: len(topics)], cases)
    )
    assert after[: len(topics)] == before
    counts: Counter = Counter()
    for case, name in zip(cases, after, strict=True):
        topic = case.metadata["topic"]
        counts[topic, name] += 1
        number = sum(counts[topic, split] for split in DEFAULT_SHARES)
        assert counts[topic, name] < DEFAULT_SHARES[name] * number + 1 + 1e-9
    held = [Case(c.id, metadata={**c.metadata, "split": "holdout"}) for c in cases]
    assert set(map(splitter(DEFAULT_SHARES, seed, "topic"), held)) == {"holdout"}


def test_a_suite_and_its_exports_take_the_split_that_is_stratified(tmp_path):
    rows = [
        {"id": f"c{n}", "vars": {"q": n}, "metadata": {"lang": "de" if n % 10 == 0 else "en"}}
        for n in range(200)
    ]
    folder = tmp_path / "evals" / "s"
    folder.mkdir(parents=True)
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def suite(**more):
        cases = {"file": "cases.jsonl", "split": "test", **more}
        (folder / "suite.yaml").write_text(json.dumps({"cases": cases, "scorers": ["not_empty"]}))
        return load_suite(folder, root=tmp_path).dataset.cases

    assert Counter(case.metadata["lang"] for case in suite(seed=2)) == {"de": 5, "en": 26}
    taken = suite(seed=2, stratify="lang")
    assert Counter(case.metadata["lang"] for case in taken) == {"de": 2, "en": 18}
    ws, out = Workspace.open(tmp_path), tmp_path / "out.jsonl"
    ws.datasets.export("s", out, to="jsonl", split="test")
    written = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    assert written == [case.id for case in taken] and ws.datasets.split("s").counts["test"] == len(taken)
    ws.close()
    with pytest.raises(DatasetError, match='No case has "lnag" in its metadata'):
        suite(stratify="lnag")


def _stratified(cases, by="topic", seed=0):
    stratifier = Stratifier(DEFAULT_SHARES, seed=seed, by=by)
    for case in cases:
        stratifier.add(case)
    return [stratifier.names[index] for index in stratifier.assign()]


def test_a_stratified_split_has_its_shares_in_every_stratum_and_moves_nothing_when_cases_are_added():
    cases = [Case(f"c{n}", metadata={"topic": "rare" if n % 50 == 0 else "common"}) for n in range(2000)]
    splits = _stratified(cases)
    counts = Counter(zip((c.metadata["topic"] for c in cases), splits, strict=True))
    assert counts == {
        ("common", "train"): 1568,
        ("common", "dev"): 196,
        ("common", "test"): 196,
        ("rare", "train"): 32,
        ("rare", "dev"): 4,
        ("rare", "test"): 4,
    }
    kept = [Case(c.id, metadata={**c.metadata, "split": s}) for c, s in zip(cases, splits, strict=True)]
    more = [Case(f"new {n}", metadata={"topic": "rare"}) for n in range(60)]
    again = _stratified([*more, *kept])
    assert again[60:] == splits
    assert Counter(again[:60]) == {"train": 48, "dev": 6, "test": 6}
    assert Counter(_stratified([Case(str(n), metadata={"topic": n}) for n in range(100)]))["test"] == 10


def test_equal_and_nearly_equal_questions_are_found_and_others_are_not(tmp_path):
    texts = _texts(3000)
    rows = [{"id": f"r{n}", "vars": {"q": text}} for n, text in enumerate(texts)]
    rows += [{"id": f"typo {n}", "vars": {"q": texts[n].replace("e", "E", 1) + "."}} for n in range(100)]
    rows += [{"id": "same", "vars": {"q": texts[5]}}]
    found = find_duplicates(_opener(tmp_path / "d.jsonl", rows), threshold=0.97)
    assert found.exact == (("r5", "same"),)
    assert (found.rows, found.searched) == (3101, 3101)
    pairs = {tuple(group) for group in found.near}
    assert sum((f"r{n}", f"typo {n}") in pairs for n in range(100) if n != 5) >= 98
    assert ("r5", "typo 5", "same") in pairs
    assert len(found.near) <= 101


def test_one_phrase_in_every_case_makes_nothing_a_duplicate():
    texts = [f"Classify the following customer message: {text}" for text in _texts(1500, seed=3)]
    assert near_groups(texts, threshold=0.97) == []


@pytest.mark.parametrize("text", ["", "a", "日本", "ab" * 40_000])
def test_texts_of_any_length_and_script_can_be_looked_up(text):
    index = NearIndex(["x"], [text])
    assert index.like(text) == "x"
    assert index.like("something else altogether") is None
    assert NearIndex([], []).like(text) is None


def test_where_too_many_texts_share_much_the_likeliest_pairs_are_compared_and_that_is_said(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(duplicates, "MAX_PAIRS", 30)
    texts = _texts(300)
    texts += [f"{text}." for text in texts[:10]]
    rows = [{"id": str(n), "vars": {"q": text}} for n, text in enumerate(texts)]
    found = find_duplicates(_opener(tmp_path / "d.jsonl", rows), threshold=0.98)
    assert found.bounded and (found.rows, found.searched) == (310, 310)
    assert len({(str(n), str(300 + n)) for n in range(10)} & set(found.near)) >= 9
    equal = [{"id": str(n), "vars": {"q": "A  question " + " " * n}} for n in range(200)]
    [chain] = find_duplicates(_opener(tmp_path / "e.jsonl", equal)).near
    assert len(chain) == 200


def test_what_is_searched_only_in_part_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(duplicates, "MAX_SEARCHED", 3)
    rows = [{"id": str(n), "vars": {"q": f"What is the capital of country {n}?"}} for n in range(5)]
    found = find_duplicates(_opener(tmp_path / "d.jsonl", [*rows, {**rows[4], "id": "same"}]))
    assert (found.rows, found.searched, found.near) == (6, 3, (("0", "1", "2"),))
    assert found.exact == (("4", "same"),)
