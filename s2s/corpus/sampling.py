"""Subword sampling: text cut into pieces at random, the same for the same seed in any process.

SentencePiece does it, too, but no run can be repeated with it: 0.2.1 reads its seed once a thread,
0.2.2 and 0.2.3 mix into it a number that each process draws anew (abseil's salt). So SentencePiece
only normalizes here, and all words of a chunk are cut at once (``s2s.corpus.bpe``, ``.unigram``).
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
"""Elements of an array over words and their characters."""
_SIZES = np.array([4, 8, 12, *(1 << power for power in range(4, 40))])
"""Lengths to which words are padded."""


class Segmenter(Protocol):
    """Cuts words at random."""

    characters: dict[str, int]
    """A number, from 0, for each character that a piece has; others get the next one."""
    cells: int
    """Array elements that it takes for a character."""

    def cut(
        self,
        words: NDArray[np.int64],
        which: NDArray[np.int64],
        sampling: float,
        random: np.random.Generator,
    ) -> NDArray[np.int64]:
        """Cuts words.

        Args:
            words: (distinct, length) numbers of characters; -1 behind the end.
            which: (words,) rows of ``words``.
            sampling: See ``TokenizerConfig``.
            random: Where chance comes from.

        Returns:
            (words, length) ids in their order, with -1 between them.
        """


class Sampler:
    """Cuts the text of one side."""

    def __init__(self, model: bytes) -> None:
        """Reads a SentencePiece model.

        Raises:
            ConfigError: If it is neither bpe nor unigram, or has pieces beyond theirs.
        """
        pieces, algorithm = read_pieces(model), algorithm_of(model)
        for piece in pieces:
            if piece.kind not in (NORMAL, CONTROL, _UNKNOWN):
                raise ConfigError(
                    f"the vocabulary has the piece {piece.text!r}, a user-defined symbol or a "
                    "byte, which TokenizerConfig.sampling cannot do with; set it to 0"
                )
        self._segmenter: Segmenter
        if algorithm == "bpe":
            self._segmenter = BpeDropout(pieces)
        elif algorithm == "unigram":
            self._segmenter = UnigramSampling(pieces)
        else:
            raise ConfigError(
                f"TokenizerConfig.sampling needs a vocabulary of bpe or unigram, not {algorithm}"
            )
        self._normalizer = sentencepiece.SentencePieceProcessor()
        self._normalizer.LoadFromSerializedProto(model)
        self._marked = MarkedEncoder(model, self._normalizer)
        self._ids = {piece.text: number for number, piece in enumerate(pieces)}
        known = sorted((ord(text), n) for text, n in self._segmenter.characters.items())
        self._codes = np.array([code for code, _ in known], np.int64)
        self._numbers = np.array([number for _, number in known], np.int64)
        # Where no piece reaches over the beginning of a word, words are cut one by one.
        self._by_words = not any(SPACE in each.text[1:] for each in pieces if each.kind == NORMAL)

    def encode(
        self,
        texts: Sequence[str],
        sampling: float,
        random: np.random.Generator,
        tags: Sequence[str | None],
    ) -> Sentences:
        """Returns the texts as ids, each with its tag first and the end piece last."""
        distinct: dict[str, int] = {}
        which: list[int] = []
        counts = []
        for text in texts:
            words = self._marked_words(text) if STAND_IN in text else self._plain_words(text)
            which += [distinct.setdefault(word, len(distinct)) for word in words]
            counts.append(len(words))
        cut = self._cut(list(distinct), np.array(which, np.int64), sampling, random)
        if STAND_IN in distinct:  # which is a word of one unknown piece
            places = np.flatnonzero(np.array(which) == distinct[STAND_IN])
            cut.ids[cut.offsets[places]] = self._ids[KEEP_PIECE]
        starts = cut.offsets[to_offsets(counts)]
        # Like SentencePiece, what it does not know is one piece, however long.
        doubled = cut.ids == UNK_ID
        doubled[1:] &= cut.ids[:-1] == UNK_ID
        doubled[starts[:-1][np.diff(starts) > 0]] = False
        offsets = to_offsets(~doubled)[starts]
        return _between(tags, self._ids, cut.ids[~doubled], offsets)

    def _plain_words(self, text: str) -> list[str]:
        return self._words(normalize(self._normalizer, text))

    def _marked_words(self, text: str) -> list[str]:
        words = []
        for each in self._marked.segments(text):
            if isinstance(each, str):
                words += self._words(each)
            else:
                words.append(SPACE if each == BLANK_ID else STAND_IN)
        return words

    def _words(self, text: str) -> list[str]:
        if not self._by_words:
            return [text] if text else []
        head, *rest = text.split(SPACE)
        words = [SPACE + word for word in rest]
        return [head, *words] if head else words

    def _cut(
        self,
        distinct: list[str],
        which: NDArray[np.int64],
        sampling: float,
        random: np.random.Generator,
    ) -> Sentences:
        """Returns the words ``which`` as if each were a sentence."""
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
        """Returns words as numbers of their characters."""
        codes = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32).astype(np.int64)
        found = np.searchsorted(self._codes, codes).clip(max=len(self._codes) - 1)
        numbers = np.where(
            self._codes[found] == codes, self._numbers[found], len(self._segmenter.characters)
        )
        return Sentences(numbers, to_offsets([len(word) for word in words]))

    def _groups(self, lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Yields rows of words of about the same length."""
        sizes = np.searchsorted(_SIZES, lengths)
        for number in np.unique(sizes):
            rows = np.flatnonzero(sizes == number)
            most = max(1, _GROUP // int(_SIZES[number] * self._segmenter.cells))
            for start in range(0, len(rows), most):
                yield rows[start : start + most]


def _between(
    tags: Sequence[str | None],
    ids_of: dict[str, int],
    ids: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> Sentences:
    """Puts tags before sentences, and the end piece behind each."""
    tagged = np.array([tag is not None for tag in tags], np.int64)
    lengths = np.diff(offsets)
    whole = to_offsets(tagged + lengths + 1)
    filled = np.empty(int(whole[-1]), np.int64)
    filled[positions(whole[:-1] + tagged, lengths)] = ids
    filled[whole[:-1][tagged == 1]] = [ids_of[tag] for tag in tags if tag is not None]
    filled[whole[1:] - 1] = EOS_ID
    return Sentences(filled, whole)
