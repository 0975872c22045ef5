"""The pieces of a vocabulary that text of a language needs."""

from collections.abc import Sequence

import sentencepiece

from s2s.config import EOS_ID
from s2s.tokenizer.alphabet import ASCII
from s2s.tokenizer.merges import script_of, steps_to
from s2s.tokenizer.pieces import BYTE, algorithm_of, read_pieces

CHUNK = 10_000
"""Sentences given to SentencePiece at once: ids take more memory than text."""
_NO_SCRIPT = ("common", "")  # digits and punctuation; combining marks


def pieces_of(model: bytes, texts: Sequence[str]) -> set[int]:
    """Returns the ids of the pieces that are needed to cut ``texts`` as ``model`` does.

    Among them are all characters of the texts' scripts, of ASCII, and without a script, so that
    words of other texts can be cut, too; and the bytes that write characters without a piece. If
    the texts have no piece at all, the set is empty.
    """
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    seen: set[int] = set()
    for start in range(0, len(texts), CHUNK):
        cuts = processor.encode(list(texts[start : start + CHUNK]), num_threads=-1)
        seen.update(*cuts)
    seen -= {*range(EOS_ID + 1)}
    if not seen:
        return seen
    pieces, algorithm = read_pieces(model), algorithm_of(model)
    scripts = {script_of(character) for number in seen for character in pieces[number].text}
    scripts |= {*_NO_SCRIPT}
    needed = seen | {
        number
        for number, piece in enumerate(pieces)
        if piece.kind == BYTE or (len(piece.text) == 1 and script_of(piece.text) in scripts)
    }
    if algorithm in ("bpe", "unigram"):
        needed |= {number for number, piece in enumerate(pieces) if piece.text in {*ASCII}}
    if algorithm == "bpe":  # the pieces that are merged on the way to another
        numbers = {piece.text: number for number, piece in enumerate(pieces)}
        scores = {piece.text: piece.score for piece in pieces}
        for number in seen:
            needed.update(numbers[step] for step in steps_to(pieces[number].text, scores))
    return needed
