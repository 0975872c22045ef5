"""What runs a search: onnxruntime for a model file, torch for a run folder."""
