"""Scorers of code: SQL, Python and JavaScript that parses. Nothing is ever run."""

from __future__ import annotations

import ast
import threading
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from workbench.evals.scorers.blocks import Deadline, Fences, Inside, candidates, first_right
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.types import ScoringInput

MAX_SQL = 20_000
MAX_CODE = 200_000
_PARSE = threading.Lock()
#: How other tools call dialects that sqlglot knows by another name.
_DIALECTS = {"mariadb": "mysql", "postgresql": "postgres", "transactsql": "tsql", "flinksql": "spark"}


def _verdict(fault: str | None, what: str) -> Outcome:
    if fault is None:
        return Outcome(1.0, True)
    return Outcome(0.0, False, f"it holds no {what}" if fault == "nothing" else fault)


def _bounded(text: str, limit: int) -> None:
    if len(text) > limit:
        raise ScoringError(f"the text has over {limit} characters")


@scorer("sql")
@dataclass(frozen=True)
class Sql:
    """The output is SQL that parses in a dialect, and uses only allowed tables and columns.

    ``tables`` and ``columns`` are names, in upper or lower case: ``users``, ``sales.orders``; ``email``,
    ``users.email`` (its table's alias is resolved). An entry may say for which statement it is allowed, as
    ``select::users`` and ``select::users::email``; the statement is a regular word or ``(.*)`` for any. ``*`` counts
    as the column ``(.*)``. Several statements are allowed where each is right. Parsing is by ``sqlglot``, which does
    not know whether tables exist.
    """

    dialect: Annotated[
        str, Field(description="mysql, postgres, sqlite, tsql, bigquery, snowflake, …; empty: any SQL")
    ] = ""
    tables: Annotated[list[str] | None, Field(description="The only tables that may be used")] = None
    columns: Annotated[list[str] | None, Field(description="The only columns that may be used")] = None
    fences: Fences = False
    inside: Inside = False

    def __post_init__(self) -> None:
        from sqlglot import Dialect

        try:
            Dialect.get_or_raise(self._dialect)
        except ValueError:
            raise ValueError(
                f'there is no SQL dialect "{self.dialect[:40]}" such as mysql, postgres or sqlite'
            ) from None

    @property
    def _dialect(self) -> str:
        name = self.dialect.lower()
        return _DIALECTS.get(name, name)

    def score(self, cell: ScoringInput) -> Outcome:
        """Parse each candidate until one is right."""
        _bounded(cell.output, MAX_SQL)
        found = candidates(cell.output, ("sql",), fences=self.fences, inside=self.inside)
        return _verdict(first_right([text for text in found if text.strip()], self._fault), "SQL")

    def _fault(self, text: str) -> str | None:
        import sqlglot
        from sqlglot.errors import SqlglotError

        try:
            statements = [s for s in sqlglot.parse(text, dialect=self._dialect or None) if s is not None]
        except SqlglotError as problem:
            return f"it is not SQL ({_first_line(problem)})"
        except RecursionError:
            return "it is nested too deeply"
        if not statements or not all(map(_is_statement, statements)):
            return "it is not an SQL statement"
        used = [use for statement in statements for use in _uses(statement)]
        table = next((t for t in used if len(t) == 3 and not _allowed(t, self.tables)), None)
        if table:
            return f"it uses the table {'.'.join(filter(None, table[1:]))}"
        column = next((c for c in used if len(c) == 4 and not _allowed_column(c, self.columns)), None)
        return f"it uses the column {'.'.join(filter(None, column[2:]))}" if column else None


def _first_line(problem: Exception) -> str:
    errors = getattr(problem, "errors", None)
    if errors:
        return f"line {errors[0].get('line')}: {errors[0].get('description')}"[:120]
    return (str(problem).splitlines() or ["bad syntax"])[0][:120]


def _is_statement(tree: Any) -> bool:
    """Whether it is a statement of its own: sqlglot also parses bare words and expressions."""
    from sqlglot import exp

    if isinstance(tree, exp.Select):
        return bool(tree.expressions)
    kinds = (exp.Query, exp.DML, exp.DDL, exp.Alter, exp.Drop, exp.TruncateTable, exp.Transaction, exp.Commit)
    more = (
        exp.Rollback,
        exp.Set,
        exp.Use,
        exp.Describe,
        exp.Show,
        exp.Pragma,
        exp.Merge,
        exp.Grant,
        exp.Command,
    )
    return isinstance(tree, (*kinds, *more)) and not isinstance(tree, exp.Subquery | exp.Table)


def _uses(statement: Any) -> Iterable[tuple[str, ...]]:
    """Yield ``(statement, database, table)`` and ``(statement, "", table, column)`` in lower case."""
    from sqlglot import exp

    kind = (
        statement.key
        if statement.key in ("insert", "update", "delete", "create", "drop", "alter")
        else "select"
    )
    own = {cte.alias.lower() for cte in statement.find_all(exp.CTE)}
    derived = {part.alias.lower() for part in statement.find_all(exp.Subquery) if part.alias}
    aliases: dict[str, str] = {}
    for table in statement.find_all(exp.Table):
        name = table.name.lower()
        if not name or (name in own and not table.db):
            continue
        aliases[(table.alias or name).lower()] = name
        target = kind != "select" and table in (statement.this, getattr(statement.this, "this", None))
        yield (kind if target or kind == "select" else "select", table.db.lower(), name)
    only = next(iter(set(aliases.values()))) if len(set(aliases.values())) == 1 else ""
    for column in statement.find_all(exp.Column, exp.Star):
        if isinstance(column, exp.Star):
            if not isinstance(column.parent, exp.Count | exp.Column):
                yield (kind, "", only, "(.*)")
            continue
        source = column.table.lower()
        if source not in own | derived:
            yield (
                kind,
                "",
                aliases.get(source, source) or only,
                "(.*)" if column.is_star else column.name.lower(),
            )
    if isinstance(statement, exp.Insert) and isinstance(statement.this, exp.Schema):
        for part in statement.this.expressions:
            yield (kind, "", statement.this.this.name.lower(), part.name.lower())


def _allowed(use: tuple[str, ...], entries: list[str] | None) -> bool:
    """Whether a table is in the list: ``orders``, ``sales.orders``, or ``statement::database::table``."""
    if entries is None:
        return True
    kind, database, name = use
    for entry in entries:
        parts = entry.lower().split("::")
        where, _, table = parts[-1].rpartition(".")
        where = where or (parts[1] if len(parts) == 3 and parts[1] not in ("null", "(.*)") else "")
        right_kind = len(parts) == 1 or parts[0] in (kind, "(.*)")
        if right_kind and table in (name, "(.*)") and where in ("", database):
            return True
    return False


def _allowed_column(use: tuple[str, ...], entries: list[str] | None) -> bool:
    """Whether a column is in the list: ``email``, ``users.email``, or ``statement::users::email``."""
    if entries is None:
        return True
    kind, _, table, name = use
    for entry in entries:
        parts = entry.lower().split("::")
        where, _, column = parts[-1].rpartition(".") if parts[-1] != "(.*)" else ("", "", "(.*)")
        where = where or (parts[1] if len(parts) == 3 and parts[1] not in ("null", "(.*)") else "")
        right_kind = len(parts) == 1 or parts[0] in (kind, "(.*)")
        if right_kind and column in (name, "(.*)") and where in ("", table):
            return True
    return False


@scorer("python")
@dataclass(frozen=True)
class Python:
    """The output is Python that parses, by the grammar of the Python that runs Workbench; nothing is run."""

    fences: Fences = False
    inside: Inside = False

    def score(self, cell: ScoringInput) -> Outcome:
        """Parse each candidate until one is right."""
        _bounded(cell.output, MAX_CODE)
        found = candidates(cell.output, ("python", "py", "python3"), fences=self.fences, inside=self.inside)
        return _verdict(first_right([text for text in found if text.strip()], _python_fault), "Python")


def _python_fault(text: str) -> str | None:
    try:
        # Odd escapes in an answer warn; the filter is global, so one parses at a time.
        with _PARSE, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as problem:
        return f"line {problem.lineno}: {problem.msg}"
    except ValueError:
        return "it holds characters that no Python may hold"
    except (RecursionError, MemoryError):
        return "it is nested too deeply"
    return None


@scorer("javascript")
@dataclass(frozen=True)
class Javascript:
    """The output is JavaScript (with JSX) that parses, by ``tree-sitter``'s grammar; nothing is run."""

    fences: Fences = False
    inside: Inside = False

    def score(self, cell: ScoringInput) -> Outcome:
        """Parse each candidate until one is right."""
        _bounded(cell.output, MAX_CODE)
        found = candidates(
            cell.output, ("javascript", "js", "jsx", "mjs"), fences=self.fences, inside=self.inside
        )
        return _verdict(
            first_right([text for text in found if text.strip()], _javascript_fault), "JavaScript"
        )


def _javascript_fault(text: str) -> str | None:
    from tree_sitter import Parser

    root = Parser(_javascript()).parse(text.encode("utf-8", "replace")).root_node
    if not root.has_error:
        return None
    deadline, cursor = Deadline(), root.walk()
    while not (cursor.node.is_error or cursor.node.is_missing):
        deadline.check()
        broken = cursor.goto_first_child()
        while broken and not cursor.node.has_error and not cursor.node.is_missing:
            broken = cursor.goto_next_sibling()
        if not broken:
            break
    return f"line {cursor.node.start_point.row + 1}: it is not JavaScript"


@lru_cache(maxsize=1)
def _javascript() -> Any:
    import tree_sitter_javascript
    from tree_sitter import Language

    return Language(tree_sitter_javascript.language())
