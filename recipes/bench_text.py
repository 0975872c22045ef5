"""A text model beside the model file of the same run: same translations, how fast, how large.

    s2s export RUN ids.onnx && s2s export RUN text.onnx --text
    python recipes/bench_text.py ids.onnx text.onnx SENTENCES

Both search with the same batches, in the order of the file, on one thread, in turns; the figure is
the median over rounds, in processor time, which a busy machine stretches less. With the model file,
sentencepiece cuts and joins in Python, in the same batches. Loading is timed in a process of its
own, after the imports.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read by onnxruntime while it is loaded
import onnxruntime
import onnxruntime_extensions

from s2s.formats.model_file import read_model_file
from s2s.runtime.backend import pad
from s2s.text import clean, read_lines

Rows = list[list[str]]
Translate = Callable[[Sequence[str]], Rows]
LOAD_TEXT = """
import sys, time, onnxruntime, onnxruntime_extensions
begun = time.perf_counter()
options = onnxruntime.SessionOptions()
options.register_custom_ops_library(onnxruntime_extensions.get_library_path())
onnxruntime.InferenceSession(sys.argv[1], options)
print(time.perf_counter() - begun)
"""
LOAD_IDS = """
import sys, time, base64, onnxruntime, sentencepiece
begun = time.perf_counter()
session = onnxruntime.InferenceSession(sys.argv[1])
model = session.get_modelmeta().custom_metadata_map["s2s.tokenizer"]
sentencepiece.SentencePieceProcessor(model_proto=base64.b64decode(model))
print(time.perf_counter() - begun)
"""


def session_of(path: Path, extensions: bool) -> onnxruntime.InferenceSession:
    """Loads a file for one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if extensions:
        options.register_custom_ops_library(onnxruntime_extensions.get_library_path())
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def translators(ids: Path, text: Path, beam: int) -> dict[str, Translate]:
    """Returns what translates a batch: all hypotheses of each sentence."""
    file = read_model_file(ids)
    of_ids, of_text = session_of(ids, False), session_of(text, True)
    options = {
        "beam_size": np.array(beam),
        "max_length": np.array(file.search.max_length),
        "length_penalty": np.array(file.search.length_penalty, np.float32),
    }

    def with_pieces(texts: Sequence[str]) -> Rows:
        src, src_lengths = pad([tuple(row) for row in file.tokenizer.encode_src(texts)])
        inputs = {"src": src, "src_lengths": src_lengths, **options}
        (found,) = of_ids.run(["hypotheses"], inputs)
        return [[clean(each) for each in file.tokenizer.decode(row)] for row in found.tolist()]

    def with_strings(texts: Sequence[str]) -> Rows:
        inputs = {"text": np.array(texts, dtype=object), **options}
        (found,) = of_text.run(["translations"], inputs)
        rows: Rows = found.tolist()
        return rows

    return {"ids": with_pieces, "text": with_strings}


def run(translate: Translate, texts: Sequence[str], size: int) -> tuple[Rows, float]:
    """Returns translations, and sentences a second of processor time."""
    begun = time.process_time()
    rows: Rows = []
    for start in range(0, len(texts), size):
        rows += translate(texts[start : start + size])
    return rows, len(texts) / (time.process_time() - begun)


def loading(script: str, path: Path) -> float:
    """Returns seconds, without imports; the median of seven processes."""
    command = [sys.executable, "-c", script, str(path)]
    return statistics.median(
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
        for _ in range(7)
    )


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ids", type=Path, metavar="IDS.onnx")
    parser.add_argument("text", type=Path, metavar="TEXT.onnx")
    parser.add_argument("src", type=Path, metavar="SENTENCES")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    texts = [line for line in map(clean, read_lines(args.src)) if line]
    for path, script in ((args.ids, LOAD_IDS), (args.text, LOAD_TEXT)):
        size = path.stat().st_size / 1e6
        print(f"{path.name}: {size:.2f} MB, loaded in {loading(script, path):.2f} s")
    for beam, size in ((1, 1), (5, 1), (5, 32)):
        both = translators(args.ids, args.text, beam)
        found: dict[str, Rows] = {}
        speeds: dict[str, list[float]] = {name: [] for name in both}
        for _ in range(args.rounds):
            for name, translate in both.items():
                found[name], speed = run(translate, texts, size)
                speeds[name].append(speed)
        same = sum(one == two for one, two in zip(found["ids"], found["text"], strict=True))
        ratio = statistics.median(
            text / ids for text, ids in zip(speeds["text"], speeds["ids"], strict=True)
        )
        print(
            f"beam {beam}, batch {size}: {same} of {len(texts)} sentences with the same "
            f"{beam} translations; sentences a second: ids {statistics.median(speeds['ids']):.0f}, "
            f"text {statistics.median(speeds['text']):.0f}, ratio {ratio:.3f}"
        )


if __name__ == "__main__":
    main()
