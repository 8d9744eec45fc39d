"""Running a model's graph: engines, each loaded when it is asked for and checked by the model's canaries."""
