"""Model files and run folders: what is on disk, read without torch, onnx or onnxruntime."""
