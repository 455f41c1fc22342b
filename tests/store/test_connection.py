"""The database: made by its migrations, shared by several processes, refused when it is not ours to touch."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa

from workbench.errors import StoreError
from workbench.store import Store, database_url
from workbench.store.migrations import HEAD, alembic_config
from workbench.store.tables import metadata


@pytest.fixture
def store(tmp_path):
    store = Store(database_url(tmp_path, env={}))
    yield store
    store.close()


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(store):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_a_database_from_a_newer_version_is_left_alone_and_said_so(tmp_path):
    Store(database_url(tmp_path, env={})).close()
    path = tmp_path / "workbench.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="newer version of Workbench"):
        Store(database_url(tmp_path, env={}))


def test_a_damaged_database_is_one_sentence(tmp_path):
    (tmp_path / "workbench.db").write_bytes(b"this is not a database at all, just text" * 100)
    with pytest.raises(StoreError, match="damaged"):
        Store(database_url(tmp_path, env={}))


def test_a_wrong_database_url_does_not_repeat_the_password_it_may_hold():
    with pytest.raises(StoreError) as caught:
        database_url(None, env={"WORKBENCH_DATABASE_URL": "not a url with hunter2"})
    assert "hunter2" not in str(caught.value)


def test_opening_an_up_to_date_database_does_not_load_alembic(tmp_path):
    Store(database_url(tmp_path, env={})).close()
    code = (
        "import sys; from pathlib import Path; from workbench.store import Store, database_url;"
        f"Store(database_url(Path({str(tmp_path)!r}), env={{}})); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


WRITER = """
import sys
from pathlib import Path
from workbench.llm.types import Completion
from workbench.store import Store, database_url
store = Store(database_url(Path(sys.argv[1]), env={}))
revision = 0
for number in range(150):
    store.cache.put(f"{sys.argv[2]}-{number}", "m", Completion(text=str(number)))
    revision = store.drafts.put(sys.argv[2], {"n": number}, base=None, revision=revision)
"""


def test_several_processes_open_and_write_one_new_database_at_once_and_nothing_is_locked_or_lost(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), f"w{i}"], stderr=subprocess.PIPE)
        for i in range(4)
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors.decode()
    store = Store(database_url(tmp_path, env={}))
    assert store.cache.size().entries == 600
    assert {store.drafts.get(f"w{i}").content["n"] for i in range(4)} == {149}
    store.close()


def test_foreign_keys_hold(store):
    from workbench.store.tables import completions

    with pytest.raises(sa.exc.IntegrityError), store.engine.begin() as connection:
        connection.execute(
            completions.insert().values(
                run_id="absent",
                prompt_index=0,
                model_index=0,
                case_id="c",
                repeat=0,
                text="",
                usage={},
                cached=False,
                created_at="",
            )
        )
