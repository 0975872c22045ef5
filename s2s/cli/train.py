"""``s2s train``: parallel text in, a run folder out."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from s2s.cli.corpus_options import (
    Augment,
    Corpora,
    Deduplicate,
    Keep,
    Pairs,
    Src,
    Tgt,
    ValCorpora,
    ValPairs,
    ValSrc,
    ValTgt,
)
from s2s.cli.network_options import (
    Algorithm,
    Attention,
    Cell,
    Context,
    DecoderLayers,
    Dropout,
    EmbeddingSize,
    EncoderLayers,
    HiddenSize,
    Normalization,
    Sampling,
    SeparateVocabularies,
    TgtAlgorithm,
    TgtTokenizerModel,
    TokenizerModel,
    VocabSize,
    Whitespace,
)
from s2s.cli.options import AUTO, TrainColumns, TrainPairsFormat, say
from s2s.cli.train_options import (
    Accumulate,
    Assignments,
    BatchTokens,
    BpttSteps,
    Cache,
    Diagnose,
    Init,
    InStep,
    LearningRate,
    MaxEpochs,
    MaxMinutes,
    MaxUpdates,
    NewPieces,
    Out,
    Patience,
    Precision,
    PresetName,
    Resume,
    SaveMinutes,
    Seed,
    TrainDevice,
    ValidateBy,
    ValidateEvery,
    Workers,
)
from s2s.errors import ConfigError, needs
from s2s.files import resolve

if TYPE_CHECKING:
    from s2s.corpus.rows import Form

SPIN_COUNT = "3000"
"""``GOMP_SPINCOUNT`` of a training.

GNU's OpenMP reads it once, when torch loads it: how long a thread waits for the others in a busy
loop before it sleeps. By default a thread spins so long that it keeps the core from the threads it
waits for, as soon as another process wants a core, too. Target tokens/s on 2 cores, beside a busy
process and alone: default 1,500 and 7,100 to 7,400; 3000 4,080 and 7,100 to 8,100; no spinning at
all 4,340 and 5,200 to 6,900.
"""


EPILOG = """Training learns the vocabulary, stops at the nearest of --max-minutes,
--max-updates and --max-epochs (20 epochs if none is given, but at least 1,000
updates), and keeps the best weights (--validate-by). Defaults are those of the
preset small, which auto takes for 5,000 to 100,000 pairs; with --init and
--resume, those of the run. Batches and warm-up are smaller if the text or the
training is short.

One file may have both sides, as TSV, CSV or JSON Lines:

    s2s train --pairs train.tsv --val-pairs val.tsv --columns word,phones --out run

To continue a training that was stopped, repeat its command with --resume, or
just:

    s2s train --out run --resume

To train on several GPUs, or in several processes of a CPU:

    torchrun --nproc-per-node 2 -m s2s train --device cuda ...
"""
"""End of the help page."""


def train(
    *,
    src: Src = None,
    tgt: Tgt = None,
    val_src: ValSrc = None,
    val_tgt: ValTgt = None,
    out: Out,
    max_minutes: MaxMinutes = None,
    max_updates: MaxUpdates = None,
    max_epochs: MaxEpochs = None,
    preset: PresetName = None,
    pairs: Pairs = None,
    val_pairs: ValPairs = None,
    columns: TrainColumns = None,
    pairs_format: TrainPairsFormat = None,
    corpora: Corpora = None,
    val_corpora: ValCorpora = None,
    deduplicate: Deduplicate = False,
    keep: Keep = None,
    augment: Augment = None,
    vocab_size: VocabSize = None,
    algorithm: Algorithm = None,
    tgt_algorithm: TgtAlgorithm = None,
    normalization: Normalization = None,
    whitespace: Whitespace = None,
    separate_vocabularies: SeparateVocabularies = False,
    tokenizer: TokenizerModel = None,
    tgt_tokenizer: TgtTokenizerModel = None,
    sampling: Sampling = None,
    cell: Cell = None,
    attention: Attention = None,
    context: Context = None,
    embedding_size: EmbeddingSize = None,
    hidden_size: HiddenSize = None,
    encoder_layers: EncoderLayers = None,
    decoder_layers: DecoderLayers = None,
    dropout: Dropout = None,
    resume: Resume = False,
    init: Init = None,
    new_pieces: NewPieces = None,
    learning_rate: LearningRate = None,
    batch_tokens: BatchTokens = None,
    accumulate: Accumulate = None,
    bptt_steps: BpttSteps = None,
    patience: Patience = None,
    validate_every: ValidateEvery = None,
    validate_by: ValidateBy = None,
    seed: Seed = None,
    in_step: InStep = None,
    more: Assignments = None,
    diagnose: Diagnose = False,
    device: TrainDevice = None,
    precision: Precision = None,
    workers: Workers = None,
    cache: Cache = None,
    save_minutes: SaveMinutes = None,
) -> None:
    r"""Train a translator on parallel text.

    Line i of --tgt is the translation of line i of --src:

        s2s train --src train.en --tgt train.de --val-src val.en \
            --val-tgt val.de --out run --max-minutes 30
    """
    fields = {
        "deduplicate": deduplicate or None,
        "keep": [] if keep == [""] else keep,
        "augment": augment,
        "init": _absolute(init),
        "new_pieces": new_pieces,
        "cell": cell,
        "attention": attention,
        "context": context,
        "embedding_size": embedding_size,
        "hidden_size": hidden_size,
        "encoder_layers": encoder_layers,
        "decoder_layers": decoder_layers,
        "dropout": dropout,
        "vocab_size": vocab_size,
        "algorithm": algorithm,
        "tgt_algorithm": tgt_algorithm,
        "normalization": normalization,
        "whitespace": whitespace,
        "joint": False if separate_vocabularies else None,
        "src_model": _absolute(tokenizer),
        "tgt_model": _absolute(tgt_tokenizer),
        "sampling": sampling,
        "learning_rate": learning_rate,
        "batch_tokens": batch_tokens,
        "accumulate": accumulate,
        "bptt_steps": bptt_steps,
        "max_minutes": max_minutes,
        "max_updates": max_updates,
        "max_epochs": max_epochs,
        "patience": patience,
        "validate_every": validate_every,
        "validate_by": validate_by,
        "seed": seed,
        "in_step": None if in_step is None else AUTO[in_step],
        "device": device,
        "precision": precision,
        "cache": _absolute(cache),
        "workers": workers,
        "save_minutes": save_minutes,
    }
    if preset is not None and (resume or init is not None):
        option = "--resume" if resume else "--init"
        raise ConfigError(f"--preset and {option} cannot be combined: a run has its own settings")
    _limit_spinning()
    if diagnose:
        _show_gradients(out)
        return
    chosen = {name: value for name, value in fields.items() if value is not None}
    from s2s.cli.training_text import TextOptions

    first, more_tgt = (val_tgt[0], val_tgt[1:]) if val_tgt else (None, [])
    text = TextOptions(
        files={"src": src, "tgt": tgt, "val_src": val_src, "val_tgt": first},
        more_val_tgt=more_tgt,
        pairs=pairs or [],
        val_pairs=val_pairs or [],
        columns=columns,
        form=cast("Form | None", pairs_format),
        corpora=corpora or [],
        val_corpora=val_corpora or [],
    ).fields(needed=not resume)
    _run(out, preset, init, assignments=more or [], fields={**chosen, **text}, resume=resume)


def _absolute(path: Path | None) -> str | None:
    """Returns a path for ``config.json``: resuming may start in another folder."""
    return None if path is None else str(resolve(path))


def _limit_spinning() -> None:
    """Sets ``SPIN_COUNT``, unless the user has set another one, or torch is already loaded."""
    if "torch" not in sys.modules:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)


def _show_gradients(run: Path) -> None:
    with needs("train", "training"):
        from s2s.train.diagnosis.describe import describe_gradients
    say(describe_gradients(run))


def _run(
    out: Path,
    preset: str | None,
    init: Path | None,
    *,
    assignments: list[str],
    fields: dict[str, Any],
    resume: bool,
) -> None:
    """Trains, and prints what came of it.

    Args:
        out: Run folder.
        preset: Name of the preset that the settings start from; None is ``auto``.
        init: Run that the settings start from instead.
        assignments: Values of ``--set``; they win over ``fields``.
        fields: Chosen fields of the configurations, by name.
        resume: Start from the settings of the run in ``out``, and go on with it.
    """
    from s2s.score.choice import LABELS

    with needs("train", "training"):
        from s2s.train import train as run_training
        from s2s.train.presets import warn_of_preset
        from s2s.train.settings import Settings, parse_fields
        from s2s.train.world import is_main_process
    fields = {**fields, **parse_fields(assignments)}
    if resume:
        settings = Settings.of_run(out)
    elif init is not None:
        settings = Settings.fine_tuning(resolve(init))
    else:
        settings = Settings.of_preset(preset or "auto", fields)
    settings = settings.with_fields(fields)
    if preset is not None:
        warn_of_preset(preset, settings.training.device)
    result = run_training(
        settings.data,
        out,
        training=settings.training,
        model=settings.model,
        tokenizer=settings.tokenizer,
        search=settings.search,
        resume=resume,
        heading=settings.heading,
    )
    if not is_main_process():
        return
    if result.best_score is None:
        best = f"validation loss {result.best_loss:.4f}"
    else:
        best = f"validation {LABELS[result.measure]} {result.best_score:.2f}"
    if result.start_is_best:
        best += ", that of the start"
    say(f"{result.updates:,} updates in {result.minutes:.1f} minutes ({result.stopped_by}), {best}")
    if not result.is_useless:
        say(f"next: s2s export {result.run} model.onnx")
