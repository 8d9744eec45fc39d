"""Whether a picture is NG or REVIEW as a whole."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; of what was inspected before nobody knows."""
    op.add_column("inspections", sa.Column("whole_image", sa.Boolean()))
