"""What Alembic runs to migrate: on the connection it is handed, inside the transaction that holds the lock."""

from alembic import context

from efface.storage.catalogue.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can alter few things in place: there Alembic copies the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
