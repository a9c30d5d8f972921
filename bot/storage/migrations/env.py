"""Alembic's entry: runs the revisions on the connection that schema.py hands over, inside its transaction."""

from alembic import context

from bot.storage.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
context.run_migrations()
