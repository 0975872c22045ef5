"""A text as it is searched: its sentences, their parts, and what is needed to put it back."""

from typing import NamedTuple, Self

from s2s.tokenizer.keep import KeptText
from s2s.tokenizer.pieces import Ids
from s2s.translate.batching import SourcePart
from s2s.translate.phrases import Phrase
from s2s.translate.rewriting import AS_TYPED, Rewriting


class MarkedPart(NamedTuple):
    """A source sentence, or a part of one, with marks in place of its kept texts."""

    ids: Ids
    """Its pieces and marks (``s2s.tokenizer.marks``), without a tag or the end piece."""
    kept: tuple[KeptText, ...]
    """The kept text of each mark, in order."""

    @property
    def has_words(self) -> bool:
        """Whether there is anything to translate."""
        return any(number >= 0 for number in self.ids)

    def copy(self) -> str:
        """Returns the kept texts, and nothing else."""
        return "".join(f"{' ' * text.after_blank}{text.text}" for text in self.kept).lstrip()


class ReadPart(NamedTuple):
    """A sentence, or a part of one that is too long, as it was read."""

    searched: SourcePart | None
    """What is searched; None if it consists of kept texts alone."""
    marked: MarkedPart | None = None
    """The part with its kept texts; None if its sentence has none."""

    def with_whole_beam(self) -> Self:
        """Returns the part with a search of which all hypotheses are wanted."""
        if self.searched is None:
            return self
        return self._replace(searched=self.searched._replace(wants_beam=True))


class Sentence(NamedTuple):
    """A sentence of a text."""

    body: str
    """As it was typed, cleaned, without its tag."""
    tag: str | None
    parts: tuple[ReadPart, ...]
    """One unless the sentence was split; none if it is blank."""
    gap: str = ""
    """The blanks and line breaks between it and the next sentence."""
    rewriting: Rewriting = AS_TYPED
    """How what is searched differs from what was typed."""
    cut: bool = False
    """Whether its end was cut off."""
    num_unknown: int = 0
    """Runs of characters that the source vocabulary has no piece for."""

    @property
    def searched_parts(self) -> list[SourcePart]:
        """The parts that are searched."""
        return [part.searched for part in self.parts if part.searched is not None]

    @property
    def prefix(self) -> Ids:
        """How its translation begins."""
        return next((part.prefix for part in self.searched_parts), ())

    @property
    def kept(self) -> list[KeptText]:
        """The kept texts of all parts."""
        return [text for part in self.parts if part.marked for text in part.marked.kept]


class Source(NamedTuple):
    """A text."""

    sentences: tuple[Sentence, ...]
    """None of them is blank."""
    required: tuple[Phrase, ...] = ()
    """What its translation must hold."""

    @property
    def parts(self) -> list[ReadPart]:
        """The parts of all sentences."""
        return [part for sentence in self.sentences for part in sentence.parts]

    @property
    def searched_parts(self) -> list[SourcePart]:
        """The parts that are searched."""
        return [part for sentence in self.sentences for part in sentence.searched_parts]

    @property
    def num_unknown(self) -> int:
        """Runs of characters that the source vocabulary has no piece for."""
        return sum(sentence.num_unknown for sentence in self.sentences)

    @property
    def cut(self) -> bool:
        """Whether the end of a sentence was cut off."""
        return any(sentence.cut for sentence in self.sentences)
