"""Inspecting an archive: a listing frozen into shards, each with results that are whole or absent."""
