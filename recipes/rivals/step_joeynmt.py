"""An update of JoeyNMT 2.3: its own model, batch, training step, clipping and optimizer."""

from types import SimpleNamespace

import torch
from joeynmt.batch import Batch
from joeynmt.builders import build_gradient_clipper, build_optimizer
from joeynmt.model import build_model
from joeynmt.training import TrainManager
from joeynmt.vocabulary import Vocabulary
from turns import Padded, read_job, serve, swap_first_two


def make_vocabulary(size: int) -> Vocabulary:
    """Returns a vocabulary of made-up pieces with JoeyNMT's usual special ones."""
    names = ("unk", "pad", "bos", "eos")
    special = {f"{name}_token": f"<{name}>" for name in names}
    special |= {f"{name}_id": number for number, name in enumerate(names)}
    config = SimpleNamespace(**special, sep_token=None, lang_tags=[])
    return Vocabulary([f"piece{number}" for number in range(4, size)], config)


def main() -> None:
    """Builds the model and serves passes."""
    batches, settings = read_job()
    vocabulary = make_vocabulary(settings.vocab_size)
    embeddings = {"embedding_dim": settings.embedding_size, "dropout": settings.dropout}
    common = {"type": "recurrent", "rnn_type": "lstm", "num_layers": 1}
    common |= {"embeddings": embeddings, "dropout": settings.dropout}
    half = settings.hidden_size // 2
    model = build_model(
        {
            "encoder": {**common, "hidden_size": half, "bidirectional": True},
            "decoder": {
                **common,
                "hidden_size": settings.hidden_size,
                "hidden_dropout": settings.dropout,
                "attention": "luong",
                "init_hidden": "bridge",
                "input_feeding": settings.feeding,
            },
        },
        vocabulary,
        vocabulary,
    )
    model.loss_function = ("crossentropy", settings.label_smoothing)
    training = {
        "optimizer": "adam",
        "learning_rate": settings.learning_rate,
        "clip_grad_norm": settings.clip_norm,
        "clip_grad_val": None,
    }
    clip = build_gradient_clipper(training)
    optimizer = build_optimizer(training, model.parameters())
    device = torch.device("cpu")
    manager = SimpleNamespace(
        model=model,
        autocast={"device_type": "cpu", "enabled": False},
        args=SimpleNamespace(normalization="tokens", batch_multiplier=1),
        n_gpu=0,
        scaler=None,
        device=device,
    )

    def step(batch: Padded) -> float:
        src, tgt = swap_first_two(batch.src), swap_first_two(batch.tgt)
        rows = torch.arange(len(src))
        made = Batch(src, batch.src_lengths, None, tgt, None, rows, device, 1, 3)
        # The body of TrainManager.train_and_validate's loop, without its reports.
        loss, _ = TrainManager._train_step(manager, made)
        clip(parameters=model.parameters())
        optimizer.step()
        model.zero_grad()
        return float(loss)

    serve(sum(p.numel() for p in model.parameters()), batches, step)


if __name__ == "__main__":
    main()
