"""A search of JoeyNMT 2.3: its own recurrent model and search."""

from types import SimpleNamespace

import torch
from joeynmt.batch import Batch
from joeynmt.model import build_model
from joeynmt.search import search as joey_search
from joeynmt.vocabulary import Vocabulary
from search_turns import Ids, read_job, serve


def main() -> None:
    """Builds the model and serves passes."""
    batches, settings = read_job()
    torch.set_num_threads(settings.threads)
    torch.manual_seed(1)
    names = ("unk", "pad", "bos", "eos")
    special = {f"{name}_token": f"<{name}>" for name in names}
    special |= {f"{name}_id": number for number, name in enumerate(names)}
    pieces = [f"piece{number}" for number in range(4, settings.vocab_size)]
    vocabulary = Vocabulary(pieces, SimpleNamespace(**special, sep_token=None, lang_tags=[]))
    common = {"type": "recurrent", "rnn_type": "lstm", "num_layers": 1}
    common |= {"embeddings": {"embedding_dim": 256}}
    decoder = {"hidden_size": 512, "attention": "luong", "init_hidden": "bridge"}
    model = build_model(
        {
            "encoder": {**common, "hidden_size": 256, "bidirectional": True},
            "decoder": {**common, **decoder, "input_feeding": True},
        },
        vocabulary,
        vocabulary,
    ).eval()

    def search(src: Ids) -> int:
        ids = torch.from_numpy(src)
        ids = torch.where(ids < 2, 1 - ids, ids)  # its unknown piece is 0, its padding 1
        lengths = torch.full((len(src),), src.shape[1])
        rows = torch.arange(len(src))
        device = torch.device("cpu")
        batch = Batch(ids, lengths, None, None, None, rows, device, 1, 3, is_train=False)
        beam = settings.beam if settings.beam > 1 else 0  # 0 is greedy
        length = settings.pieces
        found, _, _ = joey_search(model, batch, length, beam, 1.0, min_output_length=length)
        return int((found != 1).sum())

    serve(batches, search)


if __name__ == "__main__":
    main()
