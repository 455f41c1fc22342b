"""What Settings shows: models, variables, cache, workspace. Draws what it is given, and never a secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from workbench.llm.catalogue import LOCAL_SERVERS, ModelStatus
from workbench.llm.providers import LOCAL_BASES, PROVIDERS
from workbench.store.cache import CacheSize
from workbench.ui.views.common import matches, model_text, plain
from workbench.ui.views.numbers import UNKNOWN, ago, count, size, when
from workbench.workspace.about import About

SHOWN = ("all", "usable", "not usable")
#: Longer tables scroll by themselves.
MOST_ROWS = 20
#: A search shows so many models at most.
MOST_FOUND = 300
_WORDS = {True: "usable", False: "not usable", None: UNKNOWN}


def found_models(models: Sequence[ModelStatus], query: str, shown: str) -> list[ModelStatus]:
    """Return the models that a search and a choice of `SHOWN` leave."""
    return [
        model
        for model in models
        if (shown == "all" or (shown == "usable") == (model.usable is not False))
        and matches(query, model.id, model.provider, model.reason, model.note, _WORDS[model.usable])
    ]


def model_table(models: Sequence[ModelStatus]) -> None:
    """Draw models, one a row."""
    rows = {
        "Model": [model_text(model.id) for model in models],
        "State": [_WORDS[model.usable] for model in models],
        "Why": [_why(model) for model in models],
        "Window": [model.context_window for model in models],
        "Abilities": [", ".join(model.abilities) for model in models],
        "In": [model.input_usd_per_million for model in models],
        "Out": [model.output_usd_per_million for model in models],
        "Price of": [model.price_source for model in models],
    }
    price = "US dollars per million tokens."
    st.dataframe(
        rows,
        key="settings_models",
        hide_index=True,
        height="content" if len(models) <= MOST_ROWS else 560,
        placeholder=UNKNOWN,
        alt="The models, whether each is usable, and why not",
        column_config={
            "Model": st.column_config.TextColumn(width=310),
            "State": st.column_config.TextColumn(width=90),
            "Why": st.column_config.TextColumn(width=220),
            "Abilities": st.column_config.TextColumn(width=190, help="What nobody tells is left out."),
            "Price of": st.column_config.TextColumn(
                width=150,
                help="The table in the installation, or this workspace's prices.yaml.",
            ),
            "Window": st.column_config.NumberColumn(
                format="localized", width=90, help="The most tokens that it reads."
            ),
            "In": st.column_config.NumberColumn("In, $/M", format="%.2f", width=80, help=price),
            "Out": st.column_config.NumberColumn("Out, $/M", format="%.2f", width=80, help=price),
        },
    )


def _why(model: ModelStatus) -> str:
    note = "" if model.note in ("", model.reason) or model.id == "offline/rules" else f" ({model.note})"
    return f"{model.reason[:1].upper()}{model.reason[1:]}{note}"


def local_result(models: Sequence[ModelStatus], looked_at: str) -> None:
    """Say when local servers were looked for, and what was found."""
    servers = dict.fromkeys(m.note or m.provider for m in models if m.local and m.provider != "offline")
    known = ", ".join(dict.fromkeys(server.title for server in LOCAL_SERVERS[:-1]))
    if servers:
        text = f"Found on this machine {ago(looked_at)}: {', '.join(servers)}."
    else:
        text = f"Looked {ago(looked_at)}: no local server answers. Known by their usual ports: {known}."
    st.caption(plain(text))


def variable_rows(env: Mapping[str, str]) -> list[dict[str, str]]:
    """Return every environment variable that models are reached with, and only whether it is set."""
    rows = []
    for provider in PROVIDERS.values():
        for names, purpose in ((provider.key_envs, "key"), (provider.base_envs, "address")):
            rows += [_variable(name, f"{provider.title}, {purpose}", env) for name in names]
    local = dict.fromkeys(variable for variable, _ in LOCAL_BASES.values())
    return rows + [_variable(name, "A local server's address", env) for name in local]


def _variable(name: str, purpose: str, env: Mapping[str, str]) -> dict[str, str]:
    return {"Variable": name, "State": "set" if env.get(name, "").strip() else "not set", "For": purpose}


def variable_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Draw the variables."""
    st.dataframe(
        list(rows),
        key="settings_variables",
        hide_index=True,
        height="content",
        alt="Environment variables, and whether each is set",
    )


def cache_card(kept: CacheSize, *, on_clear: Callable[[], None]) -> None:
    """Draw how much is kept, and the button that forgets it, which asks first."""
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom", key="settings_cache"):
        st.metric("Answers kept", count(kept.entries), width="content")
        st.metric("Size", size(kept.bytes), width="content")
        st.metric("Oldest", ago(kept.oldest) if kept.oldest else "–", help=when(kept.oldest), width="content")
        if kept.entries:
            with st.popover("Clear", icon=":material/delete:", key="settings_clear"):
                answers = "1 answer" if kept.entries == 1 else f"{kept.entries:,} answers"
                st.write(
                    f"Forget {answers}? The same questions will be asked and paid for again. "
                    "Runs and playground sessions keep theirs."
                )
                st.button(f"Forget {answers}", key="settings_clear_now", type="primary", on_click=on_clear)
    if not kept.entries:
        st.caption("Nothing is kept yet: answers of hosted and local models come here as they are paid for.")


def about_card(about: About) -> None:
    """Draw where the workspace is and what it runs on."""
    author = (
        "from WORKBENCH_AUTHOR"
        if about.author_given
        else "the system's user name; set WORKBENCH_AUTHOR to change it"
    )
    database = "from WORKBENCH_DATABASE_URL" if about.database_given else size(about.database_bytes)
    _pairs(
        [
            ("Workspace", about.root, ""),
            ("Database", about.database, f"{database}, schema {about.schema}"),
            ("Author", about.author, author),
            ("Versions", " · ".join(f"{name} {version}" for name, version in about.versions.items()), ""),
        ]
    )


def _pairs(pairs: Sequence[tuple[str, str, str]]) -> None:
    for name, value, note in pairs:
        left, right = st.columns([1, 6], gap="small")
        left.markdown(f":gray[{plain(name)}]")
        with right.container(gap=None, key=f"settings_{name.lower()}"):
            st.markdown(plain(value))
            if note:
                st.caption(plain(note))
