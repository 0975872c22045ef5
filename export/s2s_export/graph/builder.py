"""Writes ONNX graphs node by node: names, constants, and graphs inside graphs.

Every operator is one call that returns its output; constants may stand where values do.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NewType

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
"""Known to onnxruntime since 1.12, far below the oldest one that s2s supports (1.17)."""
IR_VERSION = 8
MICROSOFT = "com.microsoft"
"""Domain of onnxruntime's own operators; an int8 file uses one of them, an fp32 file none."""
EXTENSIONS = "ai.onnx.contrib"
"""Domain of onnxruntime-extensions; a text model uses three of its operators."""
ML = "ai.onnx.ml"
"""Domain of ONNX's operators for classical machine learning; a text model looks strings up with one
of them."""
DOMAINS = {MICROSOFT: 1, EXTENSIONS: 1, ML: 2}
"""Versions that a model asks for."""

Array = NDArray[Any]
Value = NewType("Value", str)
"""A tensor of the graph, by its name."""
OMITTED = Value("")
"""Takes the place of an operand that a node does without."""
Operand = Value | Array | int | float
Shape = Sequence[int | str]


class Graph:
    """A graph under construction; the body of a Loop is a child that sees its parent's values."""

    def __init__(self, name: str, parent: "Graph | None" = None) -> None:
        self.name = name
        self.parent = parent
        self.root: Graph = self if parent is None else parent.root
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        # Only the root uses these four: they hold for all graphs inside it.
        self._stored: set[str] = set()
        self._shared: dict[tuple[str, tuple[int, ...], bytes], Value] = {}
        self._counts: dict[str, int] = {}
        self._prefix = ""

    @property
    def around(self) -> "Graph":
        """The graph that contains this one; for the main graph, itself.

        onnxruntime lays weights out for products if they are stored in the same graph or in its
        parent, but not further up: with weights in the main graph, products of a Loop within a Loop
        took four times as long.
        """
        return self.parent or self

    def child(self, name: str) -> "Graph":
        """Returns an empty graph for the body of a Loop, or a branch of an If, in this one."""
        return Graph(name, self)

    def fresh(self, stem: str) -> str:
        """Returns a name that no other value of the model has."""
        counts = self.root._counts
        counts[stem] = counts.get(stem, 0) + 1
        return f"{stem}_{counts[stem]}"

    def input(self, name: str, dtype: int, shape: Shape) -> Value:
        """Declares an input; ``dtype`` is a type of ``TensorProto``, ``shape`` may hold names."""
        self.inputs.append(helper.make_tensor_value_info(name, dtype, list(shape)))
        return Value(name)

    def output(self, value: Value, dtype: int, shape: Shape, name: str | None = None) -> None:
        """Declares an output; with ``name``, the value gets that name first."""
        if name is not None:
            value = self.label(value, name)
        self.outputs.append(helper.make_tensor_value_info(value, dtype, list(shape)))

    def label(self, value: Value, name: str) -> Value:
        """Gives a value another name; returns the value of that name."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        return Value(name)

    @contextmanager
    def prefixed(self, prefix: str) -> Iterator[None]:
        """Puts ``prefix`` before the names of weights that are stored meanwhile, in any graph."""
        outer, self.root._prefix = self.root._prefix, prefix
        try:
            yield
        finally:
            self.root._prefix = outer

    def weight(self, name: str, value: Array) -> Value:
        """Stores a weight once, however often it is asked for; returns it.

        Its name is ``name`` with the prefix before it, because the members of an ensemble have
        weights of the same names. A body's weights are stored in the graph ``around`` it.
        """
        return self.around._store(f"{self.root._prefix}{name}", value)

    def _store(self, name: str, value: Array) -> Value:
        if name not in self.root._stored:
            self.root._stored.add(name)
            self.constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return Value(name)

    def constant(self, value: Array | int | float) -> Value:
        """Stores a small constant (a Python int is int64, a float is float32) once; returns it."""
        if isinstance(value, float):
            array: Array = np.array(value, dtype=np.float32)
        elif isinstance(value, int):
            array = np.array(value, dtype=np.int64)
        else:
            array = value
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.root._shared:
            self.root._shared[key] = self.root._store(self.fresh("constant"), array)
        return self.root._shared[key]

    def ints(self, *values: int) -> Value:
        """Stores int64 ``values`` as a vector: shapes, axes, sizes."""
        return self.constant(np.array(values, dtype=np.int64))

    def strings(self, *values: str) -> Value:
        """Stores ``values`` as a vector of strings."""
        name = self.fresh("strings")
        return self._store(name, np.array(values, dtype=object))

    def refuse(self, index: Value, choices: Array, reason: str) -> Value:
        """Adds a Gather that fails when run, unless ``index`` is one of ``choices``.

        ONNX has no operator that raises. The node's name is the reason, because onnxruntime puts
        that name into its message. A later node must use the output, or onnxruntime removes this
        one.
        """
        operands = [self.constant(choices), index]
        self.nodes.append(helper.make_node("Gather", operands, [self.fresh("checked")], reason))
        return Value(self.nodes[-1].output[0])

    def op(self, kind: str, *operands: Operand, domain: str = "", **attributes: Any) -> Value:
        """Adds a node with one output; returns that output."""
        return self.ops(kind, 1, *operands, domain=domain, **attributes)[0]

    def ops(
        self, kind: str, count: int, *operands: Operand, domain: str = "", **attributes: Any
    ) -> list[Value]:
        """Adds a node with ``count`` outputs; returns them."""
        values = [
            operand if isinstance(operand, str) else self.constant(operand) for operand in operands
        ]
        outputs = [Value(self.fresh(kind)) for _ in range(count)]
        self.nodes.append(
            helper.make_node(kind, values, outputs, outputs[0], domain=domain, **attributes)
        )
        return outputs

    def loop(self, body: "Graph", states: Sequence[Value], count: Value) -> list[Value]:
        """Adds a Loop over ``body`` that runs until the body's first output is false.

        The body's inputs are the iteration, the condition and the states; its outputs are the
        condition, the next states and the values to stack. ``count`` () int64 limits the
        iterations; the condition is true before the first one. ONNX reads a Loop without a
        condition as one whose body's condition is ignored: onnxruntime is lenient, other runtimes
        are not. Returns the last states and the stacks.
        """
        outputs = len(body.outputs) - 1
        return self.ops("Loop", outputs, count, np.array(True), *states, body=body.to_proto())

    def branch(self, condition: Value, then: "Graph", other: "Graph") -> list[Value]:
        """Adds an If on ``condition`` () bool; returns the outputs of the graph that is run."""
        branches = {"then_branch": then.to_proto(), "else_branch": other.to_proto()}
        return self.ops("If", len(then.outputs), condition, **branches)

    def scan(self, body: "Graph", states: Sequence[Value], inputs: Sequence[Value]) -> list[Value]:
        """Adds a Scan of ``body`` over the first axis of ``inputs``.

        The body's inputs are the states and a slice of each input, its outputs the next states and
        the values to stack. Returns the last states and the stacks.
        """
        return self.ops(
            "Scan",
            len(body.outputs),
            *states,
            *inputs,
            body=body.to_proto(),
            num_scan_inputs=len(inputs),
        )

    def to_proto(self) -> onnx.GraphProto:
        """Returns the finished graph."""
        constants = list(self.constants.values())
        return helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, constants)


def stored(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    """Yields the constants of a graph and of the graphs inside it."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from stored(attribute.g)


def to_model(graph: Graph, producer_version: str, domains: Sequence[str]) -> onnx.ModelProto:
    """Wraps a finished graph; ``domains`` are those of its operators, besides ONNX's own."""
    opsets = [helper.make_opsetid("", OPSET)]
    opsets += [helper.make_opsetid(domain, DOMAINS[domain]) for domain in domains]
    return helper.make_model(
        graph.to_proto(),
        producer_name="s2s",
        producer_version=producer_version,
        ir_version=IR_VERSION,
        opset_imports=opsets,
    )


FLOAT, INT64, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32
UINT8, BOOL, DOUBLE = TensorProto.UINT8, TensorProto.BOOL, TensorProto.DOUBLE
FLOAT16, STRING = TensorProto.FLOAT16, TensorProto.STRING
