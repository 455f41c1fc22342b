"""The steps that bring an older database to the present schema, in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.config import Config

#: The newest step. Written here so that opening an up-to-date database need not load Alembic.
HEAD = "0011"


def alembic_config() -> Config:
    """Return the configuration that finds the steps beside this file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(connection: sa.Connection) -> None:
    """Run the missing steps inside the transaction that ``connection`` has open."""
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
