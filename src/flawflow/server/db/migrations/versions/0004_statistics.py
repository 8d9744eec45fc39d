"""Counts by quarters of an hour, and a quick way to what was reviewed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# The beginning of the quarter, in the spelling that SQLAlchemy gives to times in SQLite.
_SQLITE = "substr(time, 1, 14) || printf('%02d:00.000000', CAST(substr(time, 15, 2) AS INTEGER) / 15 * 15)"
_POSTGRESQL = "date_trunc('hour', time) + floor(extract(minute FROM time) / 15) * interval '15 minutes'"


def upgrade() -> None:
    """Make the table and count what is there already."""
    op.create_table(
        "quarters",
        sa.Column("start", sa.DateTime(), primary_key=True),
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("source", sa.String(255), primary_key=True),
        sa.Column("verdict", sa.String(6), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    start = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL
    op.execute(
        "INSERT INTO quarters (start, model, source, verdict, count) "
        f"SELECT {start}, model, source, verdict, count(*) FROM inspections GROUP BY 1, 2, 3, 4"
    )
    where = sa.text("label IS NOT NULL")
    op.create_index(
        "inspections_reviewed",
        "inspections",
        ["model", "label", "verdict", "time"],
        sqlite_where=where,
        postgresql_where=where,
    )
