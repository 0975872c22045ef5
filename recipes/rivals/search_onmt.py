"""A search of OpenNMT-py 3.5: its own recurrent model and translator."""

import sys

import onmt.opts
import torch
from onmt.inputters.inputter import dict_to_vocabs
from onmt.model_builder import build_model
from onmt.translate import GNMTGlobalScorer, Translator
from onmt.utils.parse import ArgumentParser
from search_turns import Ids, read_job, serve


def main() -> None:
    """Builds the model and serves passes."""
    batches, settings = read_job()
    torch.set_num_threads(settings.threads)
    torch.manual_seed(1)
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
        "word_vec_size": 256,
        "hidden_size": 512,
        "global_attention": "general",
    }
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    opt = parser.parse_args(words)
    opt.data = {}
    ArgumentParser.update_model_opts(opt)
    ArgumentParser.validate_model_opts(opt)
    pieces = ["<unk>", "<blank>", "<s>", "</s>"]
    pieces += [f"piece{number}" for number in range(4, settings.vocab_size)]
    vocabs = dict_to_vocabs({"data_task": "seq2seq", "src": pieces, "tgt": pieces})
    vocabs["tgt"] = vocabs["src"]
    model = build_model(opt, opt, vocabs, None, -1).eval()
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
