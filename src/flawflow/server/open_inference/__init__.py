"""The Open Inference Protocol, version 2, over HTTP: what KServe, Triton's clients and gateways speak."""
