"""Validation: loss over the validation pairs, and BLEU of what the beam search really says."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from s2s.config import PAD_ID, SearchConfig
from s2s.model.seq2seq import Seq2Seq
from s2s.score import score
from s2s.search import beam_search
from s2s.text import read_pairs
from s2s.tokenizer import Tokenizer
from s2s.train.config import DataConfig, TrainConfig
from s2s.train.data import Corpus, iterate_once, read_corpus
from s2s.train.loss import output_loss


@dataclass(frozen=True, slots=True)
class Validation:
    """Figures of one validation."""

    loss: float  # nats a target token, without label smoothing
    bleu: float | None
    signature: str | None  # sacreBLEU's


class Validator:
    """Validates a model on a fixed set of pairs."""

    def __init__(
        self, data: DataConfig, training: TrainConfig, search: SearchConfig, tokenizer: Tokenizer
    ) -> None:
        src_path, tgt_path = Path(data.val_src), Path(data.val_tgt)
        self.corpus: Corpus = read_corpus(
            src_path,
            tgt_path,
            tokenizer,
            max_pieces=data.max_pieces,
            max_ratio=data.max_ratio,
        )
        pairs = (pair for pair in read_pairs(src_path, tgt_path) if pair[0] and pair[1])
        self.pairs = list(islice(pairs, training.bleu_sentences))
        self.tokenizer = tokenizer
        self.search = SearchConfig.from_dict(
            {**search.to_dict(), "beam_size": training.bleu_beam_size}
        )
        self.batch_tokens = training.batch_tokens

    @torch.inference_mode()
    def __call__(self, model: Seq2Seq) -> Validation:
        """Returns the figures of ``model``, which is left in the mode that it had."""
        was_training = model.training
        model.eval()
        try:
            bleu = self._bleu(model) if self.pairs else None
            return Validation(
                self._loss(model),
                None if bleu is None else bleu[0],
                None if bleu is None else bleu[1],
            )
        finally:
            model.train(was_training)

    def _loss(self, model: Seq2Seq) -> float:
        device = next(model.parameters()).device
        total, tokens = 0.0, 0
        for batch in iterate_once(self.corpus, self.batch_tokens):
            moved = batch.to(device)
            real = moved.tgt_out != PAD_ID
            readouts = model(moved.src, moved.src_lengths, moved.tgt_in)[real]
            total += float(output_loss(readouts, model.output, moved.tgt_out[real], 0.0).nll)
            tokens += batch.num_tokens
        return total / tokens

    def _bleu(self, model: Seq2Seq) -> tuple[float, str]:
        device = next(model.parameters()).device
        ids = self.tokenizer.encode_src([src for src, _ in self.pairs])
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        texts = [""] * len(ids)
        per_batch = 64
        for start in range(0, len(order), per_batch):
            rows = order[start : start + per_batch]
            lengths = torch.tensor([len(ids[row]) for row in rows])
            src = torch.full((len(rows), int(lengths.max())), PAD_ID, dtype=torch.int64)
            for line, row in enumerate(rows):
                src[line, : lengths[line]] = torch.tensor(ids[row])
            found = beam_search(model, src.to(device), lengths.to(device), self.search)
            best = [
                tokens[:length].tolist()
                for tokens, length in zip(
                    found.tokens[:, 0].cpu(), found.lengths[:, 0].cpu(), strict=True
                )
            ]
            for row, text in zip(rows, self.tokenizer.decode(best), strict=True):
                texts[row] = text
        bleu = score(texts, [tgt for _, tgt in self.pairs], bleu_only=True)[0]
        return bleu.value, bleu.signature
