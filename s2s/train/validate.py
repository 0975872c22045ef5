"""Validation: loss over the validation pairs, and BLEU of what the beam search translates."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import torch

from s2s.config import PAD_ID, SearchConfig
from s2s.corpus import DataConfig
from s2s.corpus.encode import encode_pairs
from s2s.corpus.pairs import Corpus, raw_pairs, read_corpus
from s2s.corpus.stream import iterate_once
from s2s.model.seq2seq import Seq2Seq
from s2s.score import score
from s2s.score.scripts import bleu_tokenizer
from s2s.search.beam import beam_search
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import KEEP_PIECE, STAND_IN
from s2s.train.config import TrainConfig
from s2s.train.teacher_forcing import TeacherForcing, to_device

BLEU_BATCH = 64
"""Sentences that are translated together for BLEU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Figures of one validation."""

    loss: float
    """Nats a target token, without label smoothing."""
    bleu: float | None
    """Mean over the corpora for which BLEU means something; None if there is none."""
    signature: str | None = None
    """sacreBLEU's signature of the first corpus."""
    bleus: tuple[float, ...] = ()
    """BLEU of each corpus, if there are several."""


class _StopValidation(Exception):  # noqa: N818
    """A validation is no longer wanted."""


class Validator:
    """Validates a model on fixed sets of pairs.

    BLEU counts runs of up to four words. If no target has four words, even a perfect translation
    has BLEU 0; such a corpus is validated by loss alone.
    """

    def __init__(
        self, data: DataConfig, training: TrainConfig, search: SearchConfig, tokenizer: Tokenizer
    ) -> None:
        self.corpora: list[Corpus] = []
        self.tokenizer = tokenizer
        self.texts: list[list[tuple[str, str]]] = []
        """Pairs to translate, a list for each corpus for which BLEU means something."""
        self.without_bleu: list[str] = []
        """Files of the other corpora: none of the targets that are translated has four words."""
        for config in data.validation:
            corpus = read_corpus(
                config, tokenizer, max_pieces=data.max_pieces, max_ratio=data.max_ratio
            )
            self.corpora.append(corpus)
            tag = "" if config.tag is None else f"{config.tag} "
            pairs = ((clean(src), clean(tgt)) for src, tgt in raw_pairs(config))
            full = (pair for pair in pairs if all(pair))
            marked = map(self._mark, islice(full, training.bleu_sentences))
            texts = [(f"{tag}{src}", tgt) for src, tgt in marked]
            if texts and not _scores_itself([tgt for _, tgt in texts]):
                self.without_bleu.append(config.paths[-1])
            elif texts:
                self.texts.append(texts)
        search = dataclasses.replace(search, beam_size=training.bleu_beam_size)
        self.search = search.fitted(tokenizer.tgt_vocab_size)
        self.batch_tokens = training.batch_tokens

    @torch.inference_mode()
    def __call__(
        self, model: Seq2Seq, stopped: Callable[[], bool] = lambda: False
    ) -> Validation | None:
        """Returns the figures of ``model``, which is left in the mode that it had.

        Args:
            model: On any device.
            stopped: Asked before each batch; once it is true, None is returned.
        """
        was_training = model.training
        model.eval()
        try:
            scores = [self._bleu(model, pairs, stopped) for pairs in self.texts]
            loss = self._loss(model, stopped)
        except _StopValidation:
            return None
        finally:
            model.train(was_training)
        if not scores:
            return Validation(loss=loss, bleu=None)
        bleus = tuple(value for value, _ in scores)
        return Validation(
            loss=loss,
            bleu=sum(bleus) / len(bleus),
            signature=scores[0][1],
            bleus=bleus if len(bleus) > 1 else (),
        )

    def _mark(self, pair: tuple[str, str]) -> tuple[str, str]:
        """Puts stand-ins in place of kept texts; in the target, as the piece is written."""
        if (keep := self.tokenizer.keep) is None:
            return pair
        src, tgt, _ = keep.mark_pair(*pair)
        return src, tgt.replace(STAND_IN, KEEP_PIECE)

    def _loss(self, model: Seq2Seq, stopped: Callable[[], bool]) -> float:
        """Returns the mean negative log-likelihood of a target token, nats."""
        device = next(model.parameters()).device
        network = TeacherForcing(model, label_smoothing=0.0)
        total, tokens = 0.0, 0
        for corpus in self.corpora:
            for batch in iterate_once(corpus, self.batch_tokens):
                if stopped():
                    raise _StopValidation
                total += float(network(*to_device(batch, device)).nll)
                tokens += batch.num_tokens
        return total / tokens

    def _bleu(
        self, model: Seq2Seq, pairs: list[tuple[str, str]], stopped: Callable[[], bool]
    ) -> tuple[float, str]:
        """Returns BLEU of the model's translations of ``pairs``, and its signature."""
        device = next(model.parameters()).device
        ids, _ = encode_pairs(self.tokenizer, [src for src, _ in pairs], [""] * len(pairs))
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        texts = [""] * len(ids)
        for start in range(0, len(order), BLEU_BATCH):
            if stopped():
                raise _StopValidation
            rows = order[start : start + BLEU_BATCH]
            lengths = torch.tensor([len(ids[row]) for row in rows])
            src = torch.full((len(rows), int(lengths.max())), PAD_ID, dtype=torch.int64)
            for line, row in enumerate(rows):
                src[line, : lengths[line]] = torch.tensor(ids[row])
            hypotheses = beam_search(model, src.to(device), lengths.to(device), self.search)
            best = [
                tokens[:length].tolist()
                for tokens, length in zip(
                    hypotheses.tokens[:, 0].cpu(), hypotheses.lengths[:, 0].cpu(), strict=True
                )
            ]
            for row, text in zip(rows, self.tokenizer.decode(best, written=True), strict=True):
                texts[row] = text
        references = [tgt for _, tgt in pairs]
        tokenize = bleu_tokenizer(references)
        bleu = score(texts, references, bleu_only=True, tokenize=tokenize)[0]
        return bleu.value, bleu.signature


def _scores_itself(references: list[str]) -> bool:
    """Whether BLEU of a perfect translation is over 0."""
    tokenize = bleu_tokenizer(references)
    return score(references, references, bleu_only=True, tokenize=tokenize)[0].value > 0
