"""What the buttons and fields of the prompt editor do: callbacks over one tab's `Editing`, without drawing."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.prompts.content import Prompt
from workbench.ui import editing as edits
from workbench.ui.editing import Editing, Form, FormMessage, FormVariable
from workbench.ui.state import toast_later
from workbench.workspace import PromptVersion, Workspace

ROLES = ("system", "user", "assistant")


class PromptActions:
    """One prompt's editing in this browser tab. Every change goes into the draft at once."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.workspace = workspace
        self.name = name
        self._key = f"_editing:{name}"

    # -- state -----------------------------------------------------------------------------------------

    @property
    def editing(self) -> Editing:
        """This tab's editing."""
        return st.session_state[self._key]

    @property
    def form(self) -> Form:
        """What is being typed."""
        return self.editing.form

    def begin(self, newest: PromptVersion | None) -> Editing:
        """Open the editing, or follow what other tabs and programs did since the last look.

        Raises:
            NotFound: There is neither a version nor a draft.
        """
        current = st.session_state.get(self._key)
        if current is None:
            current = edits.open_editing(self.workspace, self.name, epoch=self._next_epoch())
        else:
            before = current.epoch
            current = edits.catch_up(self.workspace, current, newest)
            if current.epoch != before:
                current.epoch = self._next_epoch()
        st.session_state[self._key] = current
        return current

    def key(self, field: str) -> str:
        """Return a widget's key, which changes when the form is replaced as a whole."""
        return f"{field}_{sha256(self.name.encode()).hexdigest()[:6]}_{self.editing.epoch}"

    def slot(self, message: int) -> str:
        """Return under which name the browser keeps a message's last moment."""
        return f"prompt:{self.workspace.root}:{self.name}:{message}"

    def fault(self) -> WorkbenchError | None:
        """Return what the last action could not do, once."""
        return st.session_state.pop(f"_fault:{self.name}", None)

    @staticmethod
    def _next_epoch() -> int:
        st.session_state["_epoch"] = st.session_state.get("_epoch", 0) + 1
        return st.session_state["_epoch"]

    def _attempt(self, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except WorkbenchError as problem:
            st.session_state[f"_fault:{self.name}"] = problem
            return None

    def _replace(self, new: Editing) -> None:
        new.epoch = self._next_epoch()
        st.session_state[self._key] = new

    def keep(self) -> None:
        """Write what was typed into the draft."""

        def write() -> None:
            base = self.editing.base
            versions = self.workspace.prompts.versions(self.name) if base else []
            edits.keep(self.workspace, self.editing, next((v for v in versions if v.number == base), None))

        self._attempt(write)

    # -- fields ----------------------------------------------------------------------------------------

    def put(self, field: str, value: Any) -> None:
        """Set a field of the form."""
        setattr(self.form, field, value)
        self.keep()

    def take(self, field: str, key: str) -> None:
        """Set a field of the form from a widget."""
        self.put(field, st.session_state[key] or "")

    def put_variable(self, name: str, field: str, key: str) -> None:
        """Set what is declared of a variable from a widget."""
        if name in self.form.variables:
            setattr(self.form.variables[name], field, st.session_state[key])
            self.keep()

    def declare(self, name: str) -> None:
        """Declare a variable that the messages use."""
        self.form.variables.setdefault(name, FormVariable())
        self.keep()

    def forget_variable(self, name: str) -> None:
        """Declare a variable no more."""
        self.form.variables.pop(name, None)
        self.keep()

    # -- values for the preview ------------------------------------------------------------------------

    @property
    def values(self) -> dict[str, str]:
        """What was typed for each variable, to try the prompt with."""
        return st.session_state.setdefault(f"_values:{self.name}", {})

    def value_key(self, variable: str) -> str:
        """Return the key of a variable's field, which changes when a case fills the fields."""
        return f"{self.key('prompt_value')}_{st.session_state.get(f'_filled:{self.name}', 0)}_{variable}"

    def fill(self, values: dict[str, str]) -> None:
        """Take the values of a case."""
        self.values.update(values)
        st.session_state[f"_filled:{self.name}"] = st.session_state.get(f"_filled:{self.name}", 0) + 1

    # -- messages --------------------------------------------------------------------------------------

    def _message(self, id: str) -> FormMessage | None:
        return next((message for message in self.form.messages if message.id == id), None)

    def write(self, id: str, text: str) -> None:
        """Set a message's text."""
        if message := self._message(id):
            message.content = text
            self.keep()

    def speak_as(self, id: str, key: str) -> None:
        """Set a message's role from a widget."""
        if message := self._message(id):
            message.role = st.session_state[key]
            self.keep()

    def add_message(self) -> None:
        """Add an empty message at the end: the answer to a user's message, else the user's."""
        last = self.form.messages[-1].role if self.form.messages else ""
        self.form.messages.append(FormMessage("assistant" if last == "user" else "user", ""))
        st.session_state["_focus_message"] = self.form.messages[-1].id
        self.keep()

    def move(self, id: str, by: int) -> None:
        """Move a message up or down."""
        messages = self.form.messages
        place = next((i for i, message in enumerate(messages) if message.id == id), None)
        if place is not None and 0 <= place + by < len(messages):
            messages.insert(place + by, messages.pop(place))
            self.keep()

    def delete(self, id: str) -> None:
        """Delete a message; `undelete` brings it back."""
        messages = self.form.messages
        place = next((i for i, message in enumerate(messages) if message.id == id), None)
        if place is not None:
            st.session_state[f"_deleted:{self.name}"] = (place, messages.pop(place))
            self.keep()

    def deleted(self) -> FormMessage | None:
        """Return the message that was deleted last, if it can be brought back."""
        kept = st.session_state.get(f"_deleted:{self.name}")
        return kept[1] if kept else None

    def undelete(self) -> None:
        """Bring the message back that was deleted last."""
        kept = st.session_state.pop(f"_deleted:{self.name}", None)
        if kept:
            self.form.messages.insert(kept[0], kept[1])
            self.keep()

    # -- the whole -------------------------------------------------------------------------------------

    def save(self) -> None:
        """Save as the next version."""
        result = self._attempt(lambda: edits.save(self.workspace, self.editing))
        if result is None:
            return
        st.session_state.pop(f"_deleted:{self.name}", None)
        if result.created:
            toast_later(f"Saved version {result.version.number}")
        else:
            toast_later(
                f"Nothing differs from version {result.version.number}, so there is no new one",
                icon=":material/drag_handle:",
            )

    def save_text(self, id: str, text: str) -> None:
        """Save with the text that came with Ctrl+S."""
        self.write(id, text)
        self.save()

    def discard(self) -> None:
        """Forget the edits, and show the newest version again."""

        def forget() -> None:
            edits.discard(self.workspace, self.editing)
            if self.editing.base is None:
                st.query_params.clear()
            st.session_state.pop(self._key, None)
            toast_later("The unsaved edits are gone")

        self._attempt(forget)

    def restore(self, prompt: Prompt, number: int) -> None:
        """Put an old version's content into the editor, to be saved on top of the newest."""

        def put() -> None:
            base = self.workspace.prompts.newest(self.name).number
            new = edits.replace_form(self.workspace, self.editing, prompt, base)
            self._replace(new)
            self.put("message", f"Restore version {number}")
            st.query_params.from_dict({"prompt": self.name})
            toast_later(f"The editor holds version {number} now; save it to make it the newest")

        self._attempt(put)

    def rebase(self, newest: int) -> None:
        """Let the edits follow a newer version."""
        self._attempt(lambda: edits.rebase(self.workspace, self.editing, newest))

    def take_theirs(self) -> None:
        """Give up this tab's edits for the other tab's."""
        self._attempt(lambda: self._replace(edits.take_theirs(self.workspace, self.editing)))

    def keep_mine(self) -> None:
        """Write this tab's edits over the other tab's."""
        self._attempt(lambda: edits.keep_mine(self.workspace, self.editing))

    # -- labels ----------------------------------------------------------------------------------------

    def set_label(self, label: str, number: int | None) -> None:
        """Point a label at a version, or remove it with None."""

        def move() -> None:
            self.workspace.prompts.set_label(self.name, label, number)
            toast_later(f"{label} points at version {number}" if number else f"{label} points at no version")

        self._attempt(move)
