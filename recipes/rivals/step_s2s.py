"""An update of s2s: its own ``Updater``."""

# First: it tells OpenMP how to wait, before torch is loaded, as in `s2s train`.
from s2s.train import TrainConfig

# isort: split
from turns import Padded, read_job, serve

from s2s.config import ModelConfig
from s2s.corpus.stream import START, Batch, Step
from s2s.model.seq2seq import Seq2Seq
from s2s.train.update import Updater


def main() -> None:
    """Builds the model and serves passes."""
    batches, settings = read_job()
    model = Seq2Seq(
        ModelConfig(
            src_vocab_size=settings.vocab_size,
            tgt_vocab_size=settings.vocab_size,
            embedding_size=settings.embedding_size,
            hidden_size=settings.hidden_size,
            dropout=settings.dropout,
            context="input_feeding" if settings.feeding else "parallel",
            tie="none",
        )
    ).train()
    config = TrainConfig(
        max_updates=1_000_000,
        label_smoothing=settings.label_smoothing,
        clip_norm=settings.clip_norm,
        precision=settings.precision,
    )
    updater = Updater(model, config)

    def step(batch: Padded) -> float:
        arrays = (batch.src, batch.src_lengths, batch.tgt[:, :-1], batch.tgt[:, 1:])
        padded = Batch(*(array.numpy() for array in arrays), batch.tokens, seed=1)
        one = Step([padded], batch.tokens, len(batch.src), START)
        figures = updater.update(one, settings.learning_rate)
        return float(figures.sums[0]) / figures.tokens

    serve(model.num_parameters(), batches, step)


if __name__ == "__main__":
    main()
