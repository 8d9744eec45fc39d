"""What presets are for, in a few words."""

from collections.abc import Mapping

PRESET_SUMMARIES: Mapping[str, str] = {
    "fast": "a first look",
    "balanced": "the usual",
    "accurate": "takes longer",
    "paper": "CFLOW-AD exactly as published, takes hours",
}
