"""An update of OpenNMT-py 3.5: its own model, loss, optimizer and trainer."""

import sys
from types import SimpleNamespace

import onmt.opts
import torch
from onmt.inputters.inputter import dict_to_vocabs
from onmt.model_builder import build_model
from onmt.trainer import build_trainer
from onmt.utils import Statistics
from onmt.utils.optimizers import Optimizer
from onmt.utils.parse import ArgumentParser
from turns import Padded, read_job, serve, swap_first_two


def options(settings: SimpleNamespace) -> SimpleNamespace:
    """Returns what ``onmt_train`` would make of these flags."""
    parser = ArgumentParser()
    onmt.opts.train_opts(parser)
    flags = {
        "data": "{}",
        "src_vocab": "unused",
        "encoder_type": "brnn",
        "decoder_type": "rnn",
        "rnn_type": "LSTM",
        "enc_layers": 1,
        "dec_layers": 1,
        "word_vec_size": settings.embedding_size,
        "hidden_size": settings.hidden_size,
        "input_feed": int(settings.feeding),
        "global_attention": "general",
        "dropout": settings.dropout,
        "label_smoothing": settings.label_smoothing,
        "optim": "adam",
        "learning_rate": settings.learning_rate,
        "max_grad_norm": settings.clip_norm,
        "normalization": "tokens",
    }
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    found = parser.parse_args(words)
    found.data = {}
    ArgumentParser.update_model_opts(found)
    ArgumentParser.validate_model_opts(found)
    return found


def main() -> None:
    """Builds the model and serves passes."""
    batches, settings = read_job()
    opt = options(settings)
    pieces = ["<unk>", "<blank>", "<s>", "</s>"]
    pieces += [f"piece{number}" for number in range(4, settings.vocab_size)]
    vocabs = dict_to_vocabs({"data_task": "seq2seq", "src": pieces, "tgt": pieces})
    vocabs["tgt"] = vocabs["src"]
    model = build_model(opt, opt, vocabs, None, -1)
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
