"""Model files: one ONNX graph with a sealed card, read and written without running any code of theirs."""

from flawflow.model_file.container import ModelFile, read_model, replace_card, write_model

__all__ = ["ModelFile", "read_model", "replace_card", "write_model"]
