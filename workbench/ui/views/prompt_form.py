"""The prompt editor: messages, then settings, then variables. Draws a form; what a field does is passed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import streamlit as st

from workbench.prompts.turns import message_text
from workbench.reports.text import clean
from workbench.ui.components.text_editor import text_editor
from workbench.ui.editing import Form, FormMessage
from workbench.ui.prompt_actions import ROLES, PromptActions
from workbench.ui.views.common import model_text, plain

FORMATS = {"": "Text, as the model likes", "json_object": "A JSON object", "json_schema": "JSON by a schema"}
TEMPLATES = {"literal": "{{name}} only, the rest as written", "jinja2": "Jinja2, with loops and conditions"}
TYPES = ("string", "number", "integer", "boolean", "array", "object")


def prompt_form(actions: PromptActions, *, used: Sequence[str], models: Sequence[str]) -> None:
    """Draw the editor.

    Args:
        actions: The editing, and what its fields do.
        used: The variables that the messages use.
        models: What is offered as a model; anything else may be typed.
    """
    form = actions.form
    _line(actions, "description", "What it does", placeholder="What it does, in one line", collapsed=True)
    for index, message in enumerate(form.messages):
        _message(actions, index, message, last=index == len(form.messages) - 1)
    st.session_state.pop("_focus_message", None)
    with st.container(horizontal=True, gap="small", key="prompt_add"):
        st.button(
            "Add message", icon=":material/add:", key="prompt_add_message", on_click=actions.add_message
        )
        if actions.deleted() is not None:
            st.button(
                "Bring the deleted message back",
                icon=":material/undo:",
                type="tertiary",
                key="prompt_undelete",
                on_click=actions.undelete,
            )
    st.subheader("Model and answer", anchor=False)
    _settings(actions, form, models)
    st.subheader("Variables", anchor=False)
    _variables(actions, form, used)


def _message(actions: PromptActions, index: int, message: FormMessage, *, last: bool) -> None:
    role_key = actions.key(f"prompt_role_{message.id}")
    with st.container(key=f"prompt_message_{index}", gap="xsmall"):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            roles = list(dict.fromkeys([*ROLES, message.role]))
            st.selectbox(
                "Role",
                roles,
                index=roles.index(message.role),
                key=role_key,
                label_visibility="collapsed",
                width=140,
                on_change=actions.speak_as,
                args=(message.id, role_key),
            )
            st.space("stretch")
            for word, icon, act, off in (
                ("Move up", "arrow_upward", partial(actions.move, message.id, -1), index == 0),
                ("Move down", "arrow_downward", partial(actions.move, message.id, 1), last),
                ("Delete this message", "delete", partial(actions.delete, message.id), index == 0 and last),
            ):
                st.button(
                    "",
                    icon=f":material/{icon}:",
                    help=word,
                    type="tertiary",
                    key=f"prompt_{icon}_{index}",
                    disabled=off,
                    on_click=act,
                )
        if beside := message_text({**message.extra, "content": list(_images(message))}):
            st.caption("Sent with it, and changed in the file:")
            st.code(clean(beside)[:20_000], language=None, wrap_lines=True)
        text_editor(
            f"Message {index + 1}, {message.role}",
            message.content,
            key=actions.key(f"prompt_text_{message.id}"),
            on_text=partial(actions.write, message.id),
            on_save=partial(actions.save_text, message.id),
            placeholder="Write the message. {{name}} stands for a variable.",
            focus=st.session_state.get("_focus_message") == message.id,
            slot=actions.slot(index),
        )


def _images(message: FormMessage) -> Iterator[dict[str, object]]:
    for image in message.images:
        yield {"type": "image_url", "image_url": image}


def _line(
    actions: PromptActions,
    field: str,
    label: str,
    *,
    placeholder: str = "",
    collapsed: bool = False,
    help: str | None = None,
) -> None:
    """One line of text that goes into the draft while it is being typed."""
    key = actions.key(f"prompt_{field}")
    if key not in st.session_state:
        st.session_state[key] = getattr(actions.form, field)
    with st.container(key=f"prompt_{field}"):
        st.text_input(
            label,
            key=key,
            placeholder=placeholder,
            label_visibility="collapsed" if collapsed else "visible",
            help=help,
            live=True,
            on_change=actions.take,
            args=(field, key),
        )


def _choice(
    actions: PromptActions, field: str, label: str, options: Sequence[str], names: dict[str, str]
) -> None:
    value = getattr(actions.form, field)
    offered = list(dict.fromkeys([*options, value]))
    key = actions.key(f"prompt_{field}")
    with st.container(key=f"prompt_{field}"):
        st.selectbox(
            label,
            offered,
            index=offered.index(value),
            format_func=lambda option: names.get(option, option),
            key=key,
            on_change=actions.take,
            args=(field, key),
        )


def _settings(actions: PromptActions, form: Form, models: Sequence[str]) -> None:
    left, middle, right = st.columns([2, 1, 1])
    with left:
        offered = list(dict.fromkeys(["", *models, form.model]))
        key = actions.key("prompt_model")
        with st.container(key="prompt_model"):
            st.selectbox(
                "Model",
                offered,
                index=offered.index(form.model),
                format_func=lambda model: model_text(model) if model else "none: the suite chooses",
                key=key,
                accept_new_options=True,
                on_change=actions.take,
                args=("model", key),
            )
    with middle:
        _line(actions, "temperature", "Temperature", placeholder="the model's own")
    with right:
        _line(actions, "max_tokens", "Max tokens", placeholder="the model's own")
    left, right = st.columns(2)
    with left:
        _choice(actions, "response_format", "Answer format", list(FORMATS), FORMATS)
    with right:
        _choice(actions, "template", "Template", list(TEMPLATES), TEMPLATES)
    if form.response_format == "json_schema" or form.schema.strip():
        _block(
            actions, "schema", "JSON schema", '{"name": "answer", "strict": true, "schema": {…}}', tallest=40
        )
    open_at_first = bool(form.more_parameters.strip())
    with st.expander("Other parameters", expanded=open_at_first, key=actions.key("prompt_more")):
        _block(actions, "more_parameters", "One name: value on each line", "top_p: 0.9\nseed: 7", tallest=30)


def _block(actions: PromptActions, field: str, label: str, placeholder: str, *, tallest: int) -> None:
    st.caption(plain(label))
    with st.container(key=f"prompt_{field}"):
        text_editor(
            label,
            getattr(actions.form, field),
            key=actions.key(f"prompt_{field}_text"),
            on_text=partial(actions.put, field),
            on_save=partial(_put_and_save, actions, field),
            placeholder=placeholder,
            tallest=tallest,
        )


def _put_and_save(actions: PromptActions, field: str, text: str) -> None:
    actions.put(field, text)
    actions.save()


def _variables(actions: PromptActions, form: Form, used: Sequence[str]) -> None:
    undeclared = [name for name in used if name not in form.variables]
    if not form.variables and not undeclared:
        st.caption(
            "None yet. Write a name in double braces in a message, such as {{ticket}}.".replace("{", r"\{")
        )
        return
    widths = [2.2, 1.5, 0.9, 2, 3, 0.5]
    if form.variables:
        for column, title in zip(
            st.columns(widths), ("Name", "Type", "Required", "Default", "Meaning", ""), strict=True
        ):
            column.caption(title)
    for index, name in enumerate(form.variables):
        _variable(actions, form, name, index, widths, used=name in used)
    if undeclared:
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key="prompt_undeclared"):
            st.caption("Used, not declared:", width="content")
            for name in undeclared:
                st.button(
                    plain(name),
                    icon=":material/add:",
                    key=f"prompt_declare_{name}",
                    help="Declare it, to give it a type, a default and a meaning",
                    on_click=actions.declare,
                    args=(name,),
                )


def _variable(
    actions: PromptActions, form: Form, name: str, index: int, widths: list[float], *, used: bool
) -> None:
    spec = form.variables[name]
    columns = st.columns(widths, vertical_alignment="center")
    columns[0].markdown(f"**{plain(name)}**" + ("" if used else "  \n:orange[not used]"))
    with columns[1]:
        key = actions.key(f"prompt_type_{name}")
        kinds = list(dict.fromkeys([*TYPES, spec.type]))
        st.selectbox(
            f"Type of {name}",
            kinds,
            index=kinds.index(spec.type),
            key=key,
            label_visibility="collapsed",
            on_change=actions.put_variable,
            args=(name, "type", key),
        )
    with columns[2]:
        key = actions.key(f"prompt_required_{name}")
        st.checkbox(
            f"{plain(name)} is required",
            value=spec.required,
            key=key,
            label_visibility="collapsed",
            on_change=actions.put_variable,
            args=(name, "required", key),
        )
    for column, field, label in (
        (columns[3], "default", "Default of"),
        (columns[4], "description", "Meaning of"),
    ):
        key = actions.key(f"prompt_{field}_{name}")
        if key not in st.session_state:
            st.session_state[key] = getattr(spec, field)
        with column, st.container(key=f"prompt_variable_{field}_{index}"):
            st.text_input(
                f"{label} {plain(name)}",
                key=key,
                label_visibility="collapsed",
                placeholder="none" if field == "default" else "",
                live=True,
                on_change=actions.put_variable,
                args=(name, field, key),
            )
    columns[5].button(
        "",
        icon=":material/close:",
        type="tertiary",
        key=f"prompt_forget_{index}",
        help="Declare it no more",
        on_click=actions.forget_variable,
        args=(name,),
    )
