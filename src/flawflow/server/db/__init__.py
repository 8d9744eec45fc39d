"""The record of every inspection, in SQLite or PostgreSQL."""

from flawflow.server.db.filters import Filters
from flawflow.server.db.people_tables import AuditRow, TokenRow, UserRow
from flawflow.server.db.statistics_tables import QuarterRow
from flawflow.server.db.store import Store
from flawflow.server.db.tables import Base, InspectionRow

__all__ = ["AuditRow", "Base", "Filters", "InspectionRow", "QuarterRow", "Store", "TokenRow", "UserRow"]
