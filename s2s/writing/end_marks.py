"""The mark at the end of a sentence: found and taken away, in any script."""

import re
import unicodedata

END_MARKS = frozenset(
    "!.?…։؝؞؟۔܀܁܂߹࠷࠹࠽࠾।॥။።፧፨᙮᜵᜶᠃᠉᥄᥅᪨᪩᪪᪫᭚᭛᭞᭟᭽᭾᰻᰼᱾᱿‼‽⁇⁈⁉⸮⸼⹓⹔。꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯"
    "꧈꧉꩝꩞꩟꫰꫱꯫﹒﹖﹗！．？｡𐩖𐩗𐽕𐽖𐽗𐽘𐽙𐾆𐾇𐾈𐾉𑁇𑁈𑂾𑂿𑃀𑃁𑅁𑅂𑅃𑇅𑇆𑇍𑇞𑇟𑈸𑈹𑈻𑈼𑊩𑑋𑑌𑗂𑗃𑗉𑙁𑙂𑜼𑜽𑜾"
    "𑥄𑥆𑩂𑩃𑪛𑪜𑱁𑱂𑻷𑻸𖩮𖩯𖫵𖬷𖬸𖭄𖺘𛲟"
    "།༎༏༐༑༔"  # Tibetan
    "។៕៚"  # Khmer
)
"""Characters that end a sentence, of all scripts: Unicode's Sentence_Terminal without the Burmese
comma, and the ellipsis and the marks of Tibetan and Khmer, which it lacks."""
_TYPED = {";": ("GREEK",), ":": ("ARMENIAN",), "|": ("DEVANAGARI", "BENGALI", "GURMUKHI", "ORIYA")}
"""Keys that end a sentence after a letter of these scripts. (The Greek question mark is ``;`` in
Unicode form NFC.)"""
_ETHIOPIC_BLANK = "፡"
"""The mark between Ethiopic words. Two of them are a full stop."""
_CLOSERS = frozenset("\"'”’“‘»«›‹)]}）］｝」』｣】》〉〕〗〙〛＂＇｠")
"""Quotation marks and brackets after an end mark. Some languages close with what others open."""
_OPENERS = {"?": "¿", "!": "¡"}


def end_mark(text: str) -> str:
    """Returns the end mark of a sentence, with the quotation marks and brackets after it.

    Several marks are returned together (``?!``). The result is empty if the sentence has no mark.
    """
    return text[_start(text) :].rstrip()


def without_end_mark(text: str) -> str:
    """Returns a sentence as people type it who leave out its end mark.

    Quotation marks and brackets after the mark stay; a blank before the mark goes, as does a ``¿``
    or ``¡`` that nothing closes any more, even if the mark was another: ``¿Dónde está.`` A text
    of nothing but marks stays as it is.
    """
    start = _start(text)
    marks = text[start:]
    head = text[:start].rstrip()
    if not any(character.isalnum() for character in head):
        return text
    for mark, opener in _OPENERS.items():
        place = head.rfind(opener)
        if place >= 0 and mark not in head[place:]:
            head = head[:place] + head[place + 1 :].lstrip()
    closers = "".join(" " if c.isspace() else c for c in marks if c in _CLOSERS or c.isspace())
    return head + re.sub(" +", " ", closers).rstrip()


def _start(text: str) -> int:
    """Returns where the end mark begins; the length of the text if there is none."""
    start = place = len(text)
    while place and not (character := text[place - 1]).isalnum():
        place -= 1
        if _is_mark(text, place):
            start = place
        elif character not in _CLOSERS and not character.isspace():
            break
    return start


def _is_mark(text: str, place: int) -> bool:
    """Whether the character at ``place`` ends a sentence."""
    character = text[place]
    if character == _ETHIOPIC_BLANK:
        return 2 * _ETHIOPIC_BLANK in text[max(0, place - 1) : place + 2]
    if character not in _TYPED:
        return character in END_MARKS
    before = text[:place].rstrip("".join(_TYPED) + " ")[-1:]
    return unicodedata.name(before, "").startswith(_TYPED[character]) if before else False
