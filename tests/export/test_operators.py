"""The operators that a loader lets pass are those that are written, and no more."""

import itertools

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from s2s.config import SearchConfig
from s2s.errors import ModelError
from s2s.formats.checksum import sealed
from s2s.formats.model_file import describe
from s2s.formats.onnx_header import read_header
from s2s.formats.operators import OPERATORS, check_graph
from s2s.model.run import load_run
from s2s.model.seq2seq import Seq2Seq
from s2s_export import add_metadata, build_model
from s2s_export.text_model import build_text_model

OLD = {("", "ReduceProd"), ("", "Round")}
"""What older files have besides."""


@pytest.fixture(scope="module")
def graphs(tiny_config, make_run):
    """Graphs of all that an operator depends on."""
    cells = [("lstm", "tanh"), ("gru", "tanh"), ("rnn", "tanh"), ("rnn", "relu")]
    kinds = ("dot", "general", "mlp", "multihead")
    configs = [
        tiny_config(cell=cell, activation=activation, attention=kind, context=context)
        for (cell, activation), kind, context in zip(
            cells * 2, kinds + kinds[::-1], ["parallel", "input_feeding"] * 4, strict=True
        )
    ]
    configs += [tiny_config(attention=kind, context="input_feeding") for kind in kinds]
    configs += [tiny_config(encoder_layers=2, decoder_layers=2, cell=cell) for cell, _ in cells]
    configs += [tiny_config(cell="peephole")]
    written = [
        build_model(Seq2Seq(config).eval(), SearchConfig(), precision)
        for config, precision in itertools.product(configs, ("fp32", "fp16", "int8"))
    ]
    member = Seq2Seq(configs[0]).eval()
    written.append(build_model([member, member], SearchConfig()))
    for tokenizer in ({}, {"byte_fallback": True}):
        run = load_run(make_run(tokenizer=tokenizer, vocab_size=300 if tokenizer else 40))
        written.append(build_text_model(run.model, run.search, run.tokenizer))
    return [read_header(graph.SerializeToString()) for graph in written]


def test_all_that_is_written_passes(graphs):
    for header in graphs:
        check_graph(header)


def test_a_text_model_has_a_checksum(make_run):
    run = load_run(make_run())
    graph = build_text_model(run.model, run.search, run.tokenizer)
    add_metadata(graph, run, "fp32", text=True)
    data = bytearray(sealed(graph.SerializeToString()))
    assert describe(bytes(data)).text
    data[len(data) // 2] ^= 1
    with pytest.raises(ModelError, match="checksum does not match its content"):
        describe(bytes(data))


def test_what_passes_is_written(graphs):
    written = set().union(*(header.operators for header in graphs))
    known = {(domain, name) for domain, names in OPERATORS.items() for name in names}
    # LabelEncoder looks up tags, which these models do not have; test_text.py has it.
    assert known - written == OLD | {("ai.onnx.ml", "LabelEncoder")}
