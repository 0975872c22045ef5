"""The two things on disk, model files and run folders; neither torch nor onnx is needed."""
