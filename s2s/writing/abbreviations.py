"""Words that are written with a full stop inside a sentence, in small letters."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEVER_END = _words(
    "mr mrs ms dr prof st mt rev hon gen col capt lt sgt maj cmdr adm gov sen rep pres messrs mme "
    "hr fr frl dipl ing sr sra srta dña ud uds sig dott avv mgr inż hab dhr mevr mw drs bzw vgl "
    "ggf evtl inkl exkl sog ca approx vs cf al viz esp incl ex г ул им тов см стр"
)
"""Titles and words that need another word after them."""
INNER = _words("e.g i.e z.b d.h u.a o.ä s.o v.a t.j m.in p.ej p.ex т.е т.к т.д")
"""Abbreviations with inner dots that stand in the middle of sentences."""
MAY_END = _words(
    "etc inc ltd co corp jr bros dept est usw etw u.s u.k a.m p.m ph.d e.v a.c d.c m.d"
)
"""Abbreviations that stand in the middle or at the end."""
BEFORE_NUMBERS = _words(
    "no nos fig figs vol vols p pp ch chap sec art para eq nr num núm pág págs cap s str č bd abs "
    "kap abb tab lk n op ed rd jan feb mar apr jun jul aug sep sept oct nov dec"
)
"""Abbreviations if a number follows them."""
UNITS = _words("km m cm mm kg g mg t l ml cl hl kw kwh mb gb kb tb khz mhz ghz hz db")
ORDINAL_LANGUAGES = _words("de nds lb da nb no nn is fo cs sk pl sl hr sr bs hu fi et lv tr az eu")
"""Languages that write ordinal numbers with a full stop."""
SYLLABIC = _words("cs sk sl hr sr bs mk")
"""Languages with words whose only vowel is r or l."""
MONTHS = _words(
    "januar jänner februar feber märz april mai juni juli august september oktober november "
    "dezember"
)
STARTERS = _words(
    "the a an he she it they we i you his her their our my this that these those there then but "
    "and or so in on at when while if after before however der die das ein eine er sie es wir ihr "
    "ich und aber doch dann danach dies diese dieser el la los las un una él ella le les il elle "
    "nous vous je et mais"
)
"""Words that often begin a sentence, and seldom a name."""
