"""The station: a web page and an HTTP service beside the line, on one process and without torch."""
