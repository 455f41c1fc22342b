"""People's labels from the command line."""

from __future__ import annotations

import csv


def test_answers_are_drawn_labelled_and_told_and_the_labels_go_again(call, finished, tmp_path):
    run = finished.runs["passes"]
    file = tmp_path / "to-label.csv"
    drawn = call("labels", "sample", run, "--cases", "30", "-o", str(file), "--json", "-")
    assert (drawn.code, drawn.data["cases"], drawn.data["answers"]) == (0, 30, 60)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["label:accuracy"] = "4" if row["output"] == "wrong" else "5"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    refused = call("labels", "import", run, str(file))
    assert refused.code == 2 and "line 2: A label lies within 0 and 1" in refused.err
    try:
        taken = call("labels", "import", run, str(file), "--scale", "1-5", "--rater", "ann")
        assert taken.code == 0 and "Took 60 labels of 60 answers." in taken.out
        compared = call("compare", f"{run}:weak", f"{run}:strong", "--json", "-")
        (told,) = compared.data["labels"]
        # Where the scorer gives 0 people give three quarters.
        assert told["difference"]["corrected"]["raw"] == 0.5
        assert abs(told["difference"]["corrected"]["value"] - 0.125) < 0.02
        assert "corrected by people's labels" in call("compare", f"{run}:weak", f"{run}:strong").out
        assert "labelled answers" in call("show", run).out
    finally:
        gone = call("labels", "remove", run, "--json", "-")
    assert gone.data == {"removed": 60}
    assert "Nobody has labelled" in call("labels", "show", run).out


def test_choices_between_two_answers_are_drawn_and_taken(call, finished, tmp_path):
    run = finished.runs["passes"]
    file = tmp_path / "pairs.csv"
    drawn = call("labels", "sample", run, "--pairs", "-n", "10", "-o", str(file))
    assert drawn.code == 0 and "10 pairs to 10 cases are in" in drawn.out
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["winner"] = "tie" if row["output_1"] == row["output_2"] else 1 + (row["output_1"] == "wrong")
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    try:
        taken = call("labels", "import", run, str(file))
        assert (
            "Took 10 choices of 20 answers." in taken.out
            and "people: strong@1 is preferred to weak@1" in taken.out
        )
        assert "people: strong@1 is preferred" in call("compare", f"{run}:weak", f"{run}:strong").out
    finally:
        gone = call("labels", "remove", run, "--scorer", "people", "--json", "-")
    assert gone.data == {"removed": 10}
