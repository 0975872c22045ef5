"""The methods of a translator for given translations and labels."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from s2s.errors import DataError, with_option
from s2s.tokenizer import Tokenizer
from s2s.translate.batching import check_texts
from s2s.translate.keep.unknown import UnknownCount
from s2s.translate.options import TranslateOptions
from s2s.translate.request import Request
from s2s.translate.scoring import (
    Label,
    classify,
    encode_labels,
    encode_sources,
    encode_targets,
    force,
    labels_of,
)
from s2s.translate.searcher import Searcher
from s2s.translate.translation import Hypothesis


class ScoringCalls(ABC):
    """The part of ``Translator`` that says how probable given translations and labels are."""

    card: dict[str, Any]
    tokenizer: Tokenizer
    _searcher: Searcher

    @abstractmethod
    def _check(self, options: TranslateOptions) -> Request:
        """Checks the options of a call."""

    def score(
        self,
        texts: Iterable[str],
        translations: Iterable[str],
        *,
        to: str | None = None,
        done: int = 0,
        unknown: UnknownCount | None = None,
    ) -> list[Hypothesis]:
        """Returns how probable given translations are (forced decoding).

        Args:
            texts: Source sentences, of 200 pieces at most; 1,000 for vocabularies of characters or
                words.
            translations: One for each sentence, of 1,000 pieces at most.
            to: As for ``translate``.
            done: Sentences that came before, in other calls, for the numbers in messages.
            unknown: Counts characters that the source vocabulary lacks, over several calls. None:
                they are counted in this call, and a warning is logged.

        Returns:
            The translations, with scores and details. A translation with a character that the
            vocabulary lacks has a score of minus infinity.

        Raises:
            ConfigError: If the model has no tag for ``to``.
            DataError: If the two counts differ, or a sentence or a translation is too long.
        """
        texts = list(check_texts("texts", texts))
        translations = list(check_texts("translations", translations))
        if len(texts) != len(translations):
            raise DataError(
                f"there are {len(texts)} sentences but {len(translations)} translations; "
                "expected the same number"
            )
        self._searcher.check_open()
        request = self._check(
            {"to": to, "beam_size": 1, "details": True, "sentences": False, "rewrite": False}
        )
        sources = encode_sources(texts, request, self.tokenizer, done, "split it", unknown)
        targets = encode_targets(translations, self.tokenizer, done)
        return force(zip(sources, targets, strict=True), self._searcher, request)

    def classify(
        self,
        texts: Iterable[str],
        labels: Iterable[str] | None = None,
        *,
        to: str | None = None,
        max_src_length: int | None = None,
        done: int = 0,
        unknown: UnknownCount | None = None,
    ) -> list[list[Label]]:
        """Returns how probable each label is, for a model whose targets are labels.

        Each label is a translation whose probability the model gives (forced decoding); these
        probabilities are then divided by their sum. A text is read in one piece.

        Args:
            texts: Texts to classify.
            labels: Labels, at least two, as the targets of the training were written. None: those
                of the training, which the model's card has if there were at most 100.
            to: As for ``translate``.
            max_src_length: Most pieces of a text, end piece included; by default 200, or 1,000 with
                vocabularies of characters or words.
            done: Texts that came before, in other calls, for the numbers in messages.
            unknown: As for ``score``.

        Returns:
            For each text all labels, the most probable first; none for a blank text.

        Raises:
            ConfigError: If there are no labels or unfit ones, or the model has no tag for ``to``.
            DataError: If a text is too long.
        """
        texts = list(check_texts("texts", texts))
        self._searcher.check_open()
        request = self._check(
            {
                "to": to,
                "beam_size": 1,
                "length_penalty": 0.0,  # a score is then a log-probability
                "sentences": False,
                "max_src_length": max_src_length,
            }
        )
        encoded = encode_labels(labels_of(self.card) if labels is None else labels, self.tokenizer)
        advice = f"cut it, or raise {with_option('max_src_length')}"
        sources = encode_sources(texts, request, self.tokenizer, done, advice, unknown)
        full = [src for src in sources if not self.tokenizer.is_blank(src)]
        found = classify(full, encoded, self._searcher, request)
        return [[] if self.tokenizer.is_blank(src) else next(found) for src in sources]
