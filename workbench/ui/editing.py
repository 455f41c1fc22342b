"""Editing a prompt: the form's content, its draft in the database, and what to do when two people edit at once.

No widgets here; the screen draws what this decides.
"""

from __future__ import annotations

import copy
import json
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.errors import BadInput, ConflictError
from workbench.files import check_name, dump_yaml, load_yaml
from workbench.prompts.content import Prompt, PromptMessage, Variable
from workbench.workspace import PromptVersion, SaveResult, Workspace

ANY = "any"
MAX_TOKENS_NAMES = ("max_tokens", "maxTokens", "max_completion_tokens", "maxCompletionTokens")


@dataclass
class FormMessage:
    """One message; ``id`` stays the same while it is moved."""

    role: str
    content: str
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    extra: dict[str, Any] = field(default_factory=dict)
    images: tuple[dict[str, Any], ...] = ()
    text_at: int = 0


@dataclass
class FormVariable:
    """What is declared of a variable. ``default`` is text, as typed."""

    type: str = "string"
    required: bool = True
    default: str = ""
    description: str = ""


@dataclass
class Form:
    """A prompt as it is being typed: parts may be wrong for a while, and nothing of them is lost."""

    messages: list[FormMessage] = field(default_factory=lambda: [FormMessage("user", "")])
    description: str = ""
    model: str = ""
    temperature: str = ""
    max_tokens: str = ""
    max_tokens_name: str = MAX_TOKENS_NAMES[0]
    more_parameters: str = ""
    response_format: str = ""
    schema: str = ""
    template: str = "literal"
    tags: list[str] = field(default_factory=list)
    variables: dict[str, FormVariable] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    #: Why it is saved; no part of the prompt.
    message: str = ""

    @classmethod
    def of(cls, prompt: Prompt) -> Form:
        """Return the form that shows a prompt; `to_prompt` is the inverse."""
        rest = dict(prompt.parameters)
        form = cls(
            messages=[
                FormMessage(m.role, m.content, extra=dict(m.extra), images=m.images, text_at=m.text_at)
                for m in prompt.messages
            ],
            description=prompt.description,
            model=prompt.model or "",
            response_format=prompt.response_format or "",
            schema=""
            if prompt.json_schema is None
            else json.dumps(prompt.json_schema, indent=2, ensure_ascii=False),
            template=prompt.template,
            tags=list(prompt.tags),
            variables={v.name: _form_variable(v) for v in prompt.variables},
            extra=copy.deepcopy(prompt.extra),
        )
        if _is_number(rest.get("temperature")):
            form.temperature = _json(rest.pop("temperature"))
        name = next((name for name in MAX_TOKENS_NAMES if name in rest), MAX_TOKENS_NAMES[0])
        form.max_tokens_name = name
        if _is_number(rest.get(name)):
            form.max_tokens = _json(rest.pop(name))
        form.more_parameters = dump_yaml(rest) if rest else ""
        return form

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Form:
        """The inverse of `to_dict`.

        Raises:
            BadInput: The data is of no form.
        """
        try:
            data = dict(data)
            data["messages"] = [FormMessage(**message) for message in data["messages"]]
            data["variables"] = {name: FormVariable(**spec) for name, spec in data["variables"].items()}
            return cls(**data)
        except (TypeError, KeyError, AttributeError):
            raise BadInput("This draft was written by another Workbench", hint="discard it") from None

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain data, as the draft keeps it."""
        return asdict(self)

    def to_prompt(self, name: str) -> Prompt:
        """Return the prompt.

        Raises:
            BadInput: Parameters, schema or a default cannot be read; the message says which.
        """
        parameters = self.parse_more_parameters()
        for key, text in (("temperature", self.temperature), (self.max_tokens_name, self.max_tokens)):
            if text.strip():
                parameters[key] = _number(key, text)
        return Prompt(
            name=name,
            messages=tuple(
                PromptMessage(m.role, m.content, m.extra, m.images, m.text_at) for m in self.messages
            ),  # type: ignore[arg-type]
            description=self.description,
            model=self.model or None,
            parameters=parameters,
            response_format=self.response_format or None,
            json_schema=self.parse_schema(),
            template=self.template,  # type: ignore[arg-type]
            variables=tuple(_variable(name, spec) for name, spec in self.variables.items()),
            tags=tuple(self.tags),
            extra=self.extra,
        )

    def parse_more_parameters(self) -> dict[str, Any]:
        """Return the other parameters.

        Raises:
            BadInput: They are no YAML mapping.
        """
        if not self.more_parameters.strip():
            return {}
        data = load_yaml(self.more_parameters, file="Other parameters").data
        if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
            raise BadInput("Other parameters cannot be read", hint="write one name: value on each line")
        return data

    def parse_schema(self) -> dict[str, Any] | None:
        """Return the JSON schema, or None where there is none.

        Raises:
            BadInput: It is no JSON object.
        """
        if not self.schema.strip():
            return None
        try:
            schema = json.loads(self.schema)
        except (ValueError, RecursionError):
            schema = None
        if not isinstance(schema, dict):
            raise BadInput("The JSON schema is not a JSON object", hint="check its commas and quotes")
        return schema


@dataclass
class Editing:
    """One tab's editing of one prompt.

    ``base`` is the version that the edits are meant to follow (None for a new prompt), ``revision`` that of
    the draft as this tab knows it (0: there is none). ``epoch`` changes when the form was replaced as a whole.
    """

    name: str
    form: Form
    base: int | None
    revision: int = 0
    epoch: int = 0
    conflict: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    kept_at: str = ""

    @property
    def touched(self) -> bool:
        """Whether this tab holds edits that the draft does not have."""
        return self.form.to_dict() != self.known


def open_editing(workspace: Workspace, name: str, *, epoch: int = 0) -> Editing:
    """Begin with the draft, else with the newest version.

    Raises:
        NotFound: There is neither.
    """
    draft = workspace.store.drafts.get(name)
    if draft is not None:
        form = Form.from_dict(draft.content)
        return Editing(
            name, form, draft.base, draft.revision, epoch, known=form.to_dict(), kept_at=draft.updated_at
        )
    newest = workspace.prompts.newest(name)
    form = Form.of(newest.prompt)
    return Editing(name, form, newest.number, epoch=epoch, known=form.to_dict())


def keep(workspace: Workspace, editing: Editing, base: PromptVersion | None) -> None:
    """Write what this tab has typed into the draft, or drop the draft where nothing differs from ``base``.

    A draft that another tab has changed is left alone, and ``conflict`` set.
    """
    if not editing.touched or editing.conflict:
        return
    try:
        if base is not None and base.number == editing.base and same_as(editing.form, base.prompt):
            # A message alone is no edit, but it stays while this tab is open.
            workspace.store.drafts.delete(editing.name, revision=editing.revision)
            editing.revision, editing.kept_at = 0, ""
        else:
            editing.revision = workspace.store.drafts.put(
                editing.name, editing.form.to_dict(), base=editing.base, revision=editing.revision
            )
    except ConflictError:
        editing.conflict = True
        return
    editing.known = editing.form.to_dict()


def catch_up(workspace: Workspace, editing: Editing, newest: PromptVersion | None) -> Editing:
    """Return what this tab should show, after what other tabs and programs may have done.

    A tab without edits of its own follows the others; one with edits keeps them, with ``conflict`` set.
    """
    draft = workspace.store.drafts.get(editing.name)
    revision = draft.revision if draft else 0
    moved = draft is None and newest is not None and newest.number != editing.base
    if revision == editing.revision and not moved:
        editing.conflict = False
        editing.kept_at = draft.updated_at if draft else ""
        return editing
    if revision == editing.revision:
        # There was no draft and is none; only a newer version. Edits of this tab are asked about elsewhere.
        return editing if editing.touched else open_editing(workspace, editing.name, epoch=editing.epoch + 1)
    if editing.touched and (draft is None or draft.content != editing.form.to_dict()):
        editing.conflict = True
        return editing
    return open_editing(workspace, editing.name, epoch=editing.epoch + 1)


def take_theirs(workspace: Workspace, editing: Editing) -> Editing:
    """Give up this tab's edits for what the draft (or the newest version) holds now."""
    return open_editing(workspace, editing.name, epoch=editing.epoch + 1)


def keep_mine(workspace: Workspace, editing: Editing) -> None:
    """Write this tab's edits over the draft of the other tab, which the person has seen."""
    draft = workspace.store.drafts.get(editing.name)
    editing.revision = workspace.store.drafts.put(
        editing.name, editing.form.to_dict(), base=editing.base, revision=draft.revision if draft else 0
    )
    editing.known = editing.form.to_dict()
    editing.conflict = False


def replace_form(workspace: Workspace, editing: Editing, prompt: Prompt, base: int | None) -> Editing:
    """Return an editing that starts from other content; the draft keeps it.

    Raises:
        ConflictError: Another tab has changed the draft since.
    """
    form = Form.of(prompt)
    revision = workspace.store.drafts.put(editing.name, form.to_dict(), base=base, revision=editing.revision)
    return Editing(editing.name, form, base, revision, editing.epoch + 1, known=form.to_dict())


def rebase(workspace: Workspace, editing: Editing, newest: int) -> None:
    """Let the edits follow a newer version, whose content the person has seen."""
    editing.base = newest
    editing.known = {}
    keep(workspace, editing, None)


def discard(workspace: Workspace, editing: Editing) -> None:
    """Forget the draft.

    Raises:
        ConflictError: Another tab has changed it since.
    """
    workspace.store.drafts.delete(editing.name, revision=editing.revision)


def save(workspace: Workspace, editing: Editing) -> SaveResult:
    """Save the form as the next version and forget its draft; another tab's newer draft stays.

    What is typed from then on follows the new version.

    Raises:
        BadInput: The form cannot be a prompt yet.
        ConflictError: A newer version than ``base`` is there.
    """
    prompt = editing.form.to_prompt(editing.name)
    if not any(message.content.strip() for message in prompt.messages):
        raise BadInput("No message has any text yet", hint="write one, then save")
    result = workspace.prompts.save(prompt, parent=editing.base, message=editing.form.message.strip())
    # Where another tab goes on typing, its draft stays; it now shows that a newer version is there.
    with suppress(ConflictError):
        workspace.store.drafts.delete(editing.name, revision=editing.revision)
    editing.base, editing.revision, editing.kept_at = result.version.number, 0, ""
    if result.created:
        editing.form.message = ""
    editing.known = editing.form.to_dict()
    return result


def copy_prompt(workspace: Workspace, form: Form, name: str, *, message: str = "") -> None:
    """Make the draft of a new prompt from a form.

    Raises:
        BadInput: The name cannot be one.
        ConflictError: There is such a prompt, or such a draft, already.
    """
    check_name(name, "prompt")
    taken = any(name.casefold() == known.casefold() for known in workspace.prompts.names())
    if taken or workspace.store.drafts.get(name) is not None:
        raise ConflictError(f'There is already a prompt "{name}"', hint="choose another name")
    content = form.to_dict() | {"message": message}
    workspace.store.drafts.put(name, content, base=None, revision=0)


def same_as(form: Form, prompt: Prompt) -> bool:
    """Whether the form holds exactly this prompt's content."""
    try:
        return form.to_prompt(prompt.name).sha256 == prompt.sha256
    except BadInput:
        return False


def _form_variable(variable: Variable) -> FormVariable:
    default = variable.default
    if default is None:
        text = ""
    else:
        text = default if isinstance(default, str) and variable.type == "string" else _json(default)
    return FormVariable(variable.type, variable.required, text, variable.description)


def _variable(name: str, spec: FormVariable) -> Variable:
    return Variable(
        name, spec.type, spec.required, parse_value(name, spec.type, spec.default), spec.description
    )


def parse_value(name: str, kind: str, text: str) -> Any:
    """Return the value that a text stands for; None where it is empty.

    Raises:
        BadInput: It is no value of this type.
    """
    if text == "":
        return None
    if kind in ("string", ANY):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(f'The value of "{name}" is no {kind}', hint="write it as in JSON") from None
    fits = {"number": _is_number(value), "integer": isinstance(value, int) and not isinstance(value, bool)}
    shapes = {"boolean": bool, "array": list, "object": dict}
    if not fits.get(kind, isinstance(value, shapes.get(kind, object))):
        raise BadInput(f'The value of "{name}" is no {kind}', hint="write it as in JSON")
    return value


def _number(name: str, text: str) -> int | float:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not _is_number(value):
        raise BadInput(f'"{text.strip()[:40]}" is no number', field=name, hint="write it as 0.7 or 500")
    return value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
