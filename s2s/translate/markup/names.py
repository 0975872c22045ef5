"""What the names of HTML's elements say about translating."""


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


VOID = _set("area base br col embed frame hr img input link meta param source track wbr")
"""Elements without content."""
RAW = ("script", "style", "xmp", "iframe", "noembed", "noframes", "textarea", "title")
"""Elements whose content has no tags."""
BLOCKS = _set(
    "address article aside audio base blockquote body br button canvas caption center col colgroup "
    "datalist dd details dialog dir div dl dt fieldset figcaption figure footer form frame "
    "frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe legend li link listing main map "
    "menu meta nav noframes noscript ol optgroup option p plaintext pre search section select "
    "summary table tbody td template tfoot th thead title tr ul video xmp"
)
"""Elements that part the text: no sentence goes on over their tags."""
UNTOUCHED = _set(
    "code embed iframe kbd listing math noembed noframes object pre rp rt samp script style svg "
    "template textarea var xmp"
)
"""Elements whose content is not translated, unless they say ``translate="yes"``."""
NEVER = _set("script style iframe noembed noframes textarea xmp")
"""Elements whose content is not translated, whatever they say."""
UNSEEN = _set("embed iframe noembed noframes object rp rt script style svg template textarea")
"""Untouched elements that are no words of the sentence that they stand in."""
SEEN = _set("embed iframe img input meter object picture progress svg textarea")
"""Elements that show something, though they are no words."""
INLINE = _set(
    "a abbr acronym applet area b bdi bdo big cite data del dfn em font i img input ins label mark "
    "meter nobr output param picture progress q rb rtc ruby s slot small source span strike strong "
    "sub sup time track tt u wbr"
)
"""Other elements of HTML, which stand within sentences."""
KNOWN = VOID | BLOCKS | UNTOUCHED | INLINE

_IN_ROWS = _set("td th p li")
_ROWS = _IN_ROWS | _set("tr tbody thead caption colgroup")
ENDS: dict[str, frozenset[str]] = {
    "li": _set("li p"),
    "dt": _set("dt dd p"),
    "dd": _set("dt dd p"),
    "td": _IN_ROWS,
    "th": _IN_ROWS,
    "tr": _IN_ROWS | _set("tr caption colgroup"),
    "tbody": _ROWS,
    "tfoot": _ROWS,
    "option": _set("option"),
    "optgroup": _set("option optgroup"),
    "rt": _set("rt rp rb"),
    "rp": _set("rt rp rb"),
}
"""The elements that a start tag ends, if they are the innermost ones: their end tags may be left
out."""
ENDS_PARAGRAPH = _set(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr listing main menu nav ol p plaintext pre "
    "search section table ul xmp"
)
"""The elements that end a paragraph."""
