"""Validation: loss over the validation pairs, and BLEU of what the beam search really says."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from s2s.config import PAD_ID, SearchConfig
from s2s.corpus import DataConfig
from s2s.corpus.chunks import encode_pairs
from s2s.corpus.pairs import Corpus, read_corpus
from s2s.corpus.stream import iterate_once
from s2s.model.seq2seq import Seq2Seq
from s2s.score import score
from s2s.score.scripts import bleu_tokenizer
from s2s.search.beam import beam_search
from s2s.text import read_pairs
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import KEEP_PIECE, STAND_IN
from s2s.train.config import TrainConfig
from s2s.train.teacher_forcing import TeacherForcing, to_device


@dataclass(frozen=True, slots=True)
class Validation:
    """Figures of one validation."""

    loss: float  # nats a target token, without label smoothing
    bleu: float | None  # of several corpora, the mean of theirs
    signature: str | None = None  # sacreBLEU's
    bleus: tuple[float, ...] = ()  # of each corpus, where there are several


class _Stopped(Exception):  # noqa: N818
    """A validation is no longer wanted."""


class Validator:
    """Validates a model on fixed sets of pairs."""

    def __init__(
        self, data: DataConfig, training: TrainConfig, search: SearchConfig, tokenizer: Tokenizer
    ) -> None:
        self.corpora: list[Corpus] = []
        self.tokenizer = tokenizer
        self.texts: list[list[tuple[str, str]]] = []  # of each corpus, what is translated
        for config in data.validation:
            corpus = read_corpus(
                config, tokenizer, max_pieces=data.max_pieces, max_ratio=data.max_ratio
            )
            self.corpora.append(corpus)
            tag = "" if config.tag is None else f"{config.tag} "
            pairs = read_pairs(Path(config.src), Path(config.tgt))
            full = ((src, tgt) for src, tgt in pairs if src and tgt)
            marked = map(self._marked, islice(full, training.bleu_sentences))
            self.texts.append([(f"{tag}{src}", tgt) for src, tgt in marked])
        self.search = SearchConfig.from_dict(
            {**search.to_dict(), "beam_size": training.bleu_beam_size}
        )
        self.batch_tokens = training.batch_tokens

    @torch.inference_mode()
    def __call__(
        self, model: Seq2Seq, stopped: Callable[[], bool] = lambda: False
    ) -> Validation | None:
        """Returns the figures of ``model``, which is left in the mode that it had.

        Args:
            model: On any device.
            stopped: Asked from time to time; once it is true, None is returned.
        """
        was_training = model.training
        self.stopped = stopped
        model.eval()
        try:
            scores = [self._bleu(model, pairs) for pairs in self.texts if pairs]
            loss = self._loss(model)
        except _Stopped:
            return None
        finally:
            model.train(was_training)
        if not scores:
            return Validation(loss, None)
        bleus = tuple(value for value, _ in scores)
        several = bleus if len(bleus) > 1 else ()
        return Validation(loss, sum(bleus) / len(bleus), scores[0][1], several)

    def _marked(self, pair: tuple[str, str]) -> tuple[str, str]:
        """Puts stand-ins in place of what is kept; of a target, as they are written."""
        if (keep := self.tokenizer.keep) is None:
            return pair
        src, tgt, _ = keep.mark_pair(*pair)
        return src, tgt.replace(STAND_IN, KEEP_PIECE)

    def _go_on(self) -> None:
        if self.stopped():
            raise _Stopped

    def _loss(self, model: Seq2Seq) -> float:
        device = next(model.parameters()).device
        network = TeacherForcing(model, label_smoothing=0.0)
        total, tokens = 0.0, 0
        for corpus in self.corpora:
            for batch in iterate_once(corpus, self.batch_tokens):
                self._go_on()
                total += float(network(*to_device(batch, device)).nll)
                tokens += batch.num_tokens
        return total / tokens

    def _bleu(self, model: Seq2Seq, pairs: list[tuple[str, str]]) -> tuple[float, str]:
        device = next(model.parameters()).device
        ids, _ = encode_pairs(self.tokenizer, [src for src, _ in pairs], [""] * len(pairs))
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        texts = [""] * len(ids)
        per_batch = 64
        for start in range(0, len(order), per_batch):
            self._go_on()
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
            for row, text in zip(rows, self.tokenizer.decode(best, written=True), strict=True):
                texts[row] = text
        references = [tgt for _, tgt in pairs]
        tokenize = bleu_tokenizer(references)
        bleu = score(texts, references, bleu_only=True, tokenize=tokenize)[0]
        return bleu.value, bleu.signature
