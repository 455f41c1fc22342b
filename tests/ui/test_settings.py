"""The Settings page: which models are usable and why not, and nothing secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.openai_server import OpenAIServer
from support.small_workspace import write_prompt

from workbench.llm.providers import LOCAL_BASES, PROVIDERS
from workbench.llm.types import Completion
from workbench.workspace import Workspace

Open = Callable[..., AppTest]
SECRET = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own keys or servers take part."""
    for provider in PROVIDERS.values():
        for name in (*provider.key_envs, *provider.base_envs):
            monkeypatch.delenv(name, raising=False)
    for name, _ in LOCAL_BASES.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("WORKBENCH_DATABASE_URL", raising=False)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """A workspace with one prompt."""
    write_prompt(tmp_path, "asker")
    return Workspace.open(tmp_path)


def rows(at: AppTest) -> dict[str, tuple[str, str]]:
    """Model → state and reason."""
    frame = at.dataframe[0].value
    return {row["Model"]: (row["State"], row["Why"]) for _, row in frame.iterrows()}


def said(at: AppTest) -> str:
    """All words on the page."""
    kinds = ("markdown", "caption", "error", "metric")
    return "\n".join(str(e.value) for kind in kinds for e in at.get(kind)).replace("\\", "")


def test_a_provider_without_a_key_names_the_variable_that_is_missing(
    open_screen: Open, ws: Workspace
) -> None:
    found = rows(open_screen(ws, "settings"))
    assert found["openai/…"][0] == "not usable" and "OPENAI_API_KEY" in found["openai/…"][1]
    assert found["offline/rules — a rule-based stand-in, not a language model"][0] == "usable"


def test_a_key_makes_its_models_usable_and_is_never_shown(
    open_screen: Open, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://user:{SECRET}@127.0.0.1:9/v1")
    at = open_screen(ws, "settings")
    at.session_state["settings_keys"] = True
    at.run()
    states = {row["Variable"]: row["State"] for _, row in at.dataframe[1].value.iterrows()}
    assert states["OPENAI_API_KEY"] == states["OPENAI_BASE_URL"] == "set"
    assert states["ANTHROPIC_API_KEY"] == "not set"
    assert {state for model, (state, _) in rows(at).items() if model.startswith("openai/")} == {"usable"}
    assert SECRET not in said(at) + "".join(frame.value.to_csv() for frame in at.dataframe)


def test_the_list_is_searched_and_its_search_is_in_the_link(open_screen: Open, ws: Workspace) -> None:
    at = open_screen(ws, "settings", q="anthropic_api")
    assert list(rows(at)) == ["anthropic/…"]
    at.text_input(key="settings_search").set_value("no such model anywhere").run()
    assert not at.dataframe
    assert "No model has these words" in said(at)
    assert at.query_params["q"] in ("no such model anywhere", ["no such model anywhere"])


def test_looking_for_local_servers_finds_one_that_was_started_since(
    open_screen: Open, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_screen(ws, "settings")
    assert not [model for model in rows(at) if "my-own-model" in model]
    with OpenAIServer(models=("my-own-model",)) as server:
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.base_url)
        at.button(key="settings_check").click().run()
    (found,) = [row for model, row in rows(at).items() if "my-own-model" in model]
    assert found[0] == "usable" and str(server.port) in found[1]


def test_the_cache_is_cleared_only_after_a_question(open_screen: Open, ws: Workspace) -> None:
    ws.store.cache.put("k" * 64, "openai/x", Completion(text="paid"))
    at = open_screen(ws, "settings")
    assert ws.store.cache.size().entries == 1
    assert at.button(key="settings_clear_now").label == "Forget 1 answer"
    at.button(key="settings_clear_now").click().run()
    assert ws.store.cache.size().entries == 0
    assert "Nothing is kept yet" in said(at)


def test_the_page_says_where_things_are(
    open_screen: Open, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_AUTHOR", "Ada Test")
    words = said(open_screen(ws, "settings"))
    assert str(ws.root / ".workbench" / "workbench.db") in words
    assert "Ada Test" in words and "schema" in words and "Streamlit" not in words.split("Versions")[0]


def test_any_known_model_is_found_with_abilities_and_the_workspaces_own_price_and_its_date(
    open_screen: Open, ws: Workspace
) -> None:
    (ws.root / "prices.yaml").write_text(
        'date: "2026-11-01"\nsource: our contract\nmodels:\n  openai/gpt-4o-mini: {input: 0.12, output: 0.48}\n',
        encoding="utf-8",
    )
    at = open_screen(ws, "settings", q="gpt-4o")
    frame = at.dataframe[0].value.set_index("Model")
    ours, table = frame.loc["openai/gpt-4o-mini"], frame.loc["openai/gpt-4o"]
    assert (ours["In"], ours["Out"], ours["Price of"]) == (0.12, 0.48, "our contract, 2026-11-01")
    assert table["In"] > 0 and table["Price of"].startswith("litellm, 20")
    assert "tools" in table["Abilities"] and "images" in table["Abilities"] and table["State"] == "not usable"
    assert "OPENAI_API_KEY" in table["Why"]
