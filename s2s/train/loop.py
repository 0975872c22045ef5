"""The training loop: back-propagation through time with teacher forcing over the whole target."""

import math
import time
from dataclasses import asdict
from pathlib import Path

import torch

from s2s.config import ModelConfig, SearchConfig, TokenizerConfig
from s2s.errors import DeviceError, TrainingError
from s2s.model.run import BEST_FILE, LAST_FILE
from s2s.model.seq2seq import Seq2Seq
from s2s.tokenizer import Tokenizer
from s2s.train.average import MovingAverage, Weights, copy_weights, mean_weights, using_weights
from s2s.train.checkpoint import load_last, save_last, write_tensors
from s2s.train.config import DataConfig, TrainConfig
from s2s.train.data import Batch, Corpus, make_batch, plan_batches, read_corpus
from s2s.train.position import Position, TrainResult
from s2s.train.prepare import open_run
from s2s.train.report import Reporter, Window
from s2s.train.schedule import learning_rate
from s2s.train.update import Updater
from s2s.train.validate import Validator


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
    """Trains a translator.

    Args:
        data: Parallel text.
        out: Run folder; made if missing.
        training: Limits and hyperparameters.
        model: Shape of the network; vocabulary sizes are taken from the tokenizer.
        tokenizer: How to learn the vocabulary, or where one is.
        search: What translating with this model recommends.
        resume: Go on from the folder's last checkpoint, exactly.

    Returns:
        What it came to; the run folder holds the rest.

    Raises:
        S2SError: For unusable data, a folder that holds another run, or settings that differ from
            those of the run to be resumed.
    """
    if training.device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device 'cuda' was asked for, but torch finds no CUDA GPU; use 'cpu'")
    torch.manual_seed(training.seed)
    prepared = open_run(
        Path(out),
        data,
        model or ModelConfig(),
        tokenizer or TokenizerConfig(),
        training,
        search or SearchConfig(),
        resume,
    )
    trainer = Trainer(Path(out), data, training, prepared.model, prepared.search)
    trainer.load(prepared.tokenizer, prepared.sampling)
    return trainer.run(resume=prepared.resumed)


class Trainer:
    """State and steps of one training."""

    def __init__(
        self,
        out: Path,
        data: DataConfig,
        training: TrainConfig,
        model: ModelConfig,
        search: SearchConfig,
    ) -> None:
        self.out = out
        self.data = data
        self.config = training
        self.search = search
        self.device = torch.device(training.device)
        self.model = Seq2Seq(model).to(self.device)
        self.updater = Updater(self.model, training)
        decay = training.ema_decay
        self.average = None if decay is None else MovingAverage(self.model, decay)
        self.snapshots: list[Weights] = []
        self.position = Position()
        self.started = 0.0

    def load(self, tokenizer: Tokenizer, sampling: float) -> None:
        """Reads the validation pairs, and the training pairs as the first epoch wants them."""
        self.tokenizer = tokenizer
        self.sampling = sampling
        self.validator = Validator(self.data, self.config, self.search, tokenizer)
        self.corpus = self._read(0)
        self.corpus_epoch = 0

    def run(self, *, resume: bool) -> TrainResult:
        """Trains to the nearest limit."""
        if resume:
            self.snapshots, state = load_last(
                self.out / LAST_FILE, self.model, self.updater.optimizer, self.average
            )
            self.updater.scale = state.pop("scale")
            self.position = Position(**state)
        self.started = time.monotonic() - self.position.seconds
        with Reporter(self.out, self.position.update if resume else None) as reporter:
            self.reporter = reporter
            reporter.say(f"training: {self.corpus.counts}")
            reporter.say(f"validation: {self.validator.corpus.counts}")
            reporter.say(
                f"{self.model.num_parameters():,} parameters, vocabulary "
                f"{self.tokenizer.src_vocab_size:,} to {self.tokenizer.tgt_vocab_size:,} pieces"
            )
            stopped_by = self._loop()
            self._finish()
        position = self.position
        return TrainResult(
            run=self.out,
            updates=position.update,
            epochs=position.epoch + position.batch / max(1, self.batches_in_epoch),
            minutes=position.seconds / 60,
            best_bleu=position.best_bleu,
            best_loss=position.best_loss,
            stopped_by=stopped_by,
        )

    def _read(self, epoch: int) -> Corpus:
        return read_corpus(
            Path(self.data.train_src),
            Path(self.data.train_tgt),
            self.tokenizer,
            max_pieces=self.data.max_pieces,
            max_ratio=self.data.max_ratio,
            sampling=self.sampling,
            sampling_seed=self.config.seed * 1_000_003 + epoch,
        )

    def _loop(self) -> str:
        """Epoch after epoch, until a limit; returns which."""
        position, config = self.position, self.config
        self.model.train()
        saved = time.monotonic()
        self.window = Window()
        while True:
            if self.sampling and self.corpus_epoch != position.epoch:
                self.corpus, self.corpus_epoch = self._read(position.epoch), position.epoch
            seed = config.seed * 1_000_003 + position.epoch
            plan = plan_batches(self.corpus, config.batch_tokens, seed)
            self.batches_in_epoch = len(plan)
            # A run that was resumed with a later limit has had more than its share.
            position.validations = min(position.validations, self._validations_wanted())
            while position.batch < len(plan):
                if (reached := position.reached_limit(config)) is not None:
                    return reached
                end = min(position.batch + config.accumulate, len(plan))
                batches = [make_batch(self.corpus, rows) for rows in plan[position.batch : end]]
                self._update(batches)
                position.batch = end
                position.seconds = time.monotonic() - self.started
                if position.update % config.log_every == 0:
                    self._log()
                due = self._validations_wanted() > position.validations
                if due and position.affords_validation(config):
                    self._validate()
                    saved = time.monotonic()
                    if config.patience is not None and position.since_best >= config.patience:
                        return f"no better validation in {config.patience}"
                elif time.monotonic() - saved > 60 * config.save_minutes:
                    self._save()
                    saved = time.monotonic()
            position.epoch, position.batch = position.epoch + 1, 0

    def _progress(self) -> float:
        """Share of the nearest limit that is used up."""
        return self.position.progress(self.config, self.batches_in_epoch)

    def _update(self, batches: list[Batch]) -> None:
        """One update, counted; or skipped and counted, if its gradient is not finite."""
        position = self.position
        rate = learning_rate(self.config, position.update, self._progress())
        figures = self.updater.update(batches, rate)
        position.target_tokens += figures.tokens
        if math.isfinite(figures.gradient_norm):
            position.update += 1
            position.skipped_in_row = 0
            if self.average is not None:
                self.average.update(self.model, position.update)
            self.window.add(figures)
            return
        position.skipped += 1
        position.skipped_in_row += 1
        self.reporter.say(
            f"update {position.update + 1}: gradient norm is {figures.gradient_norm}; skipped "
            f"({position.skipped} so far)"
        )
        if position.skipped_in_row >= self.config.max_bad_updates:
            raise TrainingError(
                f"{position.skipped_in_row} updates in a row had a non-finite gradient; try a "
                f"lower learning_rate than {self.config.learning_rate} or a smaller clip_norm"
            )

    def _log(self) -> None:
        """Reports the updates since the last report."""
        if not self.window.tokens:
            return
        position = self.position
        figures = self.window.figures() | {
            "epoch": position.epoch,
            "skipped": position.skipped,
            "seconds": position.seconds,
        }
        self.reporter.record("train", position.update, figures)
        self.reporter.show(self._progress(), position.update, figures)
        self.window = Window()

    def _validations_wanted(self) -> int:
        """Returns how many validations a run that stands here has had."""
        every = self.config.validate_every
        if every is not None:
            return self.position.update // every
        return int(self._progress() * self.config.validations)

    def _validate(self) -> None:
        """Validates the weights that would be shipped, keeps them if they are the best so far."""
        position = self.position
        position.validations = self._validations_wanted()
        weights = None if self.average is None else self.average.weights
        with using_weights(self.model, weights):
            self._judge("weights" if self.average is None else "moving average")
            if self.config.average_last:
                kept = [*self.snapshots, copy_weights(self.model)]
                self.snapshots = kept[-self.config.average_last :]
        position.validated_update = position.update
        self._save()

    def _judge(self, what: str) -> None:
        """Validates the weights in the model; writes them if they are the best."""
        position = self.position
        start = time.monotonic()
        found = self.validator(self.model)
        position.seconds = time.monotonic() - self.started
        position.validation_seconds += time.monotonic() - start
        figures = {**asdict(found), "seconds": position.seconds, "of": what}
        if found.bleu is None:
            better = found.loss < position.best_loss
        else:
            better = position.best_bleu is None or found.bleu > position.best_bleu
        self.reporter.record("validation", position.update, figures)
        bleu = "" if found.bleu is None else f"  BLEU {found.bleu:.2f}"
        self.reporter.say(
            f"validation of {what} at update {position.update:,}: loss {found.loss:.4f}{bleu}"
            f"{'  (best)' if better else ''}  [{time.monotonic() - start:.1f} s]"
        )
        position.since_best = 0 if better else position.since_best + 1
        if better:
            position.best_bleu, position.best_loss = found.bleu, found.loss
            state = {
                "updates": position.update,
                "minutes": round(position.seconds / 60, 2),
                "weights": what,
                "scores": {
                    "validation_loss": found.loss,
                    "validation_bleu": found.bleu,
                    "signature": found.signature,
                },
            }
            write_tensors(self.out / BEST_FILE, dict(self.model.named_parameters()), state)

    def _save(self) -> None:
        save_last(
            self.out / LAST_FILE,
            self.model,
            self.updater.optimizer,
            self.average,
            self.snapshots,
            {**asdict(self.position), "scale": self.updater.scale},
        )
        # A resumed run starts a new window here, and its records must be those of a run in one go;
        # nor is the time of a validation part of the training speed.
        self.window = Window()

    def _finish(self) -> None:
        """Last validation, mean of the last checkpoints, last checkpoint."""
        self._log()
        if self.position.validated_update != self.position.update:
            self._validate()
        if len(self.snapshots) > 1:
            with using_weights(self.model, mean_weights(self.snapshots)):
                self._judge(f"mean of {len(self.snapshots)} checkpoints")
        self._save()
