"""Counts of regions by coarse cells and classes of sizes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# As `flawflow.server.db.places.place_of` counts.
_SQLITE = """
SELECT
    substr(time, 1, 14) || printf('%02d:00.000000', CAST(substr(time, 15, 2) AS INTEGER) / 15 * 15) AS start,
    model, source,
    30 * CAST((json_extract(region.value, '$.centroid[1]') + 0.5) * 30 / height AS INTEGER)
    + CAST((json_extract(region.value, '$.centroid[0]') + 0.5) * 30 / width AS INTEGER) AS cell,
    1.0 * json_extract(region.value, '$.area') / (height * width) AS share
FROM inspections, json_each(inspections.regions) AS region WHERE verdict <> 'OK'
"""
_POSTGRESQL = """
SELECT date_trunc('hour', time) + floor(extract(minute FROM time) / 15) * interval '15 minutes' AS start,
    model, source,
    30 * floor(((region -> 'centroid' ->> 1)::float8 + 0.5) * 30 / height)::integer
    + floor(((region -> 'centroid' ->> 0)::float8 + 0.5) * 30 / width)::integer AS cell,
    (region ->> 'area')::float8 / (height::bigint * width) AS share
FROM inspections, json_array_elements(inspections.regions) AS region WHERE verdict <> 'OK'
"""
_SIZE = "CASE WHEN share >= 0.1 THEN 3 WHEN share >= 0.01 THEN 2 WHEN share >= 0.001 THEN 1 ELSE 0 END"


def upgrade() -> None:
    """Make the table and count what is there already."""
    op.create_table(
        "places",
        sa.Column("start", sa.DateTime(), primary_key=True),
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("source", sa.String(255), primary_key=True),
        sa.Column("cell", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("size", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.execute(f"INSERT INTO places (start, model, source, cell, size, count) {counted()}")


def counted() -> str:
    """Give the query that counts the regions of all inspections."""
    regions = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL
    return (
        f"SELECT start, model, source, cell, {_SIZE} AS size, count(*) FROM ({regions}) AS found "
        "GROUP BY 1, 2, 3, 4, 5"
    )
