"""Files that a person looks at or another program reads: overlays, result lists and the report page."""
