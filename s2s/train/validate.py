"""Validation: loss over the validation pairs, and BLEU of what the beam search translates."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from operator import eq

import torch

from s2s.config import PAD_ID, SearchConfig
from s2s.corpus import CorpusConfig, DataConfig
from s2s.corpus.encode import encode_pairs
from s2s.corpus.pairs import Corpus, raw_pairs, read_corpus
from s2s.corpus.stream import iterate_once
from s2s.model.seq2seq import Seq2Seq
from s2s.score import score
from s2s.score.scripts import bleu_tokenizer
from s2s.search.beam import beam_search
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import KEEP_PIECE, STAND_IN
from s2s.train.config import TrainConfig
from s2s.train.teacher_forcing import TeacherForcing, to_device

BLEU_BATCH = 64
"""Sentences that are translated together."""
LITTLE_TEXT = 500
"""Training text of at most so many pairs is translated too, in each validation."""


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
    by_heart: float | None = None
    """Share of the training pairs whose translation is their target; None if they are many, or if
    the network knew other text before."""


class _StopValidation(Exception):  # noqa: N818
    """A validation is no longer wanted."""


class Validator:
    """Validates a model on fixed sets of pairs.

    BLEU counts runs of up to four words. If no target has four words, even a perfect translation
    has BLEU 0; such a corpus is validated by loss alone.

    A network that has seen little text knows no other text, so that all figures of the validation
    pairs are chance. Then it counts whether the network knows its own text.
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
                config, tokenizer, max_pieces=data.max_pieces, max_ratio=data.ratio
            )
            self.corpora.append(corpus)
            texts = list(islice(self._read(config), training.bleu_sentences))
            if texts and not _scores_itself([tgt for _, tgt in texts]):
                self.without_bleu.append(config.paths[-1])
            elif texts:
                self.texts.append(texts)
        self.own_text: list[tuple[str, str]] = []
        """All training pairs, if they are few and the network knows no other text."""
        if training.bleu_sentences and training.init is None:
            pairs = chain.from_iterable(map(self._read, data.train))
            few = list(islice(pairs, LITTLE_TEXT + 1))
            self.own_text = few if len(few) <= LITTLE_TEXT else []
        search = dataclasses.replace(search, beam_size=training.bleu_beam_size)
        self.search = search.fitted(tokenizer.tgt_vocab_size)
        self.batch_tokens = training.batch_tokens or training.largest_batch

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
            by_heart = self._by_heart(model, stopped) if self.own_text else None
            loss = self._loss(model, stopped)
        except _StopValidation:
            return None
        finally:
            model.train(was_training)
        if not scores:
            return Validation(loss=loss, bleu=None, by_heart=by_heart)
        bleus = tuple(value for value, _ in scores)
        return Validation(
            loss=loss,
            bleu=sum(bleus) / len(bleus),
            signature=scores[0][1],
            bleus=bleus if len(bleus) > 1 else (),
            by_heart=by_heart,
        )

    def _read(self, config: CorpusConfig) -> Iterator[tuple[str, str]]:
        """Yields the pairs of a corpus that have text on both sides, ready for ``_translate``."""
        tag = "" if config.tag is None else f"{config.tag} "
        for pair in raw_pairs(config):
            src, tgt = map(self.tokenizer.clean, pair)
            if src and tgt:
                marked_src, marked_tgt = self._mark((src, tgt))
                yield f"{tag}{marked_src}", marked_tgt

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
        texts = self._translate(model, [src for src, _ in pairs], stopped)
        references = [tgt for _, tgt in pairs]
        tokenize = bleu_tokenizer(references)
        bleu = score(texts, references, bleu_only=True, tokenize=tokenize)[0]
        return bleu.value, bleu.signature

    def _by_heart(self, model: Seq2Seq, stopped: Callable[[], bool]) -> float:
        """Returns the share of the training pairs that the model translates to their target."""
        texts = self._translate(model, [src for src, _ in self.own_text], stopped)
        targets = self.tokenizer.encode_tgt([tgt for _, tgt in self.own_text])
        # As the vocabulary writes them: it may have no piece for a character.
        written = self.tokenizer.decode(targets, written=True)
        right: int = sum(map(eq, texts, written))
        return right / len(texts)

    def _translate(
        self, model: Seq2Seq, sources: list[str], stopped: Callable[[], bool]
    ) -> list[str]:
        """Returns the best translation of each source."""
        device = next(model.parameters()).device
        ids, _ = encode_pairs(self.tokenizer, sources, [""] * len(sources))
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
        return texts


def _scores_itself(references: list[str]) -> bool:
    """Whether BLEU of a perfect translation is over 0."""
    tokenize = bleu_tokenizer(references)
    return score(references, references, bleu_only=True, tokenize=tokenize)[0].value > 0
