"""Rules that find the ends of sentences in any script.

A mark such as ``.`` ends a sentence if a blank and the start of another sentence follow it, and the
word before it is no abbreviation, initial or ordinal number (``s2s.writing.full_stops``). Marks of
scripts that have no blanks, such as ``。``, need none. A line break always ends a sentence.
"""

import re

from s2s.writing.abbreviations import starters
from s2s.writing.full_stops import Context, ends_sentence
from s2s.writing.scripts import script_without_blanks

_BREAKS = "\n\r\x0b\x0c\x85\u2028\u2029"
_BLANK = r"[\s\0\u200b\ufeff]"
# The sentence terminals of Unicode: those that want a blank after them, and those that do not.
_SPACED = ".!?…؟۔։׃܀-܂߹࠷࠹࠽࠾፧፨᙮᜵᜶᠃᠉᥄᥅᪨-᪫᭚᭛᭞᭟᰻᰼᱾᱿‼‽⁇-⁉⸮꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝-꩟꫰꫱꯫﹒﹖﹗།༎"
_CLOSE = "।॥።။។៕。！？｡．︒︕︖"
_CLOSING = "\"'“”‘’«»‹›)\\]}〉》」』】〕〗〙〛）］｝｣"
_END = re.compile(
    rf"(?P<marks>[{_SPACED}{_CLOSE}]+|፡፡|[;;](?=\s))"
    rf"(?P<closing>[{_CLOSING}]*(?:\[[0-9,–-]+\])*)(?P<blanks>{_BLANK}*)|[{_BREAKS}]{_BLANK}*"
)
# Most lines: no mark before the end.
_PLAIN = re.compile(rf"[^{_SPACED}{_CLOSE}{_BREAKS}፡;;]*+[{_SPACED}{_CLOSE}]*+{_BLANK}*+")
_CLOSE_MARK = re.compile(f"[{_CLOSE}]|፡፡")
_ANY_BREAK = re.compile(f"[{_BREAKS}]")
# What still belongs to a sentence after the blank: a French closing quotation mark, a second shad,
# an emoticon, emoji.
_BELONGS = re.compile(
    r"(?:[»›](?=[\s,;:.!?)]|$)[»›)\]]*|[།༎]+|(?:[:;=8][-'^]?[()DPpOo3*|/]+|<3)(?=\s|$)"
    r"|[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+)\s*"
)
_OPENING = re.compile(r"(?:'[a-z](?=\s))?[\"'“”„‘’‚«»‹›(\[{¿¡*_\s\-—–・•「『【〈《（［]*")
_NO_START = frozenset((*",;:.!?…)]}。、，", ""))
"""What no sentence begins with."""
_ALSO_OPENING = ("“", "‘", '"', "'")
_FAR = 1000
"""Characters within which the other mark of a pair is looked for."""
_QUOTED = re.compile(r"[\"'“”’«»‹›」』]")
_ELLIPSIS = re.compile(r"[.…]*(?:…|\.\.)[.…]*")
_GLUED = re.compile(r"(?:[^\W\d_a-z][a-z]+|I)(?=[\s,'’]|[?!.](?:\s|$))")
_BEFORE_GLUED = re.compile(r"[\"'“„«(]*[^\W\d_]+(?:['’-][^\W\d_]+)*(?<=[a-zß-ÿ]{2})")
_TOKEN = 40
"""Characters before a mark in which the blank before the last word is looked for."""
_SHOUTED = re.compile(r"[!?]{2,}")
_SPEECH = re.compile(
    r"(?:[A-Z][\w'’-]*\s+){1,3}"
    r"(?:said|says|asked|asks|cried|shouted|replied|answered|whispered|yelled|exclaimed|called)\b"
)
_CJK_SPEECH = re.compile(r"と|って|という|[^。！？\s]{0,3}(?:[说說问問喊叫答]|(?<!知)道)")


def boundaries(text: str, language: str | None = None) -> list[int]:
    """Returns where the sentences of a text begin, the first one left out, in order.

    Args:
        text: Any text.
        language: Its language's code without script or region, or None.
    """
    if _PLAIN.fullmatch(text):
        return []
    found: list[int] = []
    start, length = 0, len(text)
    line = _Line(text)
    for match in _END.finditer(text):
        end: int | None = match.end()
        if end == length:
            break
        if match.end() <= start:
            continue  # inside what belongs to the sentence before
        if match["marks"] is None or _ANY_BREAK.search(text, match.end("closing"), match.end()):
            line.start = match.end()
        else:
            end = _sentence_end(match, start, line, language)
        if end == length:
            break
        if end is not None and not text[start:end].isspace():
            found.append(end)
            start = end
    return found


class _Line:
    """The line of a text that is being read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: tuple[int, bool] = (-1, False)
        self.start = 0

    @property
    def is_lower(self) -> bool:
        """Whether the line has small letters only, so that none says where a sentence begins."""
        if self._known[0] != self.start:
            rest = _ANY_BREAK.search(self._text, self.start)
            line = self._text[self.start : rest.start() if rest else None]
            self._known = (self.start, line.islower())
        return self._known[1]


def _sentence_end(
    match: re.Match[str], start: int, line: _Line, language: str | None
) -> int | None:
    """Returns where the sentence ends that a mark may end; None if it goes on."""
    text, stop, end = match.string, match.start(), match.end()
    marks, closing = match["marks"], match["closing"]
    before = text[max(start, stop - 1) : stop] or " "
    if not match["blanks"]:
        return _end_without_blank(match, start, before, language)
    if belonging := _BELONGS.match(text, end):
        end = belonging.end()
        closing += belonging[0].rstrip() if belonging[0][0] in "»›" else ""
    if _CLOSE_MARK.search(marks) or end == len(text) or text[end] in "¿¡":
        return end
    opening = _OPENING.match(text, end)
    context = Context(text, start, stop, opening.end() if opening else end, language)
    ends = (
        (marks[0] not in ";;" or _is_greek(before))
        and _may_start(context, marks, closing, line)
        and _may_end(context, marks, closing, before)
    )
    return end if ends else None


def _may_start(context: Context, marks: str, closing: str, line: _Line) -> bool:
    """Whether what follows the marks may begin a sentence."""
    character = context.text[context.after : context.after + 1]
    if character in _NO_START:
        return False
    if character == character.title():  # a capital, or a letter of a script without case
        return True
    in_small = line.is_lower and not _ELLIPSIS.fullmatch(marks)
    return not closing and (in_small or _SHOUTED.fullmatch(marks) is not None)


def _may_end(context: Context, marks: str, closing: str, before: str) -> bool:
    """Whether the marks end a sentence, if what follows may begin one."""
    language = context.language
    if closing.startswith(("]", ")")) and (before in "[(" or context.so_far.isdigit()):
        return False  # "[...]", "1.)"
    if closing and _QUOTED.search(closing):
        return language not in (None, "en") or not _SPEECH.match(context.text, context.after)
    if _ELLIPSIS.fullmatch(marks) and before.isspace():
        # An omission; in German, a noun of the same sentence may follow.
        return language != "de" or context.starts
    if marks not in (".", "۔") or closing:
        return True
    # Thai ends no sentence with a full stop, only abbreviations.
    return script_without_blanks(before) != "thai" and ends_sentence(context)


def _end_without_blank(
    match: re.Match[str], start: int, before: str, language: str | None
) -> int | None:
    """Returns where a sentence ends if no blank follows its marks."""
    text, end = match.string, match.end()
    if text[end] in "¿¡":
        return end
    if not _ends_closely(match, before, language):
        return None
    quote = match.end("closing") - 1
    if match["closing"][-1:] in _ALSO_OPENING and _opens(text, start, quote):
        return quote
    return None if match["closing"] and _CJK_SPEECH.match(text, end) else end


def _ends_closely(match: re.Match[str], before: str, language: str | None) -> bool:
    """Whether marks end a sentence with no blank after them."""
    marks, following = match["marks"], match.string[match.end()]
    if _CLOSE_MARK.search(marks):
        return not before.isdigit() or (marks[-1] not in ".．" and not following.isdigit())
    script = script_without_blanks(before)
    if script in ("thai", "lao"):
        return False
    if script_without_blanks(following):
        return bool(script) or marks[-1] in "?!…"
    return _lacks_blank(match, language)


def _lacks_blank(match: re.Match[str], language: str | None) -> bool:
    """Whether somebody forgot the blank between two sentences: ``Hello!How are you?``.

    The next word begins with a capital and goes on in small letters; after a full stop, it is one
    that begins sentences. Addresses and names of files and modules have other forms.
    """
    text, stop = match.string, match.start()
    word = _GLUED.match(text, match.end())
    token = text[max(0, stop - _TOKEN) : stop].rsplit(None, 1)[-1:]
    if word is None or not token or not _BEFORE_GLUED.fullmatch(token[0]):
        return False
    if match["marks"] != ".":
        return True
    known = word[0].lower() in starters(language)
    return known and (len(word[0]) > 2 or word[0] in ("I", "It", "He", "We", "My"))


def _opens(text: str, start: int, mark: int) -> bool:
    """Whether a quotation mark that follows the end of a sentence opens the next one."""
    return text[mark] in "“‘" or text.count(text[mark], max(start, mark - _FAR), mark) % 2 == 0


def _is_greek(character: str) -> bool:
    return "\u0370" <= character <= "\u03ff" or "\u1f00" <= character <= "\u1fff"
