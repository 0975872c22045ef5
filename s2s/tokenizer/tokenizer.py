"""Text to pieces and back: SentencePiece models, one for both languages or one a side.

Kudo and Richardson (2018), "SentencePiece: A simple and language independent subword tokenizer".
Text typed by a user is never taken for a special piece: ``</s>`` in a sentence is four characters.
The one exception is a tag at the very beginning of a source sentence (``s2s.tokenizer.tags``),
which is what tags are for.
"""

from collections.abc import Sequence
from functools import cached_property

import sentencepiece

from s2s.config import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from s2s.errors import ConfigError, ModelError
from s2s.tokenizer.keep import KEEP_PIECE, Keep
from s2s.tokenizer.marks import MarkedEncoder, find_keep, read
from s2s.tokenizer.pieces import SPACE
from s2s.tokenizer.tags import TAG, leading_tag
from s2s.tokenizer.target_share import target_model, target_share

_SHARED_OUT = 5000  # sentences in a list that gets threads: more than a translator cuts at once


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
            src_model: The source's model, or the joint one, which may say that its first pieces
                alone are the target's (``s2s.tokenizer.target_share``).
            tgt_model: The target's model; None if ``src_model`` is joint.
            tags: What a source sentence may begin with, such as ``<2de>``; None for all tags that
                the source vocabulary has, which may be more than a network was trained with.
            keep: Patterns of what the network was trained to keep (``s2s.translate.keep``).

        Raises:
            ConfigError: If a pattern is invalid.
            ModelError: If the bytes are no SentencePiece model with s2s's special pieces, or the
                source's lacks a tag, or one lacks the piece of kept texts.
        """
        self.src_model = src_model
        self.tgt_model = tgt_model
        self._src = _load(src_model, "source")
        # What target ids are written with, which a target's share of a joint vocabulary does not
        # change; ``_tgt`` cuts.
        self._written = self._src if tgt_model is None else _load(tgt_model, "target")
        self._share = _find_share(src_model, self._src) if tgt_model is None else None
        self.tags = _find_tags(self._src, src_model, tags)
        """What a source sentence may begin with, sorted; empty for one pair of languages."""
        self._tag_ids = {tag: int(self._src.piece_to_id(tag)) for tag in self.tags}
        self._leading_tag = leading_tag(self.tags) if self.tags else None
        self.keep = Keep(keep) if keep else None
        """What the network was trained to keep, if it was."""
        self._stand_ins = [UNK_ID, UNK_ID]
        if self.keep is not None:
            self._stand_ins = [find_keep(each) for each in (self._src, self._written)]
        self._marked: MarkedEncoder | None = None
        self._tgt_marked: MarkedEncoder | None = None

    @property
    def src_vocab_size(self) -> int:
        """Pieces of the source vocabulary."""
        return int(self._src.get_piece_size())

    @property
    def tgt_vocab_size(self) -> int:
        """Pieces of the target vocabulary."""
        return self._share or int(self._written.get_piece_size())

    @property
    def tgt_cutter(self) -> bytes:
        """The SentencePiece model that cuts target text: of the target's pieces alone."""
        return target_model(self.src_model) if self.tgt_model is None else self.tgt_model

    @cached_property
    def _tgt(self) -> sentencepiece.SentencePieceProcessor:
        # Translating seldom needs it, and loading takes milliseconds.
        return self._written if self._share is None else _load(self.tgt_cutter, "target")

    def encode_src(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns each text's ids, a tag that it begins with first, the end piece last."""
        pattern = self._leading_tag
        if pattern is None:
            return [[*ids, EOS_ID] for ids in _encode(self._src, texts)]
        found = [pattern.fullmatch(text) for text in texts]
        firsts = [[] if tag is None else [self._tag_ids[tag[1]]] for tag in found]
        rests = [text if tag is None else tag[2] for text, tag in zip(texts, found, strict=True)]
        return [
            [*first, *ids, EOS_ID]
            for first, ids in zip(firsts, _encode(self._src, rests), strict=True)
        ]

    def encode_marked(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the same of texts with marks, which have ids: see ``s2s.tokenizer.marks``."""
        if self._marked is None:
            self._marked = MarkedEncoder(self.src_model, self._src)
        pattern, encoded = self._leading_tag, []
        for text in texts:
            tag = pattern and pattern.fullmatch(text)
            first = [] if tag is None else [self._tag_ids[tag[1]]]
            ids = self._marked.encode(text if tag is None else tag[2])
            encoded.append([*first, *ids, EOS_ID])
        return encoded

    def read_marks(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Returns what the network reads of ids with marks.

        For a stand-in, the piece of kept texts; the unknown piece, if it was not trained with that.
        """
        return read(ids, int(self._src.piece_to_id(SPACE)), self._stand_ins[0])

    def read_tgt_marks(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Returns the same of a target."""
        return read(ids, int(self._tgt.piece_to_id(SPACE)), self._stand_ins[1])

    def tag_of(self, text: str) -> str | None:
        """Returns the tag that a source sentence begins with, if it does."""
        found = self._leading_tag and self._leading_tag.fullmatch(text)
        return None if found is None else found[1]

    def is_blank(self, ids: Sequence[int]) -> bool:
        """Whether a source says nothing: it is the end piece alone, or after a tag."""
        return len(ids) == 1 + self.count_tags(ids)

    def count_tags(self, ids: Sequence[int]) -> int:
        """Returns how many pieces of a source come before its text: a tag, or none."""
        return 1 if ids[0] in self._tag_ids.values() else 0

    def encode_tgt(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns each text's ids with the end piece last, the begin piece left to the decoder."""
        return [[*ids, EOS_ID] for ids in _encode(self._tgt, texts)]

    def encode_inside(self, text: str) -> list[list[int]]:
        """Returns the ids of a target text in the middle of a sentence, without the end piece.

        Returns:
            As it is written after a blank, and, if there are pieces for that, without one.

        Raises:
            ConfigError: If the vocabulary has no blank.
        """
        (ids,) = _encode(self._tgt, [text])
        first = str(self._tgt.id_to_piece(ids[0])) if ids else ""
        if not first.startswith(SPACE):
            return [[self.tgt_id(SPACE), *ids], ids]
        word = first.removeprefix(SPACE)
        for cut in ([word], list(word)):  # as one piece, or else letter by letter
            found = [int(self._tgt.piece_to_id(piece)) for piece in cut]
            if not {PAD_ID, UNK_ID, BOS_ID, EOS_ID}.intersection(found):
                return [ids, [*found, *ids[1:]]]
        return [ids]

    def encode_tgt_marked(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the same of texts with marks, as ``encode_marked``."""
        if self._tgt_marked is None:
            self._tgt_marked = MarkedEncoder(self.tgt_cutter, self._tgt)
        return [[*self._tgt_marked.encode(text), EOS_ID] for text in texts]

    def decode(self, hypotheses: Sequence[Sequence[int]], *, written: bool = False) -> list[str]:
        """Returns the text of each list of target ids.

        Special pieces are left out; but with ``written`` that of kept texts, if there are some, is
        as it is written.
        """
        if written and self.keep is not None:
            return [self._write(ids) for ids in hypotheses]
        plain = [[int(i) for i in ids if i not in (PAD_ID, BOS_ID, EOS_ID)] for ids in hypotheses]
        return [str(self._written.decode(ids)) for ids in plain]  # no threads, see _encode

    def _write(self, ids: Sequence[int]) -> str:
        """Returns the text of target ids, with the piece of kept texts as it is written."""
        keep, text, between = self._stand_ins[1], "", list[str]()
        for number in (*ids, EOS_ID):
            if number not in (keep, PAD_ID, BOS_ID, EOS_ID):
                between.append(str(self._written.id_to_piece(int(number))))
                continue
            # Blanks at the ends of what is between are lost when it is joined.
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
        return str(self._written.decode(list(pieces)))

    def tgt_id(self, piece: str) -> int:
        """Returns the id of a target piece as the vocabulary writes it, ``▁Haus`` say.

        Raises:
            ConfigError: If there is none, or it is a special one.
        """
        number = int(self._tgt.piece_to_id(piece))
        if number in (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
            raise ConfigError(
                f"the target vocabulary has no piece {piece!r}; pieces are written as s2s "
                f"translate --json shows them, {SPACE} for the blank before a word"
            )
        return number

    def tgt_ids(self, pieces: Sequence[str]) -> tuple[int, ...]:
        """Returns the ids of pieces that ``tgt_pieces`` wrote."""
        return tuple(int(self._tgt.piece_to_id(piece)) for piece in pieces)

    def tgt_pieces(self, ids: Sequence[int]) -> list[str]:
        """Returns the written form of target ids, special ones included."""
        return [str(self._written.id_to_piece(int(i))) for i in ids]


def _load(model: bytes, side: str) -> sentencepiece.SentencePieceProcessor:
    processor = sentencepiece.SentencePieceProcessor()
    try:
        # An empty model makes every later call fail; LoadFromSerializedProto accepts it.
        if not model:
            raise RuntimeError("it is empty")
        processor.LoadFromSerializedProto(model)
        # SentencePiece takes any bytes for a piece, and fails when one is to be shown.
        processor.id_to_piece(list(range(processor.get_piece_size())))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(f"the {side} tokenizer is no SentencePiece model: {reason}") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"the {side} tokenizer is damaged: a piece is no UTF-8") from error
    found = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
    if found != (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
        raise ModelError(
            f"the {side} tokenizer has pad, unk, bos, eos = {found}; expected "
            f"{(PAD_ID, UNK_ID, BOS_ID, EOS_ID)}: train SentencePiece with "
            "pad_id=0, unk_id=1, bos_id=2, eos_id=3"
        )
    return processor


def _find_share(model: bytes, processor: sentencepiece.SentencePieceProcessor) -> int | None:
    """Returns how many pieces of a joint vocabulary are the target's; None if all."""
    share, size = target_share(model), int(processor.get_piece_size())
    if share is not None and not EOS_ID + 1 < share <= size:
        raise ModelError(
            f"the joint tokenizer has {size} pieces, {share} of them the target's; expected "
            f"{EOS_ID + 2} to {size}: it is damaged"
        )
    return share


def _find_tags(
    processor: sentencepiece.SentencePieceProcessor, model: bytes, wanted: Sequence[str] | None
) -> tuple[str, ...]:
    """Returns the tags among the control pieces: ``wanted``, or all."""
    found: set[str] = set()
    if b"<2" in model:  # a look through all pieces takes milliseconds
        pieces = processor.id_to_piece(list(range(processor.get_piece_size())))
        found = {
            piece
            for number, piece in enumerate(pieces)
            if TAG.fullmatch(piece) and processor.is_control(number)
        }
    if missing := sorted(set(found if wanted is None else wanted) - found):
        raise ModelError(
            f"the source tokenizer has no control piece {missing[0]}; it has "
            f"{', '.join(sorted(found)) or 'no tags'}: extend it, or train SentencePiece with "
            "control_symbols"
        )
    return tuple(sorted(found if wanted is None else set(wanted)))


def _encode(
    processor: sentencepiece.SentencePieceProcessor, texts: Sequence[str]
) -> list[list[int]]:
    # A list gets threads of its own in each call, one at least: a sentence takes 5 us without them
    # and 40 to 300 with them.
    if len(texts) < _SHARED_OUT:
        return [processor.encode(text) for text in texts]
    return list(processor.encode(list(texts), num_threads=-1))
