"""How a model's training text was written, as far as translating needs to know."""

from collections.abc import Mapping
from typing import Any

from s2s.errors import OPTIONS, ConfigError, ModelError
from s2s.formats.card import text_facts
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import algorithm_of
from s2s.translate.rewriting import KNOWN, Rewriter
from s2s.writing.facts import TextFacts
from s2s.writing.names import NameFinder

MAX_SRC_LENGTH = 200
"""Default of ``max_src_length``: training leaves longer sentences out."""
MAX_WHOLE = 5 * MAX_SRC_LENGTH
"""Default of ``max_src_length`` for sequences that are not text, which no sentence end divides."""
SHORTEST = 20
"""Source pieces that are never split by default: lines of single words say nothing of sentences."""
SEVERAL = 0.2
"""Share of training lines with several sentences from which on a model reads such lines whole."""
COPIED = 0.5
"""Share of training pairs with the same numbers, or placeables, from which on a model is one that
copies them."""
SPARE = 4
"""Pieces that a sentence may have beyond ``TextFacts.src_length``: a typing error cuts a word into
that many more."""


class Habits:
    """What options are by default, as a model and its training text suggest."""

    def __init__(
        self, card: dict[str, Any], tokenizer: Tokenizer, *, gives_attention: bool
    ) -> None:
        """Reads a model's card.

        Args:
            card: The card.
            tokenizer: The model's.
            gives_attention: Whether its searches can give attention.

        Raises:
            ModelError: If the card's facts about the training text are damaged.
        """
        languages = card.get("languages")
        language = languages.get("src") if isinstance(languages, dict) else None
        self.src_language = language if isinstance(language, str) else None
        facts, self.is_text = text_facts(card), _is_text(tokenizer)
        self.gives_attention = gives_attention
        self.keeps_blanks = tokenizer.keeps_blanks
        self._trained_length = MAX_SRC_LENGTH if facts is None else facts.longest or MAX_SRC_LENGTH
        self.facts = facts if facts is not None and self.is_text else None
        """None if the model is older than this record, or its task is not one of text."""
        self.rewriter = None if self.facts is None else Rewriter(tokenizer, self.facts)
        self.names = None if self.facts is None else _name_finder(self.facts)
        """Finds names; None if the model has no record of its words, or they are no help."""
        self.stand_ins = () if self.facts is None else self.facts.stand_ins

    def check_blanks(self, given: Mapping[str, object]) -> None:
        """Raises ConfigError if the model keeps blanks and an option would change them.

        Args:
            given: The options of a call, those that are given.
        """
        if not self.keeps_blanks:
            return
        changing = {
            "unknown": "copy",
            "numbers": "keep",
            "placeables": "keep",
            "names": "keep",
            "sentences": True,
            "rewrite": True,
        }
        clashing = [name for name in ("keep", "required") if given.get(name)]
        clashing += [name for name, value in changing.items() if given.get(name) == value]
        if clashing:
            name = OPTIONS.get(clashing[0], f"--{clashing[0]}")
            raise ConfigError(
                f"{clashing[0]} ({name}) cannot be combined with a model that was trained with "
                "whitespace (--whitespace) 'keep'; leave it out"
            )

    def cuts_sentences(self) -> bool:
        """Whether texts are cut into sentences by default."""
        return self.facts is not None and self.facts.several_sentences < SEVERAL

    @property
    def copies_numbers(self) -> bool:
        """Whether translations have the numbers of their sources."""
        return self.facts is not None and self.facts.same_numbers >= COPIED

    @property
    def copies_placeables(self) -> bool:
        """Whether translations have the placeables of their sources."""
        return self.facts is not None and self.facts.same_placeables >= COPIED

    @property
    def copies_digits(self) -> bool:
        """Whether texts without a letter are copied: the model has seen next to none."""
        facts = self.facts
        return facts is not None and self.copies_numbers and facts.without_letters < KNOWN

    @property
    def parts_list_marks(self) -> bool:
        """Whether marks of lists are copied: the model has seen next to none."""
        return self.facts is not None and self.facts.list_marks < KNOWN

    def longest(self, *, sentences: bool, split: bool) -> int:
        """Returns the most source pieces that are translated at once.

        Args:
            sentences: Whether texts are cut into sentences.
            split: Whether what is longer is split.
        """
        if not self.is_text and not sentences:
            return MAX_WHOLE
        if self.facts is None or not (sentences and split):
            return MAX_SRC_LENGTH
        return min(max(self.facts.src_length + SPARE, SHORTEST), MAX_SRC_LENGTH)

    def trained_length(self, *, sentences: bool) -> int | None:
        """Returns the length of the longest source in the training, in pieces.

        None if texts have sentences, so that a longer one can be split.
        """
        return None if self.is_text or sentences else self._trained_length


def _name_finder(facts: TextFacts) -> NameFinder | None:
    if not facts.known_words:
        return None
    try:
        return NameFinder(facts.known_words)
    except ValueError as error:
        raise ModelError(f"the known words of its training text are damaged: {error}") from error


def _is_text(tokenizer: Tokenizer) -> bool:
    """Whether both vocabularies are of pieces of words, and blanks do not count."""
    models = (tokenizer.src_model, tokenizer.tgt_model or tokenizer.src_model)
    are_learned = all(algorithm_of(model) in ("bpe", "unigram") for model in models)
    return are_learned and not tokenizer.keeps_blanks
