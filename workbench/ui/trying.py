"""The playground's form: what is chosen and typed, how it is remembered, and what is asked with it.

No widgets here; the screen draws what this decides.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.errors import BadInput, NotFound, TemplateError, WorkbenchError
from workbench.evals.types import Case
from workbench.llm.types import ModelSpec
from workbench.prompts.content import Prompt, Variable
from workbench.prompts.templates import variables_of
from workbench.ui.editing import Form as PromptForm
from workbench.workspace import PromptVersion, Workspace
from workbench.workspace.playground import MAX_SLOTS, Session

LETTERS = "ABCD"
OFFLINE = "offline/rules"


@dataclass
class Choice:
    """One column: a version (None is the unsaved draft) and a model. ``slot`` is its place in the session shown."""

    version: int | None
    model: str
    slot: int | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(3))


@dataclass
class TryForm:
    """What one prompt is tried with.

    ``values`` are texts as typed; those named in ``as_json`` stand for the value that they are the JSON of.
    ``session`` is the session whose answers are shown. ``case`` names where the values come from, and
    ``expected`` what that case expects.
    """

    prompt: str
    columns: list[Choice] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    as_json: list[str] = field(default_factory=list)
    use_cache: bool = True
    session: str = ""
    case: str = ""
    expected: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, as the workspace remembers it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TryForm | None:
        """The inverse of `to_dict`; None for what another Workbench wrote."""
        try:
            columns = [Choice(**column) for column in data["columns"]]
            form = cls(**{**data, "columns": columns})
        except (TypeError, KeyError):
            return None
        return form if 1 <= len(columns) <= MAX_SLOTS else None


@dataclass(frozen=True)
class Tried:
    """A prompt with everything that may stand in a column."""

    name: str
    versions: tuple[PromptVersion, ...]
    draft: Prompt | None
    draft_problem: WorkbenchError | None = None

    @property
    def options(self) -> list[int | None]:
        """The versions to choose from: the draft if there is one, then the newest first."""
        drafted = self.draft is not None or self.draft_problem is not None
        return [*([None] if drafted else []), *(version.number for version in self.versions)]

    def prompt(self, version: int | None) -> Prompt:
        """Return a version's content.

        Raises:
            NotFound: There is no such version.
            BadInput: The draft cannot be a prompt yet.
        """
        if version is None:
            if self.draft_problem is not None:
                raise self.draft_problem
            if self.draft is not None:
                return self.draft
            raise NotFound(f"{self.name} has no draft any more", hint="choose a version")
        found = next((v for v in self.versions if v.number == version), None)
        if found is None:
            raise NotFound(f"{self.name} has no version {version}", hint="choose another one")
        return found.prompt

    def title(self, version: int | None) -> str:
        """Return what a column is called."""
        return f"{self.name} (draft)" if version is None else f"{self.name}@{version}"


def prompt_names(workspace: Workspace) -> list[str]:
    """Return the prompts that can be tried, those with only a draft included."""
    names = {*workspace.prompts.names(), *workspace.store.drafts.names()}
    return sorted(names, key=str.casefold)


def look_up(workspace: Workspace, name: str) -> Tried:
    """Return what can be tried of a prompt."""
    try:
        versions = tuple(workspace.prompts.versions(name))
    except NotFound:
        versions = ()
    stored = workspace.store.drafts.get(name)
    if stored is None:
        return Tried(name, versions, None)
    try:
        return Tried(name, versions, PromptForm.from_dict(stored.content).to_prompt(name))
    except BadInput as problem:
        return Tried(name, versions, None, problem)


def first_form(tried: Tried, offered: list[str]) -> TryForm:
    """Return the form of a prompt that was never tried: its newest version beside the one before."""
    form = TryForm(tried.name)
    for version in tried.options[:2]:
        form.columns.append(Choice(version, usual_model(tried, version, offered)))
    return form


def usual_model(tried: Tried, version: int | None, offered: list[str]) -> str:
    """Return the prompt's own model, else the first that is usable."""
    try:
        own = tried.prompt(version).model
    except WorkbenchError:
        own = None
    return own or (offered[0] if offered else OFFLINE)


def form_of(session: Session, tried: Tried) -> TryForm:
    """Return the form that asks again what a session asked."""
    form = TryForm(tried.name, use_cache=session.use_cache, session=session.id)
    for slot, column in enumerate(session.columns):
        same = [v.number for v in tried.versions if v.sha256 == column.prompt.sha256]
        named = [number for number in same if column.title == tried.title(number)]
        version = (named or same or tried.options[:1] or [None])[0]
        if not same and tried.draft is not None:
            version = None
        form.columns.append(Choice(version, column.model.id, slot))
    set_values(form, session.variables)
    return form


def set_values(form: TryForm, values: dict[str, Any]) -> None:
    """Write values into the form, as text where they are text and as JSON otherwise."""
    for name, value in values.items():
        form.as_json = [other for other in form.as_json if other != name]
        if isinstance(value, str):
            form.values[name] = value
        elif value is not None:
            form.values[name] = json.dumps(value, ensure_ascii=False)
            form.as_json.append(name)


def fill_from_case(form: TryForm, suite: str, case: Case) -> None:
    """Write a case's variables into the form and note where they come from."""
    set_values(form, case.vars)
    expected = case.expected
    form.case = f"{suite} / {case.id}"
    if expected is None:
        form.expected = ""
    else:
        form.expected = expected if isinstance(expected, str) else json.dumps(expected, ensure_ascii=False)


def type_value(form: TryForm, name: str, text: str) -> None:
    """Take what was typed. What was filled in from a case is the case's no more."""
    if form.values.get(name, "") != text:
        form.values[name] = text
        form.case = form.expected = ""


def values_to_send(form: TryForm) -> dict[str, Any]:
    """Return what the templates are filled with. An empty field is a missing variable."""
    values: dict[str, Any] = {}
    for name, text in form.values.items():
        if text == "":
            continue
        values[name] = text
        if name in form.as_json:
            # Edited into something else it is text, and its type is checked when it is sent.
            with contextlib.suppress(ValueError, RecursionError):
                values[name] = json.loads(text)
    return values


def variables_in(tried: Tried, form: TryForm) -> list[tuple[Variable, str]]:
    """Return the variables of all columns, each with the letters of the columns that use it ("" for all)."""
    found: dict[str, Variable] = {}
    users: dict[str, str] = {}
    for letter, choice in zip(LETTERS, form.columns, strict=False):
        try:
            variables = _variables(tried.prompt(choice.version))
        except WorkbenchError:
            continue
        for variable in variables:
            found.setdefault(variable.name, variable)
            users[variable.name] = users.get(variable.name, "") + letter
    everyone = len(form.columns)
    return [(found[name], "" if len(users[name]) == everyone else users[name]) for name in found]


#: SHA-256 of a prompt → its variables: finding those of a Jinja2 template takes another process.
_KNOWN: dict[str, tuple[Variable, ...]] = {}
_MOST_KNOWN = 500


def _variables(prompt: Prompt) -> tuple[Variable, ...]:
    if prompt.sha256 not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        try:
            _KNOWN[prompt.sha256] = variables_of(prompt)
        except TemplateError:
            return prompt.variables  # a broken template says so when it is run
    return _KNOWN[prompt.sha256]


def ask(workspace: Workspace, tried: Tried, form: TryForm, spec: Callable[[str], ModelSpec]) -> None:
    """Ask every column; the form then shows the new session.

    Raises:
        BadInput: A column has no model, or the draft cannot be a prompt yet.
        NotFound: A version is gone.
        TemplateError: A variable is missing or of the wrong type. Nothing was sent.
    """
    for letter, choice in zip(LETTERS, form.columns, strict=False):
        if not choice.model.strip():
            raise BadInput(f"Column {letter} has no model", hint="choose one, or type provider/model")
    columns = [
        (tried.title(choice.version), tried.prompt(choice.version), spec(choice.model.strip()))
        for choice in form.columns
    ]
    known = {variable.name for variable, _ in variables_in(tried, form)}
    values = {name: value for name, value in values_to_send(form).items() if name in known}
    form.session = workspace.playground.start(columns, values, use_cache=form.use_cache)
    for slot, choice in enumerate(form.columns):
        choice.slot = slot


def add_column(tried: Tried, form: TryForm, offered: list[str]) -> None:
    """Add a column: the next version that is not there yet, asked of the last column's model."""
    if len(form.columns) >= MAX_SLOTS:
        return
    there = {choice.version for choice in form.columns}
    free = [version for version in tried.options if version not in there] or tried.options
    version = free[0] if free else None
    model = form.columns[-1].model if form.columns else usual_model(tried, version, offered)
    form.columns.append(Choice(version, model))


def inputs_differ(form: TryForm, session: Session, known: set[str]) -> bool:
    """Whether the values in the form are others than those that a session was asked with."""
    now = {name: value for name, value in values_to_send(form).items() if name in known}
    then = {name: value for name, value in session.variables.items() if name in known}
    return now != then


def column_differs(choice: Choice, tried: Tried, session: Session) -> bool:
    """Whether a column's choice is another one than what its answer was asked with."""
    if choice.slot is None or choice.slot >= len(session.columns):
        return False
    asked = session.columns[choice.slot]
    try:
        return tried.prompt(choice.version).sha256 != asked.prompt.sha256 or choice.model != asked.model.id
    except WorkbenchError:
        return True


def has_edits(form: TryForm, tried: Tried, session: Session | None) -> bool:
    """Whether the form holds what no session holds."""
    known = {variable.name for variable, _ in variables_in(tried, form)}
    if session is None:
        return any(form.values.get(name) for name in known)
    if len(form.columns) != len(session.columns) or inputs_differ(form, session, known):
        return True
    return any(choice.slot is None or column_differs(choice, tried, session) for choice in form.columns)
