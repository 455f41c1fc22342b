"""Rendering: from a prompt and variables to the messages that are sent.

``literal`` (the default) replaces each ``{{name}}`` once, and never looks into a value. ``jinja2`` is chosen
per prompt and runs in a bounded process of its own (see `jinja_worker`).
"""

from __future__ import annotations

import atexit
import json
import re
import threading
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from workbench.errors import TemplateError
from workbench.prompts.content import SENT_KEYS, Prompt, PromptMessage, Variable
from workbench.prompts.jinja_process import MAX_OUTPUT, TIMEOUT_S, JinjaProcess
from workbench.prompts.turns import message_content

PLACEHOLDER = re.compile(r"\{\{\s*([^\W\d][\w.\-]*)\s*\}\}")
_IMAGE = re.compile(r"https?://[^\s/]+|data:image/[\w.+-]{1,40};base64,")
MAX_LITERAL_OUTPUT = 20_000_000
_ARTICLES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}


class Renderer:
    """Renders prompts, reusing one worker process for all Jinja2 ones. Safe to share between threads.

    Use it as a context manager where many renders follow one another; `render` alone shares one for the
    whole process. Prompts with literal templates never start a worker.

    Args:
        timeout_s: Seconds that one Jinja2 render may take.
        max_output: Characters that one Jinja2 render may produce.
    """

    def __init__(self, *, timeout_s: float = TIMEOUT_S, max_output: int = MAX_OUTPUT) -> None:
        self._worker = JinjaProcess(timeout_s=timeout_s)
        self._max_output = max_output

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker process, if there is one."""
        self._worker.close()

    def render(self, prompt: Prompt, variables: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        """Return the messages to send, each ``{"role", "content"}`` with what else of it is sent.

        Messages with an empty template are left out. ``content`` is a list of parts where there are images, and
        None where the assistant only called tools. In a literal template, text stands as it is and any other value
        as compact JSON.

        Raises:
            TemplateError: A variable is missing or of the wrong type, or the template is broken, forbidden,
                or too costly.
        """
        messages = [message for message in prompt.messages if message.sent]
        if not messages:
            raise TemplateError(f'The prompt "{prompt.name}" has no text to send', hint="write a message")
        values = _bind(prompt, variables)
        sources = [source for message in messages for source in _sources(message)]
        if prompt.template == "jinja2":
            texts = self._render_jinja(prompt, sources, values)
        else:
            texts = _render_literal(prompt, sources, values)
        rendered = iter(texts)
        return tuple(_message(prompt, m, [next(rendered) for _ in _sources(m)]) for m in messages)

    def placeholders(self, prompt: Prompt) -> tuple[str, ...]:
        """Return the names of the variables that the template uses, in order of first use.

        Raises:
            TemplateError: The Jinja2 template is broken.
        """
        sources = [source for message in prompt.messages for source in _sources(message)]
        if prompt.template == "jinja2":
            return tuple(self._ask(prompt, {"op": "names", "sources": sources})["names"])
        return tuple(dict.fromkeys(name for source in sources for name in PLACEHOLDER.findall(source)))

    def _render_jinja(self, prompt: Prompt, sources: list[str], values: dict[str, Any]) -> list[str]:
        request = {"op": "render", "sources": sources, "variables": values, "max_output": self._max_output}
        return self._ask(prompt, request)["texts"]

    def _ask(self, prompt: Prompt, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._worker.ask(request)
        except (TypeError, ValueError, RecursionError):
            for name, value in request.get("variables", {}).items():
                _as_json(name, value)
            raise TemplateError(f'The variables of the prompt "{prompt.name}" cannot be sent') from None
        if "error" in answer:
            raise _jinja_error(prompt, answer, self._max_output)
        return answer


def render(prompt: Prompt, variables: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Render with the process's shared `Renderer`; see `Renderer.render`."""
    return _shared_renderer().render(prompt, variables)


def placeholders(prompt: Prompt) -> tuple[str, ...]:
    """Return the names that the template uses, with the shared `Renderer`; see `Renderer.placeholders`."""
    return _shared_renderer().placeholders(prompt)


def variables_of(prompt: Prompt) -> tuple[Variable, ...]:
    """Return the declared variables, then those that are only used: required, and of any type.

    Raises:
        TemplateError: The Jinja2 template is broken.
    """
    declared = {variable.name for variable in prompt.variables}
    used = (Variable(name) for name in placeholders(prompt) if name not in declared)
    return (*prompt.variables, *used)


def check_variables(prompt: Prompt, variables: Mapping[str, Any]) -> None:
    """Refuse values that the prompt cannot be rendered with, without rendering it.

    Raises:
        TemplateError: Naming every missing variable, or the one of the wrong type.
    """
    _bind(prompt, variables)


def type_problem(variable: Variable, value: Any) -> str | None:
    """Return what is wrong with a value for a declared variable, or None."""
    try:
        _typed(variable, value)
    except TemplateError as problem:
        return problem.message
    return None


_shared: Renderer | None = None
_shared_lock = threading.Lock()


def _shared_renderer() -> Renderer:
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Renderer()
            atexit.register(_shared.close)
        return _shared


def _bind(prompt: Prompt, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with defaults filled in and declared types checked.

    Raises:
        TemplateError: Naming every missing variable, or the one of the wrong type.
    """
    values = dict(variables)
    missing = []
    for variable in prompt.variables:
        value = values.get(variable.name)
        if value is None:
            value = variable.default
        if value is not None:
            values[variable.name] = _typed(variable, value)
        elif variable.required:
            missing.append(variable.name)
        else:
            values[variable.name] = "" if prompt.template == "literal" or variable.type == "string" else None
    if prompt.template == "literal":
        missing.extend(name for name in _literal_names(prompt) if name not in values)
    if missing:
        raise _missing(prompt, list(dict.fromkeys(missing)))
    return values


def _literal_names(prompt: Prompt) -> Iterator[str]:
    for message in prompt.messages:
        for source in _sources(message):
            yield from PLACEHOLDER.findall(source)


def _sources(message: PromptMessage) -> list[str]:
    """Return the texts of a message that may hold placeholders."""
    return [message.content, *(image["url"] for image in message.images)]


def _message(prompt: Prompt, message: PromptMessage, texts: list[str]) -> dict[str, Any]:
    """Put a rendered message together.

    Raises:
        TemplateError: An image's address is none that a model could read.
    """
    text, *addresses = texts
    for address in addresses:
        if not _IMAGE.match(address):
            raise TemplateError(
                f'The image "{ascii(address[:60])[1:-1]}" of the prompt "{prompt.name}" is no address of an image',
                hint="write an https address, or data:image/png;base64,…",
            )
    content = message_content(message, text, addresses)
    sent = {key: message.extra[key] for key in SENT_KEYS if message.extra.get(key) is not None}
    return {
        "role": message.role,
        "content": None if content == "" and "tool_calls" in sent else content,
        **sent,
    }


def _missing(prompt: Prompt, names: list[str]) -> TemplateError:
    listed = ", ".join(f'"{name}"' for name in names)
    what = f"The variable {listed} is" if len(names) == 1 else f"The variables {listed} are"
    return TemplateError(
        f'{what} missing for the prompt "{prompt.name}"', hint="give a value, or declare a default"
    )


def _typed(variable: Variable, value: Any) -> Any:
    """Return the value as the declared type; text from a CSV or a form may stand for a number or JSON.

    Raises:
        TemplateError: It is of another type.
    """
    if isinstance(value, str) and variable.type != "string":
        text = value.strip().lower() if variable.type == "boolean" else value
        try:
            read = json.loads(text)
        except (ValueError, RecursionError):
            read = value
        if _fits(variable.type, read):
            return read
    elif _fits(variable.type, value):
        return value
    shown = f'the text "{ascii(value[:40])[1:-1]}"' if isinstance(value, str) else _named(value)
    raise TemplateError(
        f'The variable "{variable.name}" should be {_ARTICLES.get(variable.type, variable.type)}, not {shown}'
    )


def _fits(kind: str, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str) or number  # a number in a case file reads as its digits
    if kind == "number":
        return number
    if kind == "integer":
        return number and (isinstance(value, int) or value.is_integer())
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "array":
        return isinstance(value, list | tuple)
    return isinstance(value, Mapping)


def _named(value: Any) -> str:
    for kind in ("boolean", "number", "array", "object"):
        if _fits(kind, value):
            return _ARTICLES[kind]
    return type(value).__name__


def _render_literal(prompt: Prompt, sources: list[str], values: dict[str, Any]) -> list[str]:
    """Replace every placeholder in one pass, so that braces inside a value stay what they are."""
    names = dict.fromkeys(_literal_names(prompt))
    texts = {
        name: values[name] if isinstance(values[name], str) else _as_json(name, values[name])
        for name in names
    }
    size = sum(len(source) for source in sources)
    size += sum(len(texts[name]) for name in _literal_names(prompt))
    if size > MAX_LITERAL_OUTPUT:
        raise TemplateError(
            f'The messages of the prompt "{prompt.name}" would have over {MAX_LITERAL_OUTPUT:,} characters',
            hint="shorten the variables",
        )
    return [PLACEHOLDER.sub(lambda match: texts[match[1]], source) for source in sources]


def _as_json(name: str, value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        raise TemplateError(
            f'The variable "{name}" cannot be written as JSON', hint="use text, numbers, lists and objects"
        ) from None


def _jinja_error(prompt: Prompt, answer: dict[str, Any], max_output: int) -> TemplateError:
    """Turn the worker's error into one sentence."""
    kind, detail = answer["error"], answer.get("message", "")
    if kind == "undefined" and answer.get("missing"):
        return _missing(prompt, [answer["missing"]])
    where = f" in line {answer['line']}" if answer.get("line") else ""
    message, hint = {
        "output": (f"would write more than {max_output:,} characters", "build less text in it"),
        "memory": ("needs too much memory", "build less text in it"),
        "depth": ("is nested too deeply", "flatten it"),
        "files": ("asks for another file, which templates may not", "write its text here"),
        "security": (f"does what a template may not: {detail}", "use only the variables and filters"),
        "syntax": (f"is not valid Jinja2{where}: {detail}", "see the Jinja2 template documentation"),
    }.get(kind, (f"fails: {detail}", None))
    field = f"messages.{answer['index']}.content" if "index" in answer else None
    return TemplateError(f'The template of the prompt "{prompt.name}" {message}', field=field, hint=hint)
