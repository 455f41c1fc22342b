"""What all pages look alike in: header, empty state, badges, numbers, search, pager. Draws; knows no workspace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

T = TypeVar("T")

OFFLINE_MODEL = "offline/rules"
OFFLINE_TEXT = "offline/rules — a rule-based stand-in, not a language model"

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def plain(text: object) -> str:
    """Return text that Markdown shows as it is: no emphasis, link, formula, icon, colour or HTML comes of it."""
    return _SPECIAL.sub(r"\\\1", str(text)).replace("\n", " ")


def header(title: str, purpose: str, *, key: str = "page_header") -> DeltaGenerator:
    """Draw a page's title and purpose, and return the slot for its primary action.

    Args:
        title: The page's name, or the name of the thing it shows; shown as it is.
        purpose: One line.
        key: The container's key.
    """
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left, st.container(gap=None):
        st.header(plain(title), anchor=False)
        st.caption(plain(purpose))
    return right.container(
        key=key, horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"
    )


def empty_state(title: str, text: str, *, key: str = "empty_state") -> DeltaGenerator:
    """Say that there is nothing yet and what to do about it; return the slot for the next step's button."""
    box = st.container(border=True, key=key)
    box.markdown(f"**{plain(title)}**")
    box.write(plain(text))
    return box.container(horizontal=True, gap="small")


def problem_list(problems: Iterable[WorkbenchError | str], *, title: str = "", key: str = "problems") -> None:
    """Show what could not be read as one calm list of sentences; nothing where there is nothing."""
    sentences = [str(problem) for problem in problems]
    if not sentences:
        return
    name = title or ("1 file needs a look" if len(sentences) == 1 else f"{len(sentences)} files need a look")
    with st.expander(plain(name), icon=":material/warning:", key=key, expanded=len(sentences) <= 3):
        for sentence in sentences:
            st.markdown(f"- {plain(sentence)}")


#: status or verdict → (what is shown, colour, icon)
_BADGES: dict[str, tuple[str, str, str]] = {
    "better": ("better", "green", ":material/trending_up:"),
    "worse": ("worse", "red", ":material/trending_down:"),
    "equivalent": ("equivalent", "blue", ":material/drag_handle:"),
    "undecided": ("undecided", "orange", ":material/question_mark:"),
    "passed": ("passed", "green", ":material/check:"),
    "failed": ("failed", "red", ":material/close:"),
    "queued": ("queued", "gray", ":material/schedule:"),
    "running": ("running", "blue", ":material/progress_activity:"),
    "done": ("done", "green", ":material/check:"),
    "completed": ("completed", "green", ":material/check:"),
    "complete": ("complete", "green", ":material/check:"),
    "incomplete": ("incomplete", "orange", ":material/warning:"),
    "interrupted": ("interrupted", "orange", ":material/pause:"),
    "stopped": ("stopped", "orange", ":material/pause:"),
    "cancelled": ("cancelled", "orange", ":material/block:"),
    "draft": ("draft", "orange", ":material/edit:"),
    "error": ("error", "red", ":material/error:"),
    "usable": ("usable", "green", ":material/check:"),
    "not usable": ("not usable", "gray", ":material/block:"),
    "unknown": ("unknown", "gray", ":material/question_mark:"),
}


def badge(word: str, *, help: str | None = None) -> None:
    """Draw a status or a verdict as a badge; a word that has no look of its own is grey."""
    label, colour, icon = _BADGES.get(word.lower(), (plain(word), "gray", None))
    st.badge(label, color=colour, icon=icon, help=help)  # type: ignore[arg-type]


def badge_text(word: str, *, colour: str | None = None) -> str:
    """Return a badge as Markdown, to stand within a line."""
    label, own, icon = _BADGES.get(word.lower(), (plain(word), "gray", ""))
    return f":{colour or own}-badge[{icon + ' ' if icon and not colour else ''}{label}]"


def labels_text(labels: Iterable[str]) -> str:
    """Return a version's labels as Markdown badges."""
    return " ".join(f":violet-badge[{plain(label)}]" for label in labels)


def model_text(model: str) -> str:
    """Return how a model is called wherever it is shown."""
    return OFFLINE_TEXT if model == OFFLINE_MODEL else model


def search_box(key: str, *, placeholder: str = "Search", label: str = "Search") -> str:
    """Draw a search box that answers while typing, and return its text in one case without outer spaces."""
    text = st.text_input(
        label, key=key, type="search", placeholder=placeholder, label_visibility="collapsed", live=True
    )
    return (text or "").strip().casefold()


def matches(query: str, *fields: object) -> bool:
    """Whether every word of the query stands somewhere in the fields."""
    text = " ".join(str(field) for field in fields).casefold()
    return all(word in text for word in query.split())


def pager(total: int, *, size: int, key: str, noun: str = "rows") -> tuple[int, int]:
    """Draw which part of a long list is shown, with buttons, and return ``(offset, limit)`` of that part.

    Draws nothing where all fits on one page.
    """
    pages = max(1, -(-total // size))
    page = min(int(st.session_state.get(key, 0)), pages - 1)
    st.session_state[key] = page
    if pages == 1:
        return 0, size

    def turn(by: int) -> None:
        st.session_state[key] = min(max(st.session_state.get(key, 0) + by, 0), pages - 1)

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Previous", key=f"{key}_back", on_click=turn, args=(-1,), disabled=page == 0)
        st.button("Next", key=f"{key}_on", on_click=turn, args=(1,), disabled=page == pages - 1)
        first, last = page * size + 1, min((page + 1) * size, total)
        st.caption(f"{first:,}–{last:,} of {total:,} {plain(noun)}")
    return page * size, size


def pick(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    show: Callable[[T], str] = str,
    index: int | None = 0,
    **options_of_widget: Any,
) -> T | None:
    """Draw a select box that can be typed into. Forgets a choice that is not offered any more.

    Set ``st.session_state[key]`` beforehand, or ``index``, for what is chosen at first.
    """
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
    if key in st.session_state:
        index = 0
    return st.selectbox(label, options, index=index, format_func=show, key=key, **options_of_widget)


def pick_version(label: str, versions: Sequence[Any], *, key: str, index: int = 0) -> Any | None:
    """Choose among a prompt's versions (newest first). Returns a `PromptVersion`, or None where there is none."""
    by_number = {version.number: version for version in versions}

    def show(number: int) -> str:
        version = by_number[number]
        marks = f" · {', '.join(version.labels)}" if version.labels else ""
        message = f" · {version.message[:60]}" if version.message else ""
        return f"{version.number}{marks}{message}"

    number = pick(label, list(by_number), key=key, show=show, index=index if by_number else None)
    return by_number.get(number)


def pick_model(label: str, models: Sequence[str], *, key: str, index: int = 0, **options: Any) -> str | None:
    """Choose a model by its id; another id may be typed in."""
    ids = list(models)
    chosen = st.session_state.get(key)
    if chosen and chosen not in ids:
        ids.append(chosen)
    return pick(
        label,
        ids,
        key=key,
        show=model_text,
        index=index if ids else None,
        accept_new_options=True,
        placeholder="provider/model",
        **options,
    )
