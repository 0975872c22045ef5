"""Does a GPU give what a CPU gives? Gradients, resuming, both searches, and what runs where.

    python recipes/check_gpu.py --out runs/check_gpu
    python recipes/check_gpu.py --out runs/check_gpu --device cpu    # a rehearsal without a GPU

Gradients of one batch of 10,500 tokens are compared with those of the CPU in fp32. Then a small
network learns on the GPU to copy letters, once in one go and once with a stop in between. What it
says is compared: with torch, and with onnxruntime from an fp32 and an fp16 file. Last, a profile of
onnxruntime shows whether all nodes in a step of the search ran on the GPU.

Each line has its limit. The limits are estimates: this script has run on CPUs only. If a line is
over its limit, or a check fails, the exit status is 1.
"""

import argparse
import gc
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from s2s import Translator, session_options
from s2s.config import BOS_ID, EOS_ID, ModelConfig, SearchConfig, TokenizerConfig
from s2s.corpus.stream import Batch, Place, Step
from s2s.formats.model_file import read_model_file
from s2s.model.seq2seq import Seq2Seq
from s2s.model.tf32 import allow_tf32
from s2s.runtime.backend import SearchBatch, pad
from s2s.runtime.onnx_backend import OnnxBackend
from s2s.runtime.providers import import_onnxruntime
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
from s2s.train.update import Updater
from s2s_export import export_run

ROWS, LENGTH, VOCAB = 700, 15, 1000
WIDE = ModelConfig(
    src_vocab_size=VOCAB, tgt_vocab_size=VOCAB, embedding_size=64, hidden_size=64, dropout=0.0
)
GRADIENTS = {"fp32": 1e-3, "tf32": 0.02, "bf16": 0.02, "fp16": 0.02}
"""Largest relative error of a weight's gradient."""
SMALL = ModelConfig(embedding_size=32, hidden_size=64, dropout=0.1, tie="all")
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
PAIRS, TESTED = 2000, 100


class Row(NamedTuple):
    """Result of a comparison."""

    is_right: bool
    what: str
    found: str
    limit: str


def one_step() -> Step:
    """Returns a step of one batch of random pieces, without padding."""
    draw = np.random.default_rng(1)
    tgt = draw.integers(EOS_ID + 1, VOCAB, (ROWS, LENGTH))
    tgt[:, -1] = EOS_ID
    tgt_in = np.concatenate([np.full((ROWS, 1), BOS_ID), tgt[:, :-1]], axis=1)
    batch = Batch(tgt, np.full(ROWS, LENGTH), tgt_in, tgt, tgt.size, 1)
    return Step([batch], tgt.size, ROWS, Place())


def updater(device: str, precision: str) -> Updater:
    """Returns an updater of the same untrained network for each device and precision."""
    torch.manual_seed(1)
    model = Seq2Seq(WIDE).to(device).train()
    if device == "cuda":
        allow_tf32(precision != "fp32")
    settings: dict[str, Any] = {"device": device, "precision": precision}
    return Updater(model, TrainConfig(max_updates=1, clip_norm=None, **settings))


def gradients(made: Updater, step: Step) -> dict[str, Tensor]:
    """Returns the gradients of a step by name, on the CPU; the weights stay as they are."""
    for _ in range(10):  # the scale of an fp16 loss may be too large at first
        if bool(made.update(step, 0.0).gradient_norm.isfinite()):
            break
    named = made.model.named_parameters()
    return {name: p.grad.double().cpu() for name, p in named if p.grad is not None}


def check_gradients(options: argparse.Namespace) -> Iterator[Row]:
    """Compares gradients of each precision with those of the CPU in fp32."""
    step = one_step()
    exact = gradients(updater("cpu", "fp32"), step)
    is_gpu = options.device == "cuda"
    for precision, limit in GRADIENTS.items():
        if precision != "fp32" and not is_gpu:
            continue
        if precision == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
            continue
        made = updater(options.device, precision)
        found = gradients(made, step)
        errors = {n: float((found[n] - exact[n]).norm() / exact[n].norm()) for n in exact}
        worst = max(errors, key=lambda name: errors[name])
        said = f"error of at most {errors[worst]:.1e} ({worst})"
        yield Row(errors[worst] < limit, f"gradients in {precision}", said, f"{limit:g}")


def sequences() -> list[str]:
    """Returns sequences of letters; the first ``TESTED`` are not trained on."""
    draw = np.random.default_rng(1)
    lengths = draw.integers(3, 13, PAIRS + TESTED)
    return [" ".join(draw.choice(list("abcdefghijklmnopqrst"), length)) for length in lengths]


def write_pairs(folder: Path, part: str, lines: list[str]) -> CorpusConfig:
    """Writes sequences, each of which is its own target."""
    paths = [folder / f"{part}.{side}" for side in ("src", "tgt")]
    for path in paths:
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
    return CorpusConfig(src=str(paths[0]), tgt=str(paths[1]))


def check_resuming(options: argparse.Namespace) -> Iterator[Row]:
    """Trains in one go, and with a stop; the mean at the end has weights from before the stop.

    The first run then goes on, so that it has something to say.
    """
    lines = sequences()
    train_pairs = write_pairs(options.out, "train", lines[TESTED:])
    validation = write_pairs(options.out, "val", lines[:TESTED])
    data = DataConfig(train=(train_pairs,), validation=(validation,))
    training = TrainConfig(
        device=options.device,
        precision="fp32",
        batch_tokens=1000,
        learning_rate=6e-3,
        warmup_updates=20,
        decay="constant",
        validate_every=10,
        average_last=3,
    )
    weights = []
    for name, stops in (("whole", [20]), ("parts", [12, 20]), ("whole", [options.updates])):
        for stop in stops:
            train(
                data,
                options.out / name,
                training=replace(training, max_updates=stop),
                model=SMALL,
                tokenizer=TokenizerConfig(algorithm="word"),
                search=SearchConfig(in_step=False),
                resume=(options.out / name).exists(),
            )
        tensors = load_file(options.out / name / "last.safetensors")
        weights.append(torch.cat([v.flatten() for n, v in tensors.items() if n[:6] == "model."]))
    error = float((weights[1] - weights[0]).norm() / weights[0].norm())
    yield Row(error < 1e-3, "a resumed training", f"weights {error:.1e} off", "0.001")


def same(what: str, expected: list[str], found: list[str], limit: float) -> Row:
    """Counts equal translations; ``limit`` is the least share of them."""
    count = sum(a == b for a, b in zip(expected, found, strict=True))
    is_right = count >= limit * len(expected)
    return Row(is_right, what, f"{count} of {len(expected)} as on the CPU", f"{limit:.0%}")


def translate(model: Path, device: str, sources: list[str]) -> list[str]:
    """Returns the best translations."""
    with Translator(model, device=device) as translator:
        return [each.text for each in translator.translate(sources, beam_size=5)]


def check_searches(options: argparse.Namespace) -> Iterator[Row]:
    """Compares translations with those of the CPU."""
    sources, run, device = sequences()[:TESTED], options.out / "whole", options.device
    expected = translate(run, "cpu", sources)
    yield same("translations of torch", expected, translate(run, device, sources), 0.99)
    for precision, limit in (("fp32", 0.99), ("fp16", 0.95)):
        path = options.out / f"{precision}.onnx"
        export_run(run, path, precision)
        found = translate(path, device, sources)
        yield same(f"translations of onnxruntime in {precision}", expected, found, limit)


def check_placement(options: argparse.Namespace) -> Iterator[Row]:
    """Profiles a search of one sentence: nodes that ran as often as the search had steps."""
    file = read_model_file(options.out / "fp32.onnx")
    settings = session_options()
    settings.enable_profiling = True
    settings.profile_file_prefix = str(options.out / "profile")
    backend = OnnxBackend(file, options.device, 1, options=settings)
    ids = file.tokenizer.encode_src(["a b c d e f g h i j k l"])
    batch = SearchBatch(*pad([tuple(line) for line in ids]))
    steps = int(backend.search(batch, replace(file.search, beam_size=5)).lengths.max())
    del backend
    gc.collect()  # the profile is written when the session goes
    (path,) = options.out.glob("profile*.json")
    counts: Counter[tuple[str, ...]] = Counter()
    for event in json.loads(path.read_text(encoding="utf-8")):
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            node = event["args"]
            counts[node["op_name"], node["provider"], event["name"]] += 1
    path.unlink()
    in_step = [node for node, count in counts.items() if count >= steps]
    here = PROVIDERS[options.device]
    outside = [node[0] for node in in_step if node[1] != here or "Memcpy" in node[0]]
    found = f"copies, or not in {here}: {', '.join(outside) or 'none'}"
    is_right = bool(in_step) and not outside
    yield Row(is_right, f"the {len(in_step)} nodes of a step of the search", found, "none")


CHECKS = (check_gradients, check_resuming, check_searches, check_placement)


def main() -> None:
    """Runs all checks; a check that fails does not stop the next one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda")
    parser.add_argument("--out", type=Path, default=Path("runs/check_gpu"), help="a new folder")
    parser.add_argument("--updates", type=int, default=300, help="until it translates")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("check_gpu: error: torch finds no CUDA GPU; rehearse with --device cpu")
    if options.out.exists():
        sys.exit(f"check_gpu: error: {options.out} exists; remove it, or name another --out")
    options.out.mkdir(parents=True)
    print(f"torch {torch.__version__}, onnxruntime {import_onnxruntime().__version__}")
    if options.device == "cuda":
        cuda, cudnn = torch.version.cuda, torch.backends.cudnn.version()
        print(f"CUDA {cuda}, cuDNN {cudnn}, {torch.cuda.get_device_name()}")
    is_all_right = True
    for check in CHECKS:
        try:
            for row in check(options):
                is_all_right &= row.is_right
                verdict = "right" if row.is_right else "WRONG"
                print(f"{verdict}  {row.what}: {row.found}; limit {row.limit}", flush=True)
        except Exception as error:  # the checks that follow are wanted all the same
            is_all_right = False
            text = str(error).strip().partition("\n")[0]
            print(f"WRONG  {check.__name__}: {type(error).__name__}: {text}", flush=True)
    sys.exit(0 if is_all_right else 1)


if __name__ == "__main__":
    main()
