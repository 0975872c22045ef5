"""The search as ONNX nodes: ``beam`` writes ``s2s/search/beam.py``, ``candidates`` its namesake."""
