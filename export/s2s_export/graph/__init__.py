"""Nodes and values of an ONNX graph: the builder, and arithmetic in fp32, fp16 and int8."""
