"""Subword sampling: cuts text into pieces at random; the same seed gives the same pieces anywhere.

SentencePiece samples too, but its results cannot be repeated: 0.2.1 reads its seed once a thread,
0.2.2 and 0.2.3 mix into it a number that each process draws anew (abseil's salt). So SentencePiece
only normalizes here. All words of a chunk are cut at once (``s2s.corpus.bpe``, ``.unigram``).
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from s2s.config import EOS_ID, UNK_ID
from s2s.corpus.bpe import BpeDropout
from s2s.corpus.sentences import Sentences, positions, to_offsets
from s2s.corpus.unigram import UnigramSampling
from s2s.errors import ConfigError
from s2s.tokenizer.keep import KEEP_PIECE, STAND_IN
from s2s.tokenizer.marks import BLANK_ID, MarkedEncoder
from s2s.tokenizer.pieces import CONTROL, NORMAL, SPACE, algorithm_of, normalize, read_pieces

_UNKNOWN = 2  # kind of the unknown piece
_GROUP = 1 << 22
"""Most elements of an array over words and their characters."""
_SIZES = np.array([4, 8, 12, *(1 << power for power in range(4, 40))])
"""Lengths, in characters, that words are padded to."""


class Segmenter(Protocol):
    """Cuts words at random."""

    characters: dict[str, int]
    """Numbers, from 0, of the characters in the pieces. All others share the next number."""
    cells: int
    """Array elements that the segmenter needs for a character."""

    def cut(
        self,
        words: NDArray[np.int64],
        which: NDArray[np.int64],
        sampling: float,
        random: np.random.Generator,
    ) -> NDArray[np.int64]:
        """Cuts words.

        Args:
            words: (distinct, length) numbers of characters; -1 after the end.
            which: (words,) rows of ``words``.
            sampling: Strength of the sampling, see ``TokenizerConfig``.
            random: Source of random numbers.

        Returns:
            (words, length) ids in order, with -1 between them.
        """


class Sampler:
    """Cuts the text of one side."""

    def __init__(self, model: bytes) -> None:
        """Reads a SentencePiece model.

        Raises:
            ConfigError: If it is neither bpe nor unigram, or has user-defined symbols or bytes.
        """
        pieces, algorithm = read_pieces(model), algorithm_of(model)
        for piece in pieces:
            if piece.kind not in (NORMAL, CONTROL, _UNKNOWN):
                raise ConfigError(
                    "sampling (--sampling) cannot be used with this vocabulary: its piece "
                    f"{piece.text!r} is a user-defined symbol or a byte; set sampling to 0"
                )
        self._segmenter: Segmenter
        if algorithm == "bpe":
            self._segmenter = BpeDropout(pieces)
        elif algorithm == "unigram":
            self._segmenter = UnigramSampling(pieces)
        else:
            raise ConfigError(
                "sampling (--sampling) needs a vocabulary of bpe or unigram, but this vocabulary "
                f"is {algorithm}; set sampling to 0"
            )
        self._normalizer = sentencepiece.SentencePieceProcessor()
        self._normalizer.LoadFromSerializedProto(model)
        self._marked = MarkedEncoder(model, self._normalizer, of_words=False)
        self._ids = {piece.text: number for number, piece in enumerate(pieces)}
        known = sorted((ord(text), n) for text, n in self._segmenter.characters.items())
        self._codes = np.array([code for code, _ in known], np.int64)
        self._numbers = np.array([number for _, number in known], np.int64)
        # If no piece reaches over the beginning of a word, words are cut one by one.
        self._by_words = not any(
            SPACE in piece.text[1:] for piece in pieces if piece.kind == NORMAL
        )

    def encode(
        self,
        texts: Sequence[str],
        sampling: float,
        random: np.random.Generator,
        tags: Sequence[str | None],
    ) -> Sentences:
        """Returns the ids of the texts, each with its tag first and the end piece last."""
        distinct: dict[str, int] = {}
        which: list[int] = []
        counts = []
        for text in texts:
            words = self._marked_words(text) if STAND_IN in text else self._plain_words(text)
            which += [distinct.setdefault(word, len(distinct)) for word in words]
            counts.append(len(words))
        cut = self._cut(list(distinct), np.array(which, np.int64), sampling, random)
        if STAND_IN in distinct:  # it was cut as a word of one unknown piece
            stand_ins = np.flatnonzero(np.array(which) == distinct[STAND_IN])
            cut.ids[cut.offsets[stand_ins]] = self._ids[KEEP_PIECE]
        starts = cut.offsets[to_offsets(counts)]
        # As in SentencePiece, neighbouring unknown characters are one piece.
        doubled = cut.ids == UNK_ID
        doubled[1:] &= cut.ids[:-1] == UNK_ID
        doubled[starts[:-1][np.diff(starts) > 0]] = False
        offsets = to_offsets(~doubled)[starts]
        return _add_tags(tags, self._ids, cut.ids[~doubled], offsets)

    def _plain_words(self, text: str) -> list[str]:
        return self._words(normalize(self._normalizer, text))

    def _marked_words(self, text: str) -> list[str]:
        words = []
        for segment in self._marked.segments(text):
            if isinstance(segment, str):
                words += self._words(segment)
            else:
                words.append(SPACE if segment == BLANK_ID else STAND_IN)
        return words

    def _words(self, text: str) -> list[str]:
        if not self._by_words:
            return [text] if text else []
        head, *others = text.split(SPACE)
        words = [SPACE + word for word in others]
        return [head, *words] if head else words

    def _cut(
        self,
        distinct: list[str],
        which: NDArray[np.int64],
        sampling: float,
        random: np.random.Generator,
    ) -> Sentences:
        """Returns the pieces of the words ``which``, each as a sentence of its own."""
        characters = self._characters(distinct)
        lengths = characters.lengths()[which]
        sizes = np.zeros(len(which), np.int64)
        parts = []
        for rows in self._groups(lengths):
            words, back = np.unique(which[rows], return_inverse=True)
            cut = self._segmenter.cut(characters.padded(words, -1), back, sampling, random)
            sizes[rows] = (cut >= 0).sum(axis=1)
            parts.append((rows, cut[cut >= 0]))
        offsets = to_offsets(sizes)
        ids = np.empty(int(offsets[-1]), np.int64)
        for rows, flat in parts:
            ids[positions(offsets[rows], sizes[rows])] = flat
        return Sentences(ids, offsets)

    def _characters(self, words: list[str]) -> Sentences:
        """Returns words as numbers of characters."""
        codes = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32).astype(np.int64)
        rows = np.searchsorted(self._codes, codes).clip(max=len(self._codes) - 1)
        numbers = np.where(
            self._codes[rows] == codes, self._numbers[rows], len(self._segmenter.characters)
        )
        return Sentences(numbers, to_offsets([len(word) for word in words]))

    def _groups(self, lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Yields rows of ``lengths`` with about the same length."""
        sizes = np.searchsorted(_SIZES, lengths)
        for number in np.unique(sizes):
            rows = np.flatnonzero(sizes == number)
            most = max(1, _GROUP // int(_SIZES[number] * self._segmenter.cells))
            for start in range(0, len(rows), most):
                yield rows[start : start + most]


def _add_tags(
    tags: Sequence[str | None],
    ids_of: dict[str, int],
    ids: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> Sentences:
    """Returns the sentences with their tags before them and the end piece after them."""
    tagged = np.array([tag is not None for tag in tags], np.int64)
    lengths = np.diff(offsets)
    new_offsets = to_offsets(tagged + lengths + 1)
    new_ids = np.empty(int(new_offsets[-1]), np.int64)
    new_ids[positions(new_offsets[:-1] + tagged, lengths)] = ids
    new_ids[new_offsets[:-1][tagged == 1]] = [ids_of[tag] for tag in tags if tag is not None]
    new_ids[new_offsets[1:] - 1] = EOS_ID
    return Sentences(new_ids, new_offsets)
