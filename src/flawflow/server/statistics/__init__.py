"""What the record says about the line: yield, control charts, and what people's labels say of the model."""
