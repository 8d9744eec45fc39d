"""Writes record.schema.json from the classes of `flawflow.results.record`.

    python docs/write_record_schema.py

Needs pydantic (the extra `serve`). A test fails where the file is another than this one would write.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from flawflow.results.record import RECORD_VERSION, Record
from flawflow.storage.files import write_whole

PATH = Path(__file__).with_name("record.schema.json")


def record_schema() -> dict[str, Any]:
    """Give the JSON schema of a record: every key is always there, and others may come."""
    schema = TypeAdapter(Record).json_schema(mode="serialization")
    for part in (schema, *schema["$defs"].values()):
        part["required"] = list(part["properties"])
        for each in part["properties"].values():
            # What pydantic adds for those who make records says nothing to those who read them.
            each.pop("title", None)
            each.pop("default", None)
    schema["properties"]["record_version"]["const"] = RECORD_VERSION
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """Give the file's content."""
    return json.dumps(record_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_whole(PATH, schema_text())
