"""Model files: an ONNX graph, a card and a checksum, read and written without running code."""

from flawflow.model_file.container import ModelFile, read_model, replace_card, write_model

__all__ = ["ModelFile", "read_model", "replace_card", "write_model"]
