"""Validation: loss over the validation pairs, and a score of what the beam search translates."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from operator import eq

import torch

from s2s.config import PAD_ID, SearchConfig
from s2s.corpus import CorpusConfig, DataConfig
from s2s.corpus.encode import encode_pairs
from s2s.corpus.pairs import Corpus, raw_references, read_corpus
from s2s.corpus.stream import iterate_once
from s2s.model.seq2seq import Seq2Seq
from s2s.score import score
from s2s.score.choice import Measure
from s2s.score.results import Score
from s2s.score.scripts import bleu_tokenizer
from s2s.search.beam import beam_search
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import KEEP_PIECE, STAND_IN
from s2s.train.config import TrainConfig
from s2s.train.measure import is_chance, name_of_score
from s2s.train.teacher_forcing import TeacherForcing, to_device

BLEU_BATCH = {"cpu": 64, "cuda": 256}
"""Sentences that are translated together: more of them keep a GPU busy."""
LITTLE_TEXT = 500
"""Training pairs that are translated too: in each validation if there are no more of them, else in
those whose scores are chance."""
MUCH_TEXT = 100_000
"""If there are so many training pairs, none is translated: no network knows them by heart before it
knows other text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Figures of one validation."""

    loss: float
    """Nats a target token, without label smoothing."""
    score: float | None = None
    """By the measure of the validator, in percent: mean over the corpora that it means something
    for; None if the measure is the loss."""
    signature: str | None = None
    """How the score of the first corpus was computed."""
    each: tuple[float, ...] = ()
    """Score of each corpus, if there are several."""
    by_heart: float | None = None
    """Share of the training pairs whose translation is their target; None if they are many, or if
    the network knew other text before."""


class _StopValidation(Exception):  # noqa: N818
    """A validation is no longer wanted."""


class Validator:
    """Validates a model on fixed sets of pairs.

    BLEU counts runs of up to four words. If no target has four words, even a perfect translation
    has BLEU 0; if the measure is BLEU, such a corpus is validated by loss alone.

    A network that has seen little text knows no other text, so that all figures of the validation
    pairs are chance; and no network knows other pairs of a table without a rule. Then it counts
    whether the network knows its own text.
    """

    def __init__(
        self,
        data: DataConfig,
        training: TrainConfig,
        search: SearchConfig,
        tokenizer: Tokenizer,
        train_pairs: int,
    ) -> None:
        self.corpora: list[Corpus] = []
        self.tokenizer = tokenizer
        self.texts: list[list[tuple[str, list[str]]]] = []
        """Sources to translate and their references, a list for each corpus for which the measure
        means something."""
        self.without_bleu: list[str] = []
        """Files of the other corpora: none of the targets that are translated has four words."""
        by = training.validate_by
        count = 0 if by == "loss" else training.bleu_sentences
        for config in data.validation:
            corpus = read_corpus(
                config, tokenizer, max_pieces=data.max_pieces, max_ratio=data.ratio
            )
            self.corpora.append(corpus)
            texts = list(islice(self._read(config), count))
            if texts and by == "bleu" and not _scores_itself([tgts[0] for _, tgts in texts]):
                self.without_bleu.append(config.paths[-1])
            elif texts:
                self.texts.append(texts)
        assert by != "auto", "a run settles it when it begins"
        self.measure: Measure = by if self.texts else "loss"
        """What chooses the weights."""
        self.own_text: list[tuple[str, list[str]]] = []
        """The first training pairs, if the network knows no other text."""
        self.has_little_text = False
        """Whether these are all."""
        if count and training.init is None and train_pairs < MUCH_TEXT:
            pairs = chain.from_iterable(map(self._read, data.train))
            self.own_text = list(islice(pairs, LITTLE_TEXT))
            self.has_little_text = next(pairs, None) is None
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
            scores = [self._score(model, pairs, stopped) for pairs in self.texts]
            asks = self.has_little_text or self._are_chance(scores)
            by_heart = self._by_heart(model, stopped) if self.own_text and asks else None
            loss = self._loss(model, stopped)
        except _StopValidation:
            return None
        finally:
            model.train(was_training)
        if not scores:
            return Validation(loss=loss, by_heart=by_heart)
        values = tuple(score.value for score in scores)
        return Validation(
            loss=loss,
            score=sum(values) / len(values),
            signature=scores[0].signature,
            each=values if len(values) > 1 else (),
            by_heart=by_heart,
        )

    def _read(self, config: CorpusConfig) -> Iterator[tuple[str, list[str]]]:
        """Yields sources that have text and a target, ready for ``_translate``, with references."""
        tag = "" if config.tag is None else f"{config.tag} "
        for raw_src, raw_tgts in raw_references(config):
            src, tgt, *others = map(self.tokenizer.clean, (raw_src, *raw_tgts))
            if src and tgt:
                references = [self._mark((src, each))[1] for each in (tgt, *others) if each]
                yield f"{tag}{self._mark((src, tgt))[0]}", references

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

    def _score(
        self, model: Seq2Seq, rows: list[tuple[str, list[str]]], stopped: Callable[[], bool]
    ) -> Score:
        """Returns the score of the model's translations of sources, given with references."""
        texts = self._translate(model, [src for src, _ in rows], stopped)
        references = [tgts for _, tgts in rows]
        tokenize = bleu_tokenizer([tgts[0] for tgts in references])
        name = name_of_score(self.measure, self.tokenizer)
        keep_blanks = self.tokenizer.keeps_blanks
        return score(
            texts, references, measures=(name,), keep_blanks=keep_blanks, tokenize=tokenize
        )[0]

    def _are_chance(self, scores: list[Score]) -> bool:
        """Whether scores are those of a network that has learned nothing."""
        return bool(scores) and all(is_chance(self.measure, each.value) for each in scores)

    def _by_heart(self, model: Seq2Seq, stopped: Callable[[], bool]) -> float:
        """Returns the share of the training pairs that the model translates to their target."""
        texts = self._translate(model, [src for src, _ in self.own_text], stopped)
        targets = self.tokenizer.encode_tgt([tgts[0] for _, tgts in self.own_text])
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
        size = BLEU_BATCH[device.type]
        for start in range(0, len(order), size):
            if stopped():
                raise _StopValidation
            rows = order[start : start + size]
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
