"""Documentation that must not fall behind what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
SOURCES = sorted((ROOT / "workbench").rglob("*.py"))


def test_every_environment_variable_is_documented():
    used = {name for path in SOURCES for name in re.findall(r"WORKBENCH_[A-Z_]+", path.read_text("utf-8"))}
    assert used >= {"WORKBENCH_ROOT", "WORKBENCH_DATABASE_URL"}
    text = (DOCS / "workspace.md").read_text("utf-8")
    assert {name for name in used if f"`{name}`" not in text} == set()


def test_every_field_of_a_prompt_file_is_documented():
    from workbench.prompts.schema import FileBlock, FileLineage, FileVariable, PromptFile

    text = (DOCS / "prompts.md").read_text("utf-8")
    fields = {
        (model, field.alias or name)
        for model in (PromptFile, FileBlock, FileVariable, FileLineage)
        for name, field in model.model_fields.items()
    }
    assert {
        f"{m.__name__}.{name}" for m, name in fields if not re.search(rf"`[\w.-]*\b{name}[\w.-]*`", text)
    } == set()


def test_the_published_schema_is_the_one_that_files_are_checked_with():
    from workbench.prompts.schema import prompt_file_schema

    published = json.loads((DOCS / "schemas" / "prompt.schema.json").read_text("utf-8"))
    assert published == prompt_file_schema()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            path, _, _anchor = target.partition("#")
            assert not path or (page.parent / path).exists(), f"{page.name} links to {target}"
