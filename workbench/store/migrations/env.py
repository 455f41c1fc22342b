"""Runs the steps on the connection that `workbench.store.migrations.upgrade` passes in."""

from alembic import context

from workbench.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
