"""How much a search computes: finished sentences leave the batch, a quarter of it at a time."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from s2s.config import EOS_ID, PAD_ID, SearchConfig
from s2s.formats.option_inputs import opened
from s2s.search.beam import beam_search
from s2s_export import build_model


def sentences_a_step(ends, beam, *, leave=True):
    """How many are searched at each step, if they are finished at those steps."""
    live, step, searched = list(ends), 0, []
    while live:
        worth = max(math.ceil(len(live) / 4), math.ceil(4 / beam)) if leave else len(live)
        unfinished = len(live)
        while unfinished > max(len(live) - worth, 0):
            step += 1
            searched.append(len(live))
            unfinished = sum(end > step for end in live)
        live = [end for end in live if end > step]
    return searched


def sentences(count):
    lengths = torch.tensor([1 + 7 * row % 29 for row in range(count)])
    generator = torch.Generator().manual_seed(count)
    src = torch.randint(EOS_ID + 1, 40, (count, int(lengths.max())), generator=generator)
    src[torch.arange(src.shape[1]) >= lengths[:, None]] = PAD_ID
    return src, lengths


def inputs_of(src, lengths, search):
    return {
        "src": src.numpy(),
        "src_lengths": lengths.numpy(),
        "beam_size": np.array(search.beam_size),
        "max_length": np.array(search.max_length),
        "length_penalty": np.array(search.length_penalty, np.float32),
    }


def profiled(model, tmp_path, names, inputs):
    """Outputs, and what onnxruntime notes of each node that it ran."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "profile")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    outputs = session.run(names, inputs)
    notes = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return outputs, [note["args"] for note in notes if note["name"].endswith("_kernel_time")]


@pytest.mark.parametrize(
    ("count", "beam", "details"),
    [
        (1, 1, False),
        (4, 2, False),
        (9, 1, False),
        (9, 1, True),  # which stay: notes are followed through all steps
        (13, 3, False),
        (40, 2, False),
    ],
)
def test_a_quarter_of_the_sentences_leaves_at_a_time(
    make_model, tiny_config, tmp_path, count, beam, details
):
    model = make_model(tiny_config(), seed=1)
    src, lengths = sentences(count)
    search = SearchConfig(beam_size=beam, max_length=45)
    inputs = inputs_of(src, lengths, search)
    if details:
        inputs["details"] = np.array(True)
    graph = opened(build_model(model, search).SerializeToString())
    names = ["hypotheses", *(["attention"] if details else [])]
    outputs, notes = profiled(graph, tmp_path, names, inputs)
    expected = beam_search(model, src, lengths, search)
    assert np.array_equal(outputs[0], expected.tokens)
    # A step looks for the best pieces of each hypothesis, then for the best hypotheses.
    shapes = [
        next(iter(note["output_type_shape"][0].values()))
        for note in notes
        if note["op_name"] == "TopK"
    ]
    ends = expected.lengths.amax(dim=1).tolist()
    searched = sentences_a_step(ends, beam, leave=not details)
    assert [rows for rows, _ in shapes[0::2]] == [sentences * beam for sentences in searched]
    assert [rows for rows, _ in shapes[1::2]] == searched
    assert {best for _, best in shapes[0::2]} == {max(beam, 2)}  # two cost less than one
    assert count < 9 or details or sum(searched) < 0.5 * count * max(ends)


@pytest.mark.parametrize(
    ("option", "branches"),
    [
        ({}, 0),
        ({"min_length": np.array(2)}, 2),
        ({"no_repeat": np.array(2)}, 2),
        ({"diversity": np.array(0.1, np.float32)}, 2),
        ({"temperature": np.array(0.1, np.float32)}, 2),
        ({"bias": np.full(40, -0.1, np.float32)}, 2),
        ({"prefix": np.array([[5]])}, 2),
    ],
)
def test_a_step_takes_the_way_of_options_if_one_is_asked_for(
    make_model, tiny_config, tmp_path, option, branches
):
    model, (src, lengths) = make_model(tiny_config(), seed=1), sentences(4)
    search = SearchConfig(beam_size=2, max_length=9)
    graph = opened(build_model(model, search).SerializeToString())
    inputs = {**inputs_of(src, lengths, search), **option}
    _, notes = profiled(graph, tmp_path, ["hypotheses"], inputs)
    ran = [note["op_name"] for note in notes]
    steps = ran.count("TopK") // (3 if "temperature" in option else 2)
    assert steps > 1
    assert ran.count("If") == steps * (1 + branches) + 1  # and that of details
    assert ran.count("ScatterElements") == (steps if "no_repeat" in option else 0)
