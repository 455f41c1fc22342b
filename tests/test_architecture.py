"""The rooms of the house and who may import whom, read from the source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "workbench"
#: Lowest first. A room imports only from lower layers and from itself.
LAYERS: list[set[str]] = [
    {"errors"},
    {"files", "credentials", "child_process"},
    {"prompts", "formats", "llm"},
    {"evals", "analysis"},
    {"store"},
    {"jobs", "delivery", "review", "reports"},
    {"workspace"},
    {"ui", "cli"},
]
LAYER = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
#: What is itself the way in may reach anything: the command's dispatcher and the public names.
ENTRANCES = {"__main__", "__init__"}
ONLY_IN = {
    "streamlit": {"ui"},
    "litellm": {"llm"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "sqlite3": {"store"},
    "altair": {"reports", "ui"},
}
#: formats/ turns other tools' files into prompts.
SIDEWAYS = {("formats", "prompts")}


@cache
def modules() -> list[tuple[str, Path, ast.Module]]:
    """Return every module of the package as ``(room, path, syntax tree)``."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        found.append((room, path, ast.parse(path.read_text(encoding="utf-8"))))
    return found


def imports(tree: ast.AST) -> list[tuple[str, int]]:
    """Return ``(dotted name, line)`` of all imports, those inside functions included."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            names = [f"{module}.{a.name}" for a in node.names] if module == "workbench" else [module]
            found += [(name, node.lineno) for name in names]
    return found


def test_each_room_imports_only_what_lies_below_it():
    wrong = []
    for room, path, tree in modules():
        if room in ENTRANCES:
            continue
        assert room in LAYER, f"{path} is in a room that the house does not have"
        for name, line in imports(tree):
            parts = name.split(".")
            if parts[0] != "workbench" or len(parts) == 1 or parts[1] in (room, "__version__"):
                continue
            if parts[1] not in LAYER or (LAYER[parts[1]] >= LAYER[room] and (room, parts[1]) not in SIDEWAYS):
                wrong.append(f"{path.relative_to(PACKAGE.parent)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_known_to_its_own_room_alone(library):
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}:{line}"
        for room, path, tree in modules()
        for name, line in imports(tree)
        if name.split(".")[0] == library and room not in ONLY_IN[library]
    ]
    assert not wrong, f"only {ONLY_IN[library]} may import {library}: {wrong}"


def test_nothing_heavy_is_imported_before_it_is_needed():
    heavy = {"litellm", "evaluate", "streamlit", "altair", "transformers", "torch"}
    wrong = []
    for room, path, tree in modules():
        allowed = {"ui": {"streamlit", "altair"}, "reports": {"altair"}}.get(room, set())
        for node in tree.body:
            for name, line in imports(node) if isinstance(node, ast.Import | ast.ImportFrom) else ():
                if name.split(".")[0] in heavy - allowed:
                    wrong.append(f"{path.relative_to(PACKAGE.parent)}:{line} imports {name} at its top")
    assert not wrong, "\n".join(wrong)
