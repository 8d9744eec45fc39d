"""Model files for an engine and a precision, each measured against the model it came from; without torch."""
