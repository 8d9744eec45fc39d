"""The record: inspections, their maps, rates and switches of versions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    _inspections()
    op.create_table(
        "maps",
        sa.Column(
            "inspection",
            _ID,
            sa.ForeignKey("inspections.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("png", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "rates",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("time", sa.DateTime(), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("false_reject_rate", sa.Double(), nullable=False),
        sa.Column("review_rate", sa.Double(), nullable=False),
    )
    op.create_index("ix_rates_model", "rates", ["model"])
    op.create_table(
        "switches",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("time", sa.DateTime(), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_index("ix_switches_model", "switches", ["model"])


def _inspections() -> None:
    op.create_table(
        "inspections",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(32), nullable=False, unique=True),
        sa.Column("time", sa.DateTime(), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("p_value", sa.Double(), nullable=False),
        sa.Column("verdict", sa.String(6), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("timings", sa.JSON(), nullable=False),
        sa.Column("picture_sha256", sa.String(64), nullable=False),
        sa.Column("heat_low", sa.Double(), nullable=False),
        sa.Column("heat_high", sa.Double(), nullable=False),
        sa.Column("has_picture", sa.Boolean(), nullable=False),
        sa.Column("has_map", sa.Boolean(), nullable=False),
        sa.Column("has_mask", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(4)),
        sa.Column("labelled", sa.DateTime()),
    )
    for name, columns in (
        ("model", ["model", "id"]),
        ("verdict", ["verdict", "id"]),
        ("label", ["label", "id"]),
    ):
        op.create_index(f"inspections_by_{name}", "inspections", columns)
    op.create_index("inspections_by_time", "inspections", ["time"])
