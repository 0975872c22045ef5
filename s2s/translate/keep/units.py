"""A source with kept texts and its translation, cut into the units that an alignment is between."""

from collections.abc import Sequence

from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import KEEP_PIECE
from s2s.tokenizer.marks import BLANK_ID
from s2s.tokenizer.pieces import SPACE
from s2s.translate.sources import MarkedPart


class SourceUnits:
    """A source as units: kept texts, and tokens, which are words and punctuation."""

    def __init__(self, part: MarkedPart, tokenizer: Tokenizer) -> None:
        self.kept = part.kept
        self.count = 0
        """How many units there are."""
        self.unit_of: list[int] = []
        """The unit of each piece that the network reads."""
        self.word_of: list[int] = []
        """The word of each piece, from 0; words stand between blanks of the source."""
        self.kept_units: list[int] = []
        """The unit that each kept text is."""
        self.kept_words: list[int] = []
        """The word that each kept text begins in."""
        self.word_places: list[int] = []
        """The units that are words, in order, kept texts among them if they are words."""
        word, before, glued = -1, "", False
        for number in part.ids:
            if number == BLANK_ID:  # the blank before the next kept text
                self.unit_of.append(self.count)
                self.word_of.append(word + 1)
            elif number < 0:
                kept = self.kept[len(self.kept_units)]
                word += kept.after_blank or word < 0
                self.kept_units.append(self.count)
                self.kept_words.append(word)
                if not kept.is_sign:
                    self.word_places.append(self.count)
                if tokenizer.read_marks([number]):
                    self.unit_of.append(self.count)
                    self.word_of.append(word)
                word += kept.text.count(" ")
                self.count += 1
                before, glued = "", not kept.before_blank
            else:
                piece = tokenizer.src_piece(number)
                self.count += _begins_token(piece, before)
                if _is_word(piece):
                    self.word_places.append(self.count - 1)
                word += (piece.startswith(SPACE) and not glued) or word < 0
                self.unit_of.append(self.count - 1)
                self.word_of.append(word)
                before, glued = piece, False
        # As in s2s.translate.words: a word that began in the part before is not counted.
        self.num_words = word + _begins_word(part, tokenizer)


class TargetTokens:
    """A translation as tokens: words and punctuation."""

    def __init__(self, pieces: Sequence[str], tokenizer: Tokenizer) -> None:
        self.ranges: list[tuple[int, int]] = []
        """The places of each token's pieces: the first one, and the one after the last."""
        before = ""
        for place, piece in enumerate(pieces):
            begins = _begins_token(piece, before)
            if tokenizer.keep is not None and KEEP_PIECE in (piece, before):
                begins = piece != KEEP_PIECE or before != SPACE
            start = place if begins else self.ranges.pop()[0]
            self.ranges.append((start, place + 1))
            before = piece
        self.stand_ins = [
            token
            for token, (_, stop) in enumerate(self.ranges)
            if tokenizer.keep is not None and pieces[stop - 1] == KEEP_PIECE
        ]
        """The tokens for which the network put out the piece of kept texts."""
        self._texts = [tokenizer.join_tgt(pieces[start:stop]) for start, stop in self.ranges]
        self._after_blank = [pieces[start].startswith(SPACE) for start, _ in self.ranges]

    def __len__(self) -> int:
        return len(self.ranges)

    def text(self, start: int, stop: int) -> str:
        """Returns the text of some tokens, without blanks around it."""
        texts = (
            f"{' ' * self._after_blank[token]}{self._texts[token]}" for token in range(start, stop)
        )
        return "".join(texts).strip()

    def after_blank(self, token: int) -> bool:
        """Whether there is a blank before a token."""
        return self._after_blank[token]

    def is_punctuation(self, token: int) -> bool:
        """Whether a token is no word."""
        return not any(map(str.isalnum, self._texts[token]))


def _begins_word(part: MarkedPart, tokenizer: Tokenizer) -> bool:
    """Whether a word begins where the part does."""
    if not part.ids:
        return False
    first = part.ids[0]
    if first < 0:
        return part.kept[0].after_blank
    return tokenizer.src_piece(first).startswith(SPACE)


def _begins_token(piece: str, before: str) -> bool:
    """Whether a piece begins a token: after a blank, or where punctuation begins or ends."""
    if not before or piece.startswith(SPACE):
        return True
    return before != SPACE and _is_word(piece) != _is_word(before)


def _is_word(piece: str) -> bool:
    return any(map(str.isalnum, piece))
