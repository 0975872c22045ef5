"""An update of OpenNMT-py 3.5: its own model, loss, optimizer and trainer."""

import sys

import torch
from onmt.trainer import build_trainer
from onmt.utils import Statistics
from onmt.utils.optimizers import Optimizer
from onmt_models import RECURRENT, make_model, options, vocabularies
from turns import Padded, read_job, serve, swap_first_two


def main() -> None:
    """Builds the model and serves passes."""
    batches, settings = read_job()
    opt = options(
        {
            **RECURRENT,
            "word_vec_size": settings.embedding_size,
            "hidden_size": settings.hidden_size,
            "input_feed": int(settings.feeding),
            "dropout": settings.dropout,
            "label_smoothing": settings.label_smoothing,
            "optim": "adam",
            "learning_rate": settings.learning_rate,
            "max_grad_norm": settings.clip_norm,
            "normalization": "tokens",
        }
    )
    vocabs = vocabularies(settings.vocab_size)
    model = make_model(opt, vocabs)
    trainer = build_trainer(opt, -1, model, vocabs, Optimizer.from_opt(model, opt))
    trainer.accum_count = 1
    stats = Statistics()

    def step(batch: dict[str, torch.Tensor]) -> float:
        before = stats.loss
        # The body of Trainer.train's loop, without its reports.
        _, normalization = next(trainer._accum_batches(iter([(batch, 0)])))
        trainer._gradient_accumulation([batch], normalization, stats, Statistics())
        return float(stats.loss - before) / int((batch["tgt"][:, 1:] != 1).sum())

    class Counted(dict[str, torch.Tensor]):
        """OpenNMT's batch, with what ``serve`` reads."""

        tokens = 0

    def convert(batch: Padded) -> Counted:
        src, tgt = swap_first_two(batch.src), swap_first_two(batch.tgt)
        made = Counted(src=src[..., None], srclen=batch.src_lengths, tgt=tgt[..., None])
        made.tokens = batch.tokens
        return made

    serve(sum(p.numel() for p in model.parameters()), [convert(b) for b in batches], step)


if __name__ == "__main__":
    sys.exit(main())
