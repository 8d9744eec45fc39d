"""Run by Alembic; `flawflow.server.db.migrate` hands over the connection."""

from alembic import context

from flawflow.server.db.tables import Base

# SQLite cannot change a column: Alembic then makes a new table and copies (batch).
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
