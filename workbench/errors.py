"""Every error that a person may meet, as one sentence: what is wrong, where, and what to do.

WorkbenchError                 shown without a traceback, exit code 2
├── BadInput                   a file, field, option or value that cannot be used
│   ├── PromptError            a prompt file or its content
│   ├── TemplateError          a template that cannot be rendered with these values
│   ├── SuiteError             a suite file
│   └── DatasetError           a file of cases or of recorded outputs
├── NotFound                   a name, number or selector that stands for nothing
├── ConflictError              someone else changed it first; nothing was overwritten
├── StoreError                 the database cannot be opened, read or written
├── ReleaseError               git refused, or the repository cannot take the release
└── CompletionError            a model call that brought no (whole) answer; has a ``kind``
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args


class WorkbenchError(Exception):
    """The root of the tree.

    Args:
        message: What is wrong, as a sentence without its final full stop.
        file: The file it is about, if any.
        line: The line in that file, counted from 1.
        field: The dotted field in that file, such as ``scorers.2.threshold``.
        hint: What to do about it, as a sentence without its final full stop.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message.rstrip(".")
        self.file = str(file) if file is not None else None
        self.line = line
        self.field = field or None
        self.hint = hint.rstrip(".") if hint else None

    def __str__(self) -> str:
        where = self.file or ""
        if self.file and self.line:
            where += f", line {self.line}"
        if self.field:
            where += f"{', ' if where else ''}field {self.field}"
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}: {self.hint}." if self.hint else f"{text}."

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    kind: type[WorkbenchError], args: tuple[object, ...], state: dict[str, object]
) -> WorkbenchError:
    """Rebuild an error that crossed a process boundary, keyword arguments included."""
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class BadInput(WorkbenchError):
    """Something given cannot be used."""


class PromptError(BadInput):
    """A prompt file, or a prompt's content, cannot be used."""


class TemplateError(BadInput):
    """A template cannot be rendered with these values."""


class SuiteError(BadInput):
    """A suite file cannot be used."""


class DatasetError(BadInput):
    """A file of cases or of recorded outputs cannot be used."""


class NotFound(WorkbenchError):
    """A name, number or selector stands for nothing here."""


class ConflictError(WorkbenchError):
    """Someone else changed it first. Nothing was overwritten."""


class StoreError(WorkbenchError):
    """The database cannot be opened, read or written."""


class ReleaseError(WorkbenchError):
    """The repository cannot take the release."""


ErrorKind = Literal[
    "auth",  # no key, or a key that the provider refuses
    "rate_limit",  # too many requests or tokens
    "timeout",  # no answer in time
    "connection",  # nothing listens there, or the connection broke
    "bad_request",  # the provider refuses the request as it is
    "context_length",  # the messages are longer than the model can read
    "content_filter",  # the provider refuses to answer this
    "not_found",  # no such model
    "provider",  # the provider failed (5xx), or answered nonsense
    "missing_recording",  # a recorded model has no row for this case
    "template",  # the prompt could not be rendered with this case's variables
    "cancelled",  # a person stopped it
    "budget",  # the next call would pass the cap
]
ERROR_KINDS: tuple[str, ...] = get_args(ErrorKind)

#: The kinds for which the same call may well succeed a little later.
RETRYABLE_KINDS = frozenset({"rate_limit", "timeout", "connection", "provider"})


class CompletionError(WorkbenchError):
    """A model call brought no whole answer.

    Args:
        message: What happened, without any secret.
        kind: One of `ERROR_KINDS`.
        hint: What to do about it.
        retry_after_s: Seconds that the provider asked to wait, if it did.
    """

    def __init__(
        self, message: str, *, kind: ErrorKind, hint: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind: ErrorKind = kind
        self.retry_after_s = retry_after_s

    @property
    def retryable(self) -> bool:
        """Whether the same call may well succeed a little later."""
        return self.kind in RETRYABLE_KINDS
