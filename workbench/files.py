"""Reading and writing files that people and other programs also edit: bounded, safe, with clear errors."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import BadInput

MAX_BYTES = 50_000_000
MAX_ALIASES = 100
MAX_DEPTH = 60
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}


def read_text(
    path: Path, *, what: str = "file", max_bytes: int = MAX_BYTES, error: type[BadInput] = BadInput
) -> str:
    """Return the text of a UTF-8 file without byte-order mark and with ``\\n`` line ends.

    Raises:
        BadInput: The file is missing, unreadable, too large, or not UTF-8.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise error(
                f"The {what} has {size / 1e6:.1f} MB and the limit is {max_bytes / 1e6:.0f} MB",
                file=path,
                hint="split it",
            )
        raw = path.read_bytes()
    except FileNotFoundError:
        raise error(f"There is no such {what}", file=path, hint="check the path") from None
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise error(f"The {what} cannot be read ({reason})", file=path) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise error(
            f"The {what} is not UTF-8 text", file=path, line=line, hint="save it with the encoding UTF-8"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def write_atomic(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        BadInput: The folder cannot be written.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except OSError as problem:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise _cannot_write(path, problem) from None


def append_line(path: Path, line: str) -> None:
    """Append one line to a text file and flush it to the disk.

    Raises:
        BadInput: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(line + "\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as problem:
        raise _cannot_write(path, problem) from None


def _cannot_write(path: Path, problem: OSError) -> BadInput:
    reason = problem.strerror or type(problem).__name__
    return BadInput(
        f"It cannot be written ({reason})", file=path, hint="check the folder's permissions and space"
    )


def read_jsonl(
    path: Path, *, what: str = "file", error: type[BadInput] = BadInput
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield ``(line number, row)`` for each non-empty line of a JSONL file.

    Raises:
        BadInput: The file cannot be read, or a line is not a JSON object.
    """
    for number, line in enumerate(read_text(path, what=what, error=error).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise error(
                "The line is not valid JSON", file=path, line=number, hint="write one object a line"
            ) from None
        if not isinstance(row, dict):
            raise error(
                "The line is not a JSON object", file=path, line=number, hint="write {…} on each line"
            )
        yield number, row


def check_name(name: str, what: str = "name") -> str:
    """Return ``name`` in Unicode NFC if it is safe as a file name on every system.

    Letters and digits of any script, ``-``, ``_``, ``.`` and single spaces inside; at most 100 characters
    and 200 bytes.

    Raises:
        BadInput: It is not.
    """
    name = unicodedata.normalize("NFC", name)
    allowed = all(c in "-_. " or unicodedata.category(c)[0] in "LNM" for c in name)
    plain = name.strip(" .") == name and not name.startswith("-") and ".." not in name
    fits = 0 < len(name) <= 100 and len(name.encode()) <= 200
    if not (allowed and plain and fits) or name.split(".")[0].lower() in _RESERVED:
        shown = ascii(name[:60])[1:-1] if name else ""
        raise BadInput(
            f'"{shown}" cannot be a {what}',
            hint="use letters, digits, - and _ (at most 100), starting with a letter or digit",
        )
    return name


def canonical_json(data: Any) -> str:
    """Return JSON that is the same text for the same data: sorted keys, no spaces, NFC strings kept as given."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def sha256_text(text: str) -> str:
    """Return the SHA-256 of the text's UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class YamlDocument:
    """Plain data and where each part of it stands."""

    data: Any
    lines: dict[tuple[str | int, ...], int]

    def line(self, *path: str | int) -> int | None:
        """Return the line (from 1) of the node at ``path``, or of its nearest parent."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def load_yaml(text: str, *, file: str | Path | None = None, error: type[BadInput] = BadInput) -> YamlDocument:
    """Read one YAML document by the 1.2 core rules: ``no``, ``on``, ``12:30`` and dates stay text.

    Raises:
        BadInput: (or ``error``) with the line, for bad syntax, duplicate keys, tags, or a bomb of aliases.
    """
    import yaml

    try:
        _refuse_alias_bombs(text, file, error)
        root = yaml.compose(text, Loader=_loader())
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        reason = problem.problem or problem.context or "bad syntax"
        raise error(
            f"This is not valid YAML ({reason})",
            file=file,
            line=mark.line + 1 if mark else None,
            hint="check the indentation, quotes and colons around this line",
        ) from None
    except yaml.YAMLError as problem:
        raise error(f"This is not valid YAML ({str(problem).splitlines()[0]})", file=file) from None
    except RecursionError:
        raise error("This YAML is nested too deeply", file=file) from None
    lines: dict[tuple[str | int, ...], int] = {}
    if root is None:
        return YamlDocument(None, lines)
    # Real nodes are fewer than characters; what is far above comes from aliases in aliases.
    most = min(_Builder.MAX_NODES, 100_000 + len(text))
    return YamlDocument(_Builder(lines, file, error, most).build(root, ()), lines)


def _loader() -> Any:
    """Return a safe loader with the YAML 1.2 core resolvers, made once."""
    global _LOADER
    if _LOADER is None:
        import yaml

        # The C scanner is ten times faster where the wheel has it; both are safe loaders.
        base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        _LOADER = type("CoreLoader", (base,), {"yaml_implicit_resolvers": {}})
        for tag, pattern, first in _CORE_RESOLVERS:
            _LOADER.add_implicit_resolver(tag, re.compile(pattern), first)
    return _LOADER


_LOADER: Any = None
_CORE_RESOLVERS = (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
)


#: Lists and keys that open one another on a single line: the C scanner's stack ends before Python's does.
_COMPACT = re.compile(r"(?:[-?:][ \t]+){20}")


def _refuse_alias_bombs(text: str, file: str | Path | None, error: type[BadInput]) -> None:
    """Refuse documents whose aliases or depth could blow up, before anything is built."""
    import yaml

    shallow = text.count("[") + text.count("{") < MAX_DEPTH and "  " * MAX_DEPTH not in text
    if "*" not in text and shallow and not _COMPACT.search(text):
        return
    aliases = depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if aliases > MAX_ALIASES:
            raise error(
                f"There are more than {MAX_ALIASES} aliases (*name)",
                file=file,
                line=line,
                hint="write them out",
            )
        if depth > MAX_DEPTH:
            raise error(f"It is nested more than {MAX_DEPTH} deep", file=file, line=line, hint="flatten it")


class _Builder:
    """Turns composed nodes into plain data and notes their lines."""

    MAX_NODES = 2_000_000

    def __init__(
        self,
        lines: dict[tuple[str | int, ...], int],
        file: str | Path | None,
        error: type[BadInput],
        most: int = MAX_NODES,
    ) -> None:
        self.lines, self.file, self.error, self.most, self.nodes = lines, file, error, most, 0

    def build(self, node: Any, path: tuple[str | int, ...]) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self.nodes += 1
        if self.nodes > self.most or len(path) > MAX_DEPTH:
            raise self.error(
                "This YAML grows too large when its aliases are expanded", file=self.file, line=line
            )
        kind = node.id
        if kind != "scalar" and node.tag not in ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"):
            raise self._tag_refused(node, line)
        if kind == "sequence":
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        if kind == "mapping":
            return self._mapping(node, path)
        return self._scalar(node, line)

    def _mapping(self, node: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.id != "scalar":
                raise self.error("A key must be plain text", file=self.file, line=line)
            key = key_node.value
            if key in result:
                raise self.error(
                    f'The key "{key}" is given twice', file=self.file, line=line, hint="remove one"
                )
            self.lines[(*path, key)] = line
            result[key] = self.build(value_node, (*path, key))
        return result

    def _scalar(self, node: Any, line: int) -> Any:
        kind, text = node.tag.rpartition(":")[2], node.value
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            if len(text) > 400:
                raise self.error("The number is too long", file=self.file, line=line)
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if kind == "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if kind == "str":
            return text
        raise self._tag_refused(node, line)

    def _tag_refused(self, node: Any, line: int) -> BadInput:
        return self.error(
            f"The tag {node.tag} is not allowed here", file=self.file, line=line, hint="remove it"
        )


def dump_yaml(data: Any) -> str:
    """Return YAML in the given key order, with ``|`` blocks for text of several lines; `load_yaml` reads it back."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
            return super().increase_indent(flow, False)

    def represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
        # A block keeps prompts readable and diffs small, but cannot hold trailing blanks or odd line ends.
        blockable = "\n" in text and not re.search(
            r"[ \t]\n|[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ufeff]", text + "\n"
        )
        # Only double quotes keep the line ends that YAML 1.1 folds.
        style = "|" if blockable else '"' if re.search("[\x85\u2028\u2029]", text) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent_text)
    # Text that reads as a number by 1.2 but not by 1.1, such as 0E0, needs quotes too.
    for tag, pattern, first in _CORE_RESOLVERS:
        Dumper.add_implicit_resolver(tag, re.compile(pattern), first)
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
