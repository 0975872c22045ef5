"""Starts a training: from settings and text to a trainer that runs."""

from collections.abc import Callable
from pathlib import Path

import torch

from s2s.config import ModelConfig, SearchConfig, TokenizerConfig
from s2s.corpus import DataConfig
from s2s.corpus.shards import Shards, open_shards
from s2s.corpus.stream import BatchStream
from s2s.errors import DeviceError, S2SError
from s2s.formats.run_folder import LAST_FILE
from s2s.model.run import check_size
from s2s.model.seq2seq import Seq2Seq
from s2s.train.config import TrainConfig
from s2s.train.fine_tuning import config_of, initialise
from s2s.train.log import say
from s2s.train.loop import Trainer
from s2s.train.position import TrainResult
from s2s.train.prepare import PreparedRun, open_run
from s2s.train.validate import Validator
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
) -> TrainResult:
    """Trains a translator; under ``torchrun``, as one of its processes.

    Ctrl-C or SIGTERM ends it after the update that it is at, with a checkpoint; then the signal
    takes its usual course.

    Args:
        data: Parallel text.
        out: Run folder; made if missing. Several machines need one that they share.
        training: Limits and hyperparameters.
        model: Shape of the network; vocabulary sizes are taken from the tokenizer. None is the
            default, or with ``training.init`` the shape of that run.
        tokenizer: How to learn the vocabulary, or where one is.
        search: What translating with this model recommends.
        resume: Go on from the folder's last checkpoint, exactly; from the start, if the run was
            stopped before it had written one.

    Returns:
        What it came to; the run folder holds the rest.

    Raises:
        S2SError: For unusable data, a folder that holds another run, or settings that differ from
            those of the run to be resumed.
    """
    if training.device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device 'cuda' was asked for, but torch finds no CUDA GPU; use 'cpu'")
    if model is None:
        model = ModelConfig() if training.init is None else config_of(Path(training.init))
    with join_world(training.device) as world:
        prepared = open_run(
            Path(out),
            data,
            model,
            tokenizer or TokenizerConfig(),
            training,
            search or SearchConfig(),
            resume=resume,
            world=world,
        )
        heading: list[str] = []
        try:
            trainer = _trainer(prepared, world, heading)
        except S2SError:
            prepared.discard()
            raise
        return trainer.run(heading, resumed=resume)


def _trainer(prepared: PreparedRun, world: World, heading: list[str]) -> Trainer:
    """Makes all that a training consists of; what is worth saying is added to ``heading``."""
    training, data, tokenizer = prepared.training, prepared.data, prepared.tokenizer
    if world.is_main:
        corpora = _open_corpora(prepared, say)
    world.wait()
    if not world.is_main:
        corpora = _open_corpora(prepared, lambda _: None)
    stream = BatchStream(
        [(shards, config.weight) for shards, config in zip(corpora, data.train, strict=True)],
        batch_tokens=training.batch_tokens,
        accumulate=training.accumulate or 1,
        seed=training.seed,
        rank=world.rank,
        world=world.size,
        sampling=prepared.sampling,
        tokenizer=tokenizer,
        workers=training.workers,
    )
    validator = Validator(data, training, prepared.search, tokenizer)
    torch.manual_seed(training.seed)
    if prepared.has_checkpoint:
        check_size(prepared.model, prepared.out / LAST_FILE)
    model = Seq2Seq(prepared.model)
    if training.init is not None and not prepared.has_checkpoint:
        heading.append(str(initialise(model, tokenizer, Path(training.init))))
    # Of several GPUs, a process has its own: join_world() has made it the current one.
    model.to(torch.device(training.device))
    keys = [shards.key for shards in corpora]
    trainer = Trainer(prepared.out, training, model, stream, keys, validator, world)
    if prepared.has_checkpoint:
        trainer.load()
    heading += [f"training: {shards.counts}" for shards in corpora]
    heading += [f"validation: {corpus.counts}" for corpus in validator.corpora]
    heading.append(
        f"{model.num_parameters():,} parameters, vocabulary {tokenizer.src_vocab_size:,} to "
        f"{tokenizer.tgt_vocab_size:,} pieces, {training.precision}"
        + (f", {world.size} processes" if world.size > 1 else "")
    )
    return trainer


def _open_corpora(prepared: PreparedRun, report: Callable[[str], None]) -> list[Shards]:
    data = prepared.data
    return [
        open_shards(
            config,
            prepared.tokenizer,
            prepared.out / CORPUS_FOLDER if data.cache is None else Path(data.cache),
            max_pieces=data.max_pieces,
            max_ratio=data.max_ratio,
            keep_text=prepared.sampling > 0,
            report=report,
            workers=prepared.training.workers,
        )
        for config in data.train
    ]
