"""A judge's prompt copied into the library from the command line, where a team can edit it."""

from __future__ import annotations

from workbench.evals.scorers.judging import shipped_prompt
from workbench.prompts.prompt_file import load_prompt


def test_a_copied_prompt_is_the_shipped_one_and_is_not_copied_over_what_is_there(call, here):
    saved = call("judges", "copy", "pairwise", "--as", "chooser", "--json", "-")
    assert (saved.code, saved.data["prompt"], saved.data["version"]) == (0, "chooser", 1)
    assert load_prompt(here / "prompts" / "chooser.prompt.yml").sha256 == shipped_prompt("pairwise").sha256
    again = call("judges", "copy", "rubric", "--as", "chooser")
    assert again.code == 2 and "There is a prompt chooser already" in again.err
    unknown = call("judges", "copy", "nobody")
    assert unknown.code == 2 and "pairwise" in unknown.err
