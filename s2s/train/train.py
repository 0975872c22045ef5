"""The function ``train``: from settings and text to a trainer that runs."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from s2s.config import ModelConfig, SearchConfig, TokenizerConfig
from s2s.corpus import DataConfig
from s2s.corpus.chunks import make_samplers
from s2s.corpus.shards import Shards, open_shards
from s2s.corpus.stream import BatchStream
from s2s.errors import DeviceError, S2SError, printable
from s2s.formats.run_folder import LAST_FILE
from s2s.model.run import check_size
from s2s.model.seq2seq import Seq2Seq
from s2s.model.tf32 import allow_tf32
from s2s.model.threads import limit_threads
from s2s.train.augmentation import describe_augmentation
from s2s.train.config import TrainConfig
from s2s.train.filtering import warn_of_rejected
from s2s.train.fine_tuning import config_of, initialise
from s2s.train.guessing import GuessingWatch, guessing_loss
from s2s.train.lengths import settle_lengths
from s2s.train.log import say
from s2s.train.loop import Trainer
from s2s.train.pace import (
    count_updates,
    describe_choices,
    measure_epoch,
    warn_of_size,
)
from s2s.train.position import TrainResult
from s2s.train.prepare import PreparedRun, open_run
from s2s.train.validate import Validator
from s2s.train.vocabulary import warn_of_unknown
from s2s.train.world import World, join_world

CORPUS_FOLDER = "corpus"


def train(
    data: DataConfig,
    out: str | Path,
    *,
    training: TrainConfig,
    model: ModelConfig | None = None,
    tokenizer: TokenizerConfig | None = None,
    search: SearchConfig | None = None,
    resume: bool = False,
    heading: Sequence[str] = (),
) -> TrainResult:
    """Trains a translator; under ``torchrun``, as one of its processes.

    Ctrl-C or SIGTERM ends it after the current update, with a checkpoint; then the signal takes its
    usual course.

    Args:
        data: Parallel text.
        out: Run folder; made if missing. Several machines need a folder that they share.
        training: Limits and hyperparameters.
        model: Shape of the network; the tokenizer decides the vocabulary sizes. None is the
            default, or with ``training.init`` the shape of that run.
        tokenizer: How to learn the vocabulary, or which files hold it.
        search: Search settings that the model recommends to its users. None is the default, or with
            ``resume`` the settings of the run. Limits of length that are ``auto`` are learned from
            the training pairs.
        resume: Continue exactly from the folder's last checkpoint, or from the start if the run was
            stopped before its first checkpoint.
        heading: Lines to say when the training begins, before its own.

    Returns:
        Figures of the training; the run folder holds the weights.

    Raises:
        S2SError: For unusable data, a folder that holds another run, or settings that differ from
            those of the run to be resumed.
    """
    if training.device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device (--device) is 'cuda', but torch finds no CUDA GPU; use 'cpu'")
    limit_threads()
    if training.device == "cuda":
        allow_tf32(training.precision != "fp32")
    if model is None:
        model = ModelConfig() if training.init is None else config_of(Path(training.init))
    with join_world(training.device) as world:
        run = open_run(
            Path(out),
            data,
            model=model,
            tokenizer=tokenizer or TokenizerConfig(),
            training=training,
            search=search,
            resume=resume,
            world=world,
        )
        try:
            trainer = _make_trainer(run, world, training, heading)
        except S2SError:
            run.discard()
            raise
        return trainer.run()


def _make_trainer(
    run: PreparedRun, world: World, asked: TrainConfig, heading: Sequence[str]
) -> Trainer:
    """Makes all parts of a training, and logs the numbers that it starts with."""
    training, data, tokenizer = run.training, run.data, run.tokenizer
    if run.sampling:
        make_samplers(tokenizer)  # raises early if the vocabulary allows no sampling
    corpora = _open_corpora(run, world)
    run = settle_lengths(run, corpora, write=world.is_main)
    weighted = [(shards, each.weight) for shards, each in zip(corpora, data.train, strict=True)]
    epoch = measure_epoch(weighted)
    updates = count_updates(training, epoch)
    stream = _make_stream(run, weighted, world)
    train_pairs = sum(map(len, corpora))
    validator = Validator(data, training, run.search, tokenizer, train_pairs)
    torch.manual_seed(training.seed)
    if run.has_checkpoint:
        check_size(run.model, run.out / LAST_FILE)
    model = Seq2Seq(run.model)
    lines = list(heading)
    if training.init is not None and not run.has_checkpoint:
        lines.append(str(initialise(model, tokenizer, Path(training.init))))
    # If there are several GPUs, join_world() has made that of this process the current one.
    model.to(torch.device(training.device))
    guessing = guessing_loss(weighted, tokenizer.tgt_vocab_size, training.label_smoothing)
    trainer = Trainer(
        run=run,
        world=world,
        model=model,
        stream=stream,
        corpora=[shards.key for shards in corpora],
        validator=validator,
        watch=GuessingWatch(guessing, tokenizer.tgt_vocab_size, training),
        updates=updates,
    )
    lines += [f"training: {shards.counts}" for shards in corpora]
    lines += describe_augmentation(data, corpora, tokenizer, training.seed)
    lines += [f"validation: {corpus.counts}" for corpus in validator.corpora]
    lines += _describe_start(model, run, validator, world)
    if (choices := describe_choices(asked, training, trainer.pace)) is not None:
        length = "" if updates is None else f" and about {updates:,} updates"
        lines.append(f"fitted to {epoch.pairs:,.0f} pairs{length}: {choices}")
    for line in lines:
        trainer.log.say(line)
    if world.is_main:
        _warn_of_text(data, corpora, validator)
        if not run.has_checkpoint:
            warn_of_size(training, epoch, updates)
    return trainer


def _warn_of_text(data: DataConfig, corpora: Sequence[Shards], validator: Validator) -> None:
    """Warns of pairs that were left out, and of characters that the vocabulary lacks."""
    for config, shards in zip(data.train, corpora, strict=True):
        warn_of_unknown(config.paths[-1], shards.counts)
        warn_of_rejected(config, shards.counts, data)
    for config, corpus in zip(data.validation, validator.corpora, strict=True):
        warn_of_rejected(config, corpus.counts, data)


def _describe_start(
    model: Seq2Seq, run: PreparedRun, validator: Validator, world: World
) -> Iterator[str]:
    """Yields lines about the network, and about validations that BLEU says nothing of."""
    yield (
        f"{model.num_parameters():,} parameters, {run.tokenizer.src_vocab_size:,} source and "
        f"{run.tokenizer.tgt_vocab_size:,} target pieces, {run.training.precision}"
        + (f", {world.size} processes" if world.size > 1 else "")
    )
    if validator.without_bleu:
        yield (
            f"{', '.join(map(printable, validator.without_bleu))}: no target has four words, so "
            "BLEU of any translation is 0"
            + ("" if validator.texts else "; the best weights are those of the lowest loss")
        )


def _open_corpora(run: PreparedRun, world: World) -> list[Shards]:
    """Opens the pairs of each corpus. The main process makes what is missing, and reports it."""
    data = run.data

    def open_all(report: Callable[[str], None]) -> list[Shards]:
        return [
            open_shards(
                config,
                run.tokenizer,
                run.out / CORPUS_FOLDER if data.cache is None else Path(data.cache),
                max_pieces=data.max_pieces,
                max_ratio=data.ratio,
                keep_text=run.sampling > 0 or bool(data.augment),
                report=report,
                workers=run.training.workers,
                deduplicate=data.deduplicate,
            )
            for config in data.train
        ]

    corpora = open_all(say) if world.is_main else []
    world.wait()
    return corpora if world.is_main else open_all(lambda _: None)


def _make_stream(
    run: PreparedRun, corpora: Sequence[tuple[Shards, float]], world: World
) -> BatchStream:
    """Makes the stream of this process's batches from corpora and their weights."""
    training, data = run.training, run.data
    return BatchStream(
        corpora,
        batch_tokens=training.batch_tokens or training.largest_batch,
        accumulate=training.accumulate or 1,
        seed=training.seed,
        rank=world.rank,
        world=world.size,
        sampling=run.sampling,
        augment=data.augment,
        max_pieces=data.max_pieces,
        tokenizer=run.tokenizer,
        workers=training.workers,
    )
