"""The tokenizer: from text to pieces and back, with one SentencePiece model or one for each side.

Kudo and Richardson (2018), "SentencePiece: A simple and language independent subword tokenizer".
User text never becomes a special piece: ``</s>`` in a sentence is four characters. The one
exception is a tag at the very beginning of a source sentence (``s2s.tokenizer.tags``).
"""

from collections.abc import Sequence
from functools import cached_property

import sentencepiece

from s2s.config import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from s2s.errors import ConfigError
from s2s.text import clean_but_blanks
from s2s.tokenizer.blanks import cleaner_for
from s2s.tokenizer.checks import find_share, find_tags, load_model
from s2s.tokenizer.keep import KEEP_PIECE, KeepPatterns
from s2s.tokenizer.marks import MarkedEncoder, keep_piece_id, replace_marks
from s2s.tokenizer.pieces import SPACE, algorithm_of, encode_texts, zero_width_is_blank
from s2s.tokenizer.tags import leading_tag_pattern
from s2s.tokenizer.target_share import target_model
from s2s.tokenizer.unknown import UnknownRuns
from s2s.writing.numbers import is_digit

_DIGIT_BYTES = frozenset(f"<0x{code:02X}>" for code in b"0123456789")


class Tokenizer:
    """Cuts source sentences into piece ids and joins target piece ids to text."""

    def __init__(
        self,
        src_model: bytes,
        tgt_model: bytes | None = None,
        tags: Sequence[str] | None = None,
        keep: Sequence[str] = (),
    ) -> None:
        """Loads serialized SentencePiece models.

        Args:
            src_model: The source's model, or the joint one, whose first pieces may be the target's
                share (``s2s.tokenizer.target_share``).
            tgt_model: The target's model; None if ``src_model`` is joint.
            tags: Tags with which a source sentence may begin, such as ``<2de>``; None for all tags
                of the source vocabulary, which may be more than a network was trained with.
            keep: Patterns that the network was trained with (``s2s.tokenizer.keep``).

        Raises:
            ConfigError: If a pattern is invalid.
            ModelError: If the bytes are no SentencePiece model with the special pieces of s2s; if
                the source's model lacks a tag; if a model lacks the piece of kept texts.
        """
        self.src_model = src_model
        self.tgt_model = tgt_model
        self._src = load_model(src_model, "source")
        # Writes target ids; it knows all pieces of a joint vocabulary. ``_tgt`` cuts target text.
        # Rules for characters do not matter where it writes.
        self._tgt_writer = self._src if tgt_model is None else load_model(tgt_model, "target")
        self._share = find_share(src_model, self._src) if tgt_model is None else None
        self.tags = find_tags(self._src, src_model, tags)
        """Tags with which a source sentence may begin, sorted; empty for one pair of languages."""
        self._tag_ids = {tag: int(self._src.piece_to_id(tag)) for tag in self.tags}
        self._leading_tag = leading_tag_pattern(self.tags) if self.tags else None
        self.keep = KeepPatterns(keep) if keep else None
        """Patterns that the network was trained with; None if it was trained without."""
        self._src_stand_in = self._tgt_stand_in = UNK_ID
        if self.keep is not None:
            self._src_stand_in = keep_piece_id(self._src)
            self._tgt_stand_in = keep_piece_id(self._tgt_writer)
        self.clean = cleaner_for(src_model, self._src)
        """Returns a text in the form that is encoded: with single blanks (``s2s.text.clean``), or
        with all of them (``clean_but_blanks``). Decoded text has this form, too."""
        self._written_pieces = dict[int, str]()
        self._src_marked: MarkedEncoder | None = None
        self._tgt_marked: MarkedEncoder | None = None

    @property
    def keeps_blanks(self) -> bool:
        """Whether blanks and tabs are kept as they are."""
        return self.clean is clean_but_blanks

    @property
    def src_vocab_size(self) -> int:
        """Pieces of the source vocabulary."""
        return int(self._src.get_piece_size())

    @property
    def tgt_vocab_size(self) -> int:
        """Pieces of the target vocabulary."""
        return self._share or int(self._tgt_writer.get_piece_size())

    @property
    def tgt_cutter(self) -> bytes:
        """The SentencePiece model that cuts target text.

        It has the target's pieces alone, and the rules for target text.
        """
        return target_model(self.src_model) if self.tgt_model is None else self.tgt_model

    @cached_property
    def _tgt(self) -> sentencepiece.SentencePieceProcessor:
        # Translating seldom needs it, and loading takes milliseconds.
        cutter = self.tgt_cutter
        is_writer = cutter is self.src_model or cutter is self.tgt_model
        return self._tgt_writer if is_writer else load_model(cutter, "target")

    @cached_property
    def src_unknown(self) -> UnknownRuns:
        """Finds what the source vocabulary cannot read."""
        return UnknownRuns(self._src, self.src_model)

    @cached_property
    def tgt_digits(self) -> tuple[int, ...]:
        """Ids of the target pieces that write digits, bytes of ASCII digits among them."""
        writer, digits = self._tgt_writer, []
        for number, piece in enumerate(self.tgt_pieces(range(self.tgt_vocab_size))):
            if writer.is_byte(number):
                is_one = piece in _DIGIT_BYTES
            else:
                is_one = any(map(is_digit, piece)) and not writer.is_control(number)
            if is_one:
                digits.append(number)
        return tuple(digits)

    def encode_src(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the ids of source texts: first a tag if there is one, the end piece last."""
        pattern = self._leading_tag
        if pattern is None:
            return [[*ids, EOS_ID] for ids in self._encode_src(texts)]
        matches = [pattern.fullmatch(text) for text in texts]
        tags = [[] if match is None else [self._tag_ids[match[1]]] for match in matches]
        untagged = [
            text if match is None else match[2] for text, match in zip(texts, matches, strict=True)
        ]
        return [
            [*tag, *ids, EOS_ID] for tag, ids in zip(tags, self._encode_src(untagged), strict=True)
        ]

    def _encode_src(self, texts: Sequence[str]) -> list[list[int]]:
        return encode_texts(self._src, texts, lambda: self._src_of_words, self.keeps_blanks)

    @cached_property
    def _src_of_words(self) -> bool:
        return algorithm_of(self.src_model) == "word"

    @cached_property
    def _tgt_of_words(self) -> bool:
        return algorithm_of(self.tgt_cutter) == "word"

    @property
    def src_zero_width_is_blank(self) -> bool:
        """Whether the source reads a zero-width space as a blank (``s2s.tokenizer.pieces``)."""
        return zero_width_is_blank(self._src)

    def encode_marked(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the ids of source texts with marks (``s2s.tokenizer.marks``)."""
        if self._src_marked is None:
            self._src_marked = MarkedEncoder(self.src_model, self._src, of_words=self._src_of_words)
        pattern, encoded = self._leading_tag, []
        for text in texts:
            match = pattern and pattern.fullmatch(text)
            tag = [] if match is None else [self._tag_ids[match[1]]]
            ids = self._src_marked.encode(text if match is None else match[2])
            encoded.append([*tag, *ids, EOS_ID])
        return encoded

    def read_marks(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Returns the source ids that the network reads in place of ids with marks.

        A stand-in becomes the piece of kept texts, or the unknown piece if the network was trained
        without kept texts.
        """
        return replace_marks(ids, int(self._src.piece_to_id(SPACE)), self._src_stand_in)

    def read_tgt_marks(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Returns the target ids in place of ids with marks, as ``read_marks``."""
        return replace_marks(ids, int(self._tgt.piece_to_id(SPACE)), self._tgt_stand_in)

    def tag_of(self, text: str) -> str | None:
        """Returns the tag with which a source sentence begins; None if there is none."""
        match = self._leading_tag and self._leading_tag.fullmatch(text)
        return None if match is None else match[1]

    def is_blank(self, ids: Sequence[int]) -> bool:
        """Whether a source is blank: it has only the end piece, and perhaps a tag."""
        return len(ids) == 1 + self.count_tags(ids)

    def count_tags(self, ids: Sequence[int]) -> int:
        """Returns how many tags a source begins with: 1 or 0."""
        return 1 if ids[0] in self._tag_ids.values() else 0

    def encode_tgt(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the ids of target texts, the end piece last; the decoder adds the begin piece."""
        return [[*ids, EOS_ID] for ids in self._encode_tgt(texts)]

    def _encode_tgt(self, texts: Sequence[str]) -> list[list[int]]:
        return encode_texts(self._tgt, texts, lambda: self._tgt_of_words, self.keeps_blanks)

    def encode_inside(self, text: str) -> list[list[int]]:
        """Returns the ids of a target text in the middle of a sentence, without the end piece.

        Returns:
            The ids after a blank and, if there are pieces for it, the ids without a blank.

        Raises:
            ConfigError: If the vocabulary has no blank.
        """
        (ids,) = self._encode_tgt([text])
        first = str(self._tgt.id_to_piece(ids[0])) if ids else ""
        if not first.startswith(SPACE):
            return [[self.tgt_id(SPACE), *ids], ids]
        word = first.removeprefix(SPACE)
        for cut in ([word], list(word)):  # as one piece, or else letter by letter
            first_ids = [int(self._tgt.piece_to_id(piece)) for piece in cut]
            if not {PAD_ID, UNK_ID, BOS_ID, EOS_ID}.intersection(first_ids):
                return [ids, [*first_ids, *ids[1:]]]
        return [ids]

    def encode_tgt_marked(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the ids of target texts with marks, as ``encode_marked``."""
        if self._tgt_marked is None:
            self._tgt_marked = MarkedEncoder(
                self.tgt_cutter, self._tgt, of_words=self._tgt_of_words
            )
        return [[*self._tgt_marked.encode(text), EOS_ID] for text in texts]

    def decode(self, hypotheses: Sequence[Sequence[int]], *, written: bool = False) -> list[str]:
        """Returns the text of each list of target ids.

        Special pieces are left out; with ``written``, the piece of kept texts stays in the text, as
        it is written, if the network was trained with it.
        """
        if written and self.keep is not None:
            return [self._write(ids) for ids in hypotheses]
        special = {PAD_ID, BOS_ID, EOS_ID}
        plain = [[int(i) for i in ids if i not in special] for ids in hypotheses]
        return [str(self._tgt_writer.decode(ids)) for ids in plain]  # no threads, see encode_texts

    def _write(self, ids: Sequence[int]) -> str:
        """Returns the text of target ids, with the piece of kept texts as it is written."""
        keep, text, between = self._tgt_stand_in, "", list[str]()
        for number in (*ids, EOS_ID):
            if number not in (keep, PAD_ID, BOS_ID, EOS_ID):
                between.append(str(self._tgt_writer.id_to_piece(int(number))))
                continue
            # Joining loses the blanks at both ends of the pieces between.
            before = " " if between and between[0].startswith(SPACE) else ""
            after = " " if between[-1:] == [SPACE] else ""
            text += before + self.join_tgt(between) + after + KEEP_PIECE * (number == keep)
            between = []
        return " ".join(text.split())

    def src_pieces(self, ids: Sequence[int]) -> list[str]:
        """Returns the written form of source ids, without tags and special pieces."""
        skipped = {PAD_ID, BOS_ID, EOS_ID, *self._tag_ids.values()}
        return [str(self._src.id_to_piece(int(i))) for i in ids if i not in skipped]

    def src_piece(self, number: int) -> str:
        """Returns the written form of a source id."""
        return str(self._src.id_to_piece(number))

    def join_tgt(self, pieces: Sequence[str]) -> str:
        """Returns the text of target pieces in their written form."""
        return str(self._tgt_writer.decode(list(pieces)))

    def tgt_id(self, piece: str) -> int:
        """Returns the id of a target piece as the vocabulary writes it, for example ``▁Haus``.

        Raises:
            ConfigError: If there is no such piece, or it is a special one.
        """
        number = int(self._tgt.piece_to_id(piece))
        if number in (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
            raise ConfigError(
                f"the target vocabulary has no piece {piece!r}; write pieces as s2s translate "
                f"--json prints them, with {SPACE} for the blank before a word"
            )
        return number

    def tgt_ids(self, pieces: Sequence[str]) -> tuple[int, ...]:
        """Returns the ids of target pieces: the inverse of ``tgt_pieces``."""
        return tuple(int(self._tgt.piece_to_id(piece)) for piece in pieces)

    def tgt_pieces(self, ids: Sequence[int]) -> list[str]:
        """Returns the written form of target ids, special ones included."""
        known = self._written_pieces
        return [known[i] if i in known else self._learn_piece(i) for i in ids]

    def _learn_piece(self, number: int) -> str:
        """Asks SentencePiece for a target piece, which takes longer than to look it up again."""
        piece = str(self._tgt_writer.id_to_piece(int(number)))
        return self._written_pieces.setdefault(int(number), piece)
