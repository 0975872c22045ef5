"""A search of OpenNMT-py 3.5: its own recurrent model and translator."""

import sys

import torch
from onmt.translate import GNMTGlobalScorer, Translator
from onmt_models import RECURRENT, make_model, options, vocabularies
from search_turns import Ids, read_job, serve


def main() -> None:
    """Builds the model and serves passes."""
    batches, settings = read_job()
    torch.set_num_threads(settings.threads)
    torch.manual_seed(1)
    vocabs = vocabularies(settings.vocab_size)
    opt = options({**RECURRENT, "word_vec_size": 256, "hidden_size": 512})
    model = make_model(opt, vocabs).eval()
    translator = Translator(
        model,
        vocabs,
        min_length=settings.pieces,
        max_length=settings.pieces,
        max_length_ratio=0,
        beam_size=settings.beam,
        global_scorer=GNMTGlobalScorer(0.0, 0.0, "none", "none"),
        report_score=False,
    )

    def search(src: Ids) -> int:
        ids = torch.from_numpy(src)
        ids = torch.where(ids < 2, 1 - ids, ids)  # its unknown piece is 0, its padding 1
        batch = {"src": ids[..., None], "srclen": torch.full((len(src),), src.shape[1])}
        found = translator.translate_batch(batch, attn_debug=False)
        return sum(len(each[0]) for each in found["predictions"])

    serve(batches, search)


if __name__ == "__main__":
    sys.exit(main())
