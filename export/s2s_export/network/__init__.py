"""The network as ONNX nodes: each file writes the one of its name in ``s2s/model``."""
