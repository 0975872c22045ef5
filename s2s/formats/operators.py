"""What the graph of a model file may consist of: operators that s2s writes, and nothing else.

A file may be made by somebody who means harm. What is known here are operators that compute on
tensors, so that nothing of a file reads other files or runs code, and no kernel of onnxruntime that
s2s has no use for is fed by strangers. How long a graph runs and what memory it takes, no look at
it can tell: ``export/README.md`` says what is left to the one who loads it.
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
"""By domain: those of ``s2s_export``, and of s2s 0.1.0."""


def check_graph(header: OnnxHeader) -> None:
    """Raises ModelError if a file has what s2s does not write."""
    if header.external:
        raise ModelError("its weights lie in another file; s2s models are one file")
    if header.foreign is not None:
        raise ModelError(f"it has {header.foreign}, which s2s does not write")
    if header.misfit is not None:
        name = printable(header.misfit)[:100]
        raise ModelError(f"its tensor '{name}' has not the data that its shape asks for")
    for domain, name in sorted(header.operators):
        if name not in OPERATORS.get(domain, ()):
            what = printable(f"{domain}.{name}" if domain else name)[:100]
            raise ModelError(
                f"its graph has the operator '{what}', which this s2s does not write; a later one "
                "may: install that"
            )
