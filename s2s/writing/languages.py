"""Codes of languages: ``de``, ``deu``, ``pt-BR``, ``zh-Hans``, ``es-419``, ``eng_Latn``.

The shape is that of BCP 47: a language of ISO 639, then a script (ISO 15924) and a region (ISO 3166
or UN M.49) if there are any. A code is kept as it was written. Two codes are equal if they differ
in case only, in ``-`` and ``_``, or in ``deu`` and ``de``.
"""

import re
from functools import lru_cache
from pathlib import PurePath

from s2s.compression import without_ending
from s2s.writing.abbreviations import word_set

_NAMES = (
    "aa:aar ab:abk ae:ave af:afr ak:aka am:amh an:arg ar:ara:arb as:asm av:ava ay:aym az:aze:azj "
    "ba:bak be:bel bg:bul bi:bis bm:bam bn:ben bo:bod:tib br:bre bs:bos ca:cat ce:che ch:cha "
    "co:cos cr:cre cs:ces:cze cu:chu cv:chv cy:cym:wel da:dan de:deu:ger dv:div dz:dzo ee:ewe "
    "el:ell:gre en:eng eo:epo es:spa et:est:ekk eu:eus:baq fa:fas:per:pes ff:ful:fuv fi:fin fj:fij "
    "fo:fao fr:fra:fre fy:fry ga:gle gd:gla gl:glg gn:grn gu:guj gv:glv ha:hau he:heb:iw hi:hin "
    "ho:hmo hr:hrv ht:hat hu:hun hy:hye:arm hz:her ia:ina id:ind ie:ile ig:ibo ii:iii ik:ipk "
    "io:ido is:isl:ice it:ita iu:iku ja:jpn jv:jav ka:kat:geo kg:kon ki:kik kj:kua kk:kaz kl:kal "
    "km:khm kn:kan ko:kor kr:kau ks:kas ku:kur:kmr kv:kom kw:cor ky:kir la:lat lb:ltz lg:lug "
    "li:lim ln:lin lo:lao lt:lit lu:lub lv:lav:lvs mg:mlg:plt mh:mah mi:mri:mao mk:mkd:mac ml:mal "
    "mn:mon:khk mr:mar ms:msa:may:zsm mt:mlt my:mya:bur na:nau nb:nob nd:nde ne:nep:npi ng:ndo "
    "nl:nld:dut nn:nno no:nor nr:nbl nv:nav ny:nya oc:oci oj:oji om:orm:gaz or:ori:ory os:oss "
    "pa:pan pi:pli pl:pol ps:pus:pbt pt:por qu:que rm:roh rn:run ro:ron:rum ru:rus rw:kin sa:san "
    "sc:srd sd:snd se:sme sg:sag sh:hbs si:sin sk:slk:slo sl:slv sm:smo sn:sna so:som "
    "sq:sqi:alb:als sr:srp ss:ssw st:sot su:sun sv:swe sw:swa:swh ta:tam te:tel tg:tgk th:tha "
    "ti:tir tk:tuk tl:tgl tn:tsn to:ton tr:tur ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd "
    "uz:uzb:uzn ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:yid:ydd yo:yor za:zha zh:zho:chi:cmn "
    "zu:zul"
)
"""ISO 639-1 with the codes of ISO 639-2 and 639-3 for the same language, or for its usual form."""
_SHORT = {name: names.partition(":")[0] for names in _NAMES.split() for name in names.split(":")}
_SCRIPTS = word_set(
    "adlm aghb ahom arab aran armn avst bali bamu batk beng bopo brah bugi buhd cakm cans cari "
    "cham cher copt cprt cyrl cyrs deva dsrt ethi geok geor glag gong goth gran grek gujr guru "
    "hanb hang hani hano hans hant hebr hira hrkt ital jamo java jpan kali kana khar khmr khoj "
    "knda kore kthi lana laoo latf latg latn lepc limb lina linb lisu mand mani merc mero mlym "
    "mong mroo mtei mymr newa nkoo ogam olck orkh orya osge osma phag phnx plrd rohg runr samr "
    "saur sgnw shaw shrd sidd sind sinh sora sund sylo syrc tagb takr tale talu taml tang tavt "
    "telu tfng tglg thaa thai tibt tirh ugar vaii wara xpeo xsux yiii zyyy"
)
_CODE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[-_](?P<script>[a-z]{4}))?(?:[-_](?:[a-z]{2}|\d{3}))?"
    r"(?:[-_](?:valencia|tarask|\d[a-z0-9]{3}))?",
    re.IGNORECASE,
)
_NO_LANGUAGES = word_set(
    "gz xz lc tc sp py md js db txt tsv csv xml log bin dat bak old new tmp tar zip pdf doc lst "
    "map out raw src tgt trg ref hyp sys tok bpe spm seg low cln pos lem dev val tst trn "
    "tra all sub one two npy ids idx pkl sgm rtf"
)
"""Endings of file names that are no languages, though some of them stand in ISO 639-3."""


def has_code_form(text: str) -> bool:
    """Whether a text is two or three letters, and perhaps a script, region and variant."""
    match = _CODE.fullmatch(text)
    return match is not None and (match["script"] or "latn").lower() in _SCRIPTS


def is_language_code(text: str) -> bool:
    """Whether a text is taken for a language code where nobody says that it is one.

    Any two or three letters are, except usual endings of file names such as ``csv`` and ``tok``.
    """
    return has_code_form(text) and text.lower() not in _NO_LANGUAGES


@lru_cache
def same_code(code: str) -> str:
    """Returns a code in the one spelling by which codes are compared: ``pt-br`` for ``por_BR``."""
    language, *rest = code.lower().replace("_", "-").split("-")
    return "-".join([_SHORT.get(language, language), *rest])


def primary(code: str) -> str:
    """Returns the language of a code: ``de`` for ``deu``, ``de-AT`` and ``DE_AT``."""
    return same_code(code).partition("-")[0]


def language_of(path: str) -> str | None:
    """Returns the language code that a file name ends in, as in ``train.en.gz``; None if none."""
    stem, _, ending = without_ending(PurePath(path).name).rpartition(".")
    return ending if stem and is_language_code(ending) else None
