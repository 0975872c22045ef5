"""Search backends: onnxruntime for a model file, torch for a run folder."""
