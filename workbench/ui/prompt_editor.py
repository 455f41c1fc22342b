"""The editor of a prompt beside what it would send and what is likely to go wrong."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from workbench.errors import TemplateError, WorkbenchError
from workbench.prompts.content import Prompt, Variable
from workbench.prompts.lint import lint
from workbench.prompts.templates import placeholders, render, variables_of
from workbench.ui.editing import parse_value
from workbench.ui.models import models
from workbench.ui.prompt_actions import PromptActions
from workbench.ui.prompt_suites import suites_of
from workbench.ui.state import show_fault
from workbench.ui.views import prompt_preview
from workbench.ui.views.prompt_form import prompt_form
from workbench.workspace import Workspace

MAX_CASES = 200
#: The preview stays in view while a long prompt is scrolled.
SIDE_STYLE = """<style>@media (min-width: 641px) {
[data-testid="stColumn"]:has(.st-key-prompt_side) {
  position: sticky; top: 4rem; align-self: flex-start; max-height: calc(100vh - 5rem); overflow-y: auto }
}</style>"""


def show_editor(actions: PromptActions) -> None:
    """Draw the form, the remarks and the preview."""
    prompt: Prompt | None = None
    problem: WorkbenchError | None = None
    used: tuple[str, ...] = ()
    try:
        prompt = actions.form.to_prompt(actions.name)
        used = placeholders(prompt)
    except WorkbenchError as fault:
        problem = fault
    left, right = st.columns([3, 2], gap="large")
    with left:
        prompt_form(actions, used=used, models=_models(actions.workspace))
    with right, st.container(key="prompt_side"):
        st.html(SIDE_STYLE)
        st.subheader("Remarks", anchor=False)
        if problem is not None and not isinstance(problem, TemplateError):
            show_fault(problem)
        if prompt is not None:
            prompt_preview.findings(lint(prompt))
            if not isinstance(problem, TemplateError):
                _preview(actions, prompt)


def _preview(actions: PromptActions, prompt: Prompt) -> None:
    st.subheader("Preview", anchor=False)
    variables = variables_of(prompt)
    if variables:
        _fill_from_a_case(actions, [variable.name for variable in variables])
        prompt_preview.values(
            variables,
            actions.values,
            slot=f"value:{actions.workspace.root}:{actions.name}",
            key=actions.value_key,
            on_value=actions.values.__setitem__,
        )
    try:
        given = {v.name: _value(v, actions.values.get(v.name, "")) for v in variables}
        messages = render(prompt, {name: value for name, value in given.items() if value is not None})
    except WorkbenchError as problem:
        show_fault(problem)
        return
    prompt_preview.rendered(messages)


def _value(variable: Variable, text: str) -> Any:
    """Return a variable's value for the preview. Text that is not given yet stands as its placeholder."""
    value = parse_value(variable.name, variable.type, text)
    open_text = variable.type == "string" and variable.required and variable.default is None
    return f"{{{{{variable.name}}}}}" if value is None and open_text else value


def _fill_from_a_case(actions: PromptActions, names: list[str]) -> None:
    cases = _cases(actions.workspace, actions.name)
    fitting = {title: given for title, given in cases.items() if any(name in given for name in names)}
    if not fitting:
        return
    key = "prompt_case"

    def fill() -> None:
        chosen = fitting.get(st.session_state[key])
        if chosen is not None:
            actions.fill({name: chosen[name] for name in names if name in chosen})

    st.selectbox(
        "Values of a case",
        list(fitting),
        index=None,
        key=key,
        placeholder="Take the values of a case",
        label_visibility="collapsed",
        on_change=fill,
    )


def _cases(workspace: Workspace, name: str) -> dict[str, dict[str, str]]:
    """Return the first cases of the suites that run a prompt, by title: each variable's value as it is typed."""
    return {
        f"{suite.name} · {case.id}": {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in case.vars.items()
        }
        for suite in suites_of(workspace, name)
        for case in suite.dataset.cases[:MAX_CASES]
    }


def _models(workspace: Workspace) -> list[str]:
    """Return the models to offer: the usable ones, then others that the library's prompts name."""
    named = {versions[0].prompt.model for versions in workspace.prompts.overview()}
    return list(dict.fromkeys([*models().offered, *sorted(name for name in named if name)]))
