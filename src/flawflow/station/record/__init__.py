"""The record of every inspection, in SQLite or PostgreSQL."""

from flawflow.station.record.filters import Filters
from flawflow.station.record.store import Store
from flawflow.station.record.tables import Base, InspectionRow

__all__ = ["Base", "Filters", "InspectionRow", "Store"]
