"""What the station names in English has its words in every catalogue of the page."""

import json
from pathlib import Path

import pytest

import flawflow.server
from flawflow.decision.drift import FINDING_WORDING
from flawflow.server.security.roles import RIGHTS, ROLES

LANGUAGES = Path(flawflow.server.__file__).parent / "static" / "languages"
KEYS = [
    *(f"role.{role}" for role in ROLES),
    *(f"right.{right.name}" for right in RIGHTS),
    *(f"finding.{words}" for pair in FINDING_WORDING.values() for words in pair),
]


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_roles_rights_and_findings_have_words(language: str):
    words = json.loads((LANGUAGES / f"{language}.json").read_text("utf-8"))
    assert [key for key in KEYS if key not in words] == []


def test_english_says_what_the_station_says():
    words = json.loads((LANGUAGES / "en.json").read_text("utf-8"))
    assert {right.name: words[f"right.{right.name}"] for right in RIGHTS} == {
        right.name: right.what for right in RIGHTS
    }
