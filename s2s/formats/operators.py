"""The operators that the graph of a model file may have: those that s2s writes, and no others.

An attacker may have made a file. The operators listed here only compute on tensors: nothing in a
file reads other files or runs code, and a file cannot reach kernels of onnxruntime that s2s never
uses. This check cannot tell how long a graph runs or how much memory it takes; ``SECURITY.md`` says
what remains to be done by the program that loads it.
"""

from s2s.errors import ModelError, printable
from s2s.formats.onnx_header import OnnxHeader

_ONNX = (
    "Abs Add And Cast Compress Concat DequantizeLinear Div Equal Expand GRU Gather "
    "GatherElements Gemm Greater Identity If LSTM Less LessOrEqual Log LogSoftmax Loop "
    "MatMul Max Min Mod Mul Neg NonZero Not Or Pad Pow QuantizeLinear RNN Range ReduceMax "
    "ReduceMean ReduceProd ReduceSum Relu Reshape ReverseSequence Round Scan "
    "ScatterElements ScatterND Shape Sigmoid Slice Softmax Split Squeeze Sub Sum Tanh TopK "
    "Transpose Unique Unsqueeze Where"
)
OPERATORS: dict[str, frozenset[str]] = {
    "": frozenset(_ONNX.split()),
    "com.microsoft": frozenset(["MatMulIntegerToFloat"]),
    "ai.onnx.contrib": frozenset(
        ["SentencepieceDecoder", "SentencepieceTokenizer", "StringRegexReplace"]
    ),
    "ai.onnx.ml": frozenset(["LabelEncoder"]),
}
"""Operators of ``s2s_export`` and of s2s 0.1.0, by domain."""


def check_graph(header: OnnxHeader) -> None:
    """Raises ModelError if a file has parts that s2s does not write."""
    if header.external:
        raise ModelError("its weights are in another file; expected all weights in the model file")
    if header.foreign is not None:
        raise ModelError(f"it has {header.foreign}, which s2s does not write")
    if header.misfit is not None:
        name = printable(header.misfit)[:100]
        raise ModelError(f"its tensor '{name}' has more or less data than its shape needs")
    for domain, name in sorted(header.operators):
        if name not in OPERATORS.get(domain, ()):
            operator = printable(f"{domain}.{name}" if domain else name)[:100]
            raise ModelError(
                f"its graph has the operator '{operator}', which this s2s does not write; if a "
                "newer s2s wrote the file, install that version"
            )
