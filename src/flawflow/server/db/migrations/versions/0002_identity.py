"""Which station the record belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; its one row comes with the first start in a data folder."""
    op.create_table(
        "identity",
        sa.Column("station", sa.String(32), primary_key=True),
        sa.Column("probed", sa.DateTime()),
    )
