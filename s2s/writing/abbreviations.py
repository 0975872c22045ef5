"""Words that are written with a full stop, by language, in small letters and without that stop.

Lists are short: ``s2s.writing.full_stops`` knows single letters, letters with stops between them
and short words without a vowel by their form. A word stands here if it has another form, or behaves
otherwise than its form says.
"""

from functools import cache
from typing import NamedTuple


def word_set(text: str) -> frozenset[str]:
    """Returns the words of a text."""
    return frozenset(text.split())


class Abbreviations(NamedTuple):
    """What a language writes with a full stop."""

    within: frozenset[str] = frozenset()
    """Never at the end of a sentence: titles, ``approx.``."""
    numbers: frozenset[str] = frozenset()
    """Within a sentence if a number follows: ``No. 5``. Elsewhere they may be ordinary words."""
    either: frozenset[str] = frozenset()
    """At the end if a word follows that begins sentences: ``the U.S. He left``."""
    words: frozenset[str] = frozenset()
    """No abbreviations, whatever their form, or so often at the end that the next word decides."""


_ANY = {
    "within": "mr mrs ms mme mlle dr prof st mt sr sra srta messrs approx vs cf ca ing dipl dra "
    "sta sto profa e.g i.e",
    "numbers": "no nr nos fig figs p pp vol vols art sec cap ch tab abb op ed tel num n° № nº",
    "either": "jr ltd inc corp co bros e.v u.s u.k a.d b.c ph.d m.d s.a",
    "words": "tv pc cd dvd km cm mm kg mg ml cl dl hl kw hz etc hm hmm mhm shh psst pst brr pff "
    "tsk grr zzz pfft nth",
}
"""For every language."""

_WITHIN = {
    "en": "rev hon gen col capt cpt cmdr lt sgt cpl maj adm gov sen rep pres supt esq viz esp incl "
    "mount ft fr asst assoc",
    "de": "mult habil kath evang röm jüd fa abschn anm aufl mio mrd tsd hr fr frl bzw vgl ggf evtl "
    "inkl exkl sog z.b d.h u.a s.o s.u v.a i.d.r z.t z.zt o.g med jur phil rer nat bspw zzgl gem "
    "geb gest lt mag priv-doz dipl-ing insb bes chr",
    "es": "cd dña ud uds vd vds av avda aprox p.ej pej fco excmo excma ilmo gral cnel gobdo prov "
    "depto pza mtro lic arq",
    "fr": "bd mm mmes mlle mlles mgr me pr env p.ex av apr bd ex resp boul av.j ap",
    "it": "sig sigg sig.ra dott dott.ssa avv arch geom rag on prof.ssa pag pagg gen spett egr gent "
    "dir amm c.so v.le p.zza ca es p.es",
    "pt": "exa exmo exma av aprox eng enga profa dra drs sras p.ex por.ex ex pça",
    "nl": "dhr mevr mw drs mr ir ds o.a bijv bv d.w.z d.w.s z.g zgn incl excl resp m.b.t i.v.m "
    "t.a.v c.q jhr ca",
    "pl": "np tj ul al os pl im ok dr hab inż mgr doc ks św gen płk kpt por red zob m.in tzn tzw "
    "tel rys ww jw poł",
    "cs": "např tj tzv ul nám mudr judr phdr rndr ing bc mgr doc pí sv gen viz popř resp vč cca",
    "sk": "napr tj tzv ul nám mudr judr phdr rndr ing bc mgr doc sv gen resp vrát",
    "sl": "npr tj ul ga dr mag t.i oz sv",
    "hr": "npr tj ul gđa gđica dr mag tzv sv odn",
    "sr": "нпр тј ул тзв др проф св npr tj ul tzv",
    "ru": "ул пр просп пл пер наб им тов гр см рис напр т.е т.к т.н проф акад доц инж стр табл св "
    "обл оз кв корп ок",
    "uk": "вул просп пл пров ім див рис напр т.з проф акад доц св обл буд кв корп ",
    "bg": "ул бул пл проф акад доц инж напр т.е св гр вж стр",
    "tr": "dr prof doç yrd av sn bkz alb gn örn mah cad sok apt",
    "az": "dr prof bax küç",
    "fi": "esim ks ts vrt mm ns prof toht kirj ent ko ym.s",
    "et": "nt vt st dr prof tn pr hr",
    "lv": "piem sk t.i dr prof plkst",
    "lt": "pvz žr t.y dr prof vad pl",
    "hu": "pl ill dr prof id ifj özv kb ún szt gr tel vö ui",
    "sv": "t.ex dvs bl.a s.k d.v.s t.o.m fr.o.m f.d ca jfr resp dr kl nr",
    "da": "f.eks dvs bl.a d.v.s s.k ca jf hr fr kl ifm pga mht",
    "nb": "f.eks dvs bl.a d.v.s s.k ca jf hr fr kl pga mht",
    "ro": "dl dna d-na d-l dra d-ra dl-ul str bd sf ex p.ex cca pag prof nr șos bl et ap",
    "ca": "sr sra av avda pl aprox p.ex dr dra",
    "el": "κκ κα δρ δις βλ π.χ δηλ σελ καθ αγ αρ λεωφ τηλ οδ",
    "hi": "डॉ पं प्रो श्री मो कु सु स्व",
    "mr": "डॉ पं प्रा श्री सौ कै",
    "bn": "ডা মো প্রফেসর অধ্যা",
    "ar": "",
    "he": "גב עמ רח שד",
    "vi": "ts ths tp gs pgs bs tx kts",
    "id": "jl dr drs dra ir bpk sdr tn ny no kh hj ust",
    "sw": "bw bi prof mhe",
    "ga": "tuas",
    "gu": "ડૉ ડો શ્રી પ્રો",
    "pa": "ਡਾ ਸ੍ਰੀ ਪ੍ਰੋ",
    "ta": "திரு திருமதி டாக்டர் செல்வி",
    "te": "డా శ్రీ డాక్టర్ ప్రొ",
    "kn": "ಡಾ ಶ್ರೀ ಪ್ರೊ",
    "ml": "ഡോ ശ്രീ പ്രൊഫ",
    "ne": "डा श्री प्रा",
    "ms": "pn dr prof jln",
    "sq": "p.sh znj dr",
    "mk": "д-р проф ул нпр",
    "be": "вул праф акад напр г.зн",
    "is": "t.d þ.e m.a o.s.frv hr fr",
    "af": "mnr mev dr prof bv d.w.s",
    "gl": "sr sra av p.ex",
    "eu": "adib jn",
}
_NUMBERS = {
    "en": "para paras eq eqs ext chap est jan feb mar apr jun jul aug sep sept oct nov dec lot apt",
    "de": "s bd bde abs kap str hptstr nrn art ziff rn jg bl aufl jan feb febr apr jun jul aug "
    "sept okt nov dez",
    "es": "pág págs núm núms n.º ene feb mar abr jun jul ago sept oct nov dic",
    "fr": "chap par n° réf janv févr avr juil sept oct nov déc",
    "it": "nn pag artt gen feb mar apr mag giu lug ago set sett ott nov dic lun mer gio ven sab "
    "dom",
    "pt": "pág págs núm n.º jan fev mar abr jun jul ago set out nov dez",
    "nl": "blz nr nrs jan feb mrt apr jun jul aug sept okt nov dec",
    "pl": "str rys poz ust par godz rozdz",
    "cs": "str obr č čl odst kap hod",
    "sk": "str obr č čl ods kap hod",
    "ru": "стр рис гл ст п п.п табл д кв №",
    "uk": "стор рис гл ст п табл",
    "tr": "s md böl şek",
    "fi": "s nro kuv",
    "hu": "o old sz",
    "sv": "s kap sid",
    "da": "s kap",
    "nb": "s kap",
    "ro": "pag cap art nr",
    "el": "σελ αρ κεφ εικ",
    "ar": "ص",
    "id": "hlm hal",
}
_EITHER = {
    "en": "dept univ tues thurs ave blvd rd st sr dist ctr",
    "es": "ee.uu ee.u s.l c.v",
    "fr": "s.a.r.l j.-c",
    "it": "s.p.a s.r.l",
    "pt": "ltda s.a",
    "de": "gmbh n.chr v.chr",
    "nl": "b.v n.v",
}
_WORDS = {
    "de": "usw etw o.ä u.ä s.g",
    "fr": "tgv sncf",
    "it": "ecc a.c d.c",
    "es": "a.c d.c izq dcha",
    "pt": "a.c d.c",
    "nl": "enz e.d",
    "pl": "itd itp zł",
    "cs": "atd apod kč",
    "sk": "atď apod",
    "ru": "т.д т.п др пр тыс млн руб коп",
    "uk": "т.д т.п ін тис млн грн",
    "bg": "т.н др лв",
    "tr": "vb vs",
    "fi": "jne ym",
    "hu": "stb ft",
    "sv": "osv m.m mm",
    "da": "osv m.m m.v mv",
    "nb": "osv m.m m.v",
    "ro": "etc ș.a",
    "el": "κ.λπ κτλ κ.ά κλπ",
    "id": "dll dsb",
    "hr": "itd st",
    "sr": "итд itd",
    "sl": "itd ipd",
}
_NOT_ELSEWHERE = word_set(
    "hon sen est col gen rep pres ok bi on me pr ex es os al im red por av mm ir id ko ns pl ts bs "
    "an fr mount nat med jur mag ent ui ym вж vs tr jn pn"
)
"""Abbreviations that are words of other languages, at the end of sentences too."""

# Function words that begin sentences, and are seldom a name or part of one.
_STARTERS = {
    "en": "the a an he she it they we i you his her their our my its this that these those there "
    "then but and or so in on at when while if after before however what who where why how no yes "
    "not everyone nobody somebody someone anyone nothing everything all some many most each both "
    "now today later once people as for with from by to is are was were do did does can will would "
    "let please i'm it's he's she's they're we're don't because although since another one two "
    "three",
    "de": "der die das ein eine er sie es wir ihr ich du und aber doch dann danach dies diese "
    "dieser im am in auf an als wenn was wer wo warum wie nicht jetzt heute dort hier da so man "
    "mein sein auch nach vor bei mit für sein ihre unser alle viele später deshalb dabei beide "
    "vielleicht bitte",
    "es": "el la los las un una él ella ellos yo tú nosotros su mi este esta eso y pero luego "
    "después entonces en no sí cuando si qué quién dónde como para por con más también así allí "
    "nadie todos fue es hay",
    "fr": "le la les un une il elle ils elles nous vous je tu on ce cette ces mais et puis ensuite "
    "alors après dans en quand si que qui où pourquoi comment c'est son sa ses mon aussi ne pas "
    "pour avec tout tous aujourd'hui",
    "it": "il lo la i gli le un una egli lei lui loro noi voi io tu ma e poi dopo allora in non sì "
    "quando se che chi dove come perché questo questa è c'è anche per con tutti suo sua",
    "pt": "o a os as um uma ele ela eles nós eu você mas e depois então em no na não sim quando se "
    "que quem onde como este esta isso é há também para com seu sua todos",
    "nl": "de het een hij zij ze wij we ik jij je maar en toen dan daarna in op als wat wie waar "
    "waarom hoe niet dit dat deze die er ook zijn haar mijn nu",
    "pl": "on ona ono oni my ja ty to ten ta te i a ale potem w na z po do nie tak gdy kiedy jeśli "
    "co kto gdzie jak czy jest był była dziś tam tutaj jego jej teraz",
    "cs": "on ona ono oni my já ty to ten ta a ale potom pak v na z po do ne ano když jestli co "
    "kdo kde jak je byl byla dnes tam tady jeho její teď",
    "sk": "on ona oni my ja ty to ten ta a ale potom v na z po do nie áno keď ak čo kto kde ako je "
    "bol bola dnes tam jeho jej",
    "ru": "он она оно они мы я ты вы это этот эта и а но потом затем в на с по до не да нет когда "
    "если что кто где как там тут его её их все теперь сегодня у к так",
    "uk": "він вона воно вони ми я ти ви це цей ця і й а але потім в у на з по до не так ні коли "
    "якщо що хто де як там його її їх все",
    "bg": "той тя то те ние аз ти вие това този и а но после в на с по до не да когато ако какво",
    "sr": "он она они ми ја ти то и а али онда у на не кад ako",
    "hr": "on ona oni mi ja ti to i a ali onda zatim u na s po ne da kad ako što tko gdje kako je",
    "sl": "on ona oni mi jaz ti to in a ampak potem v na z po ne da ko če kaj kdo kje kako je",
    "tr": "o bu şu biz ben siz sen onlar ve ama sonra bir ne kim nerede neden nasıl evet hayır "
    "şimdi",
    "fi": "hän se he me minä sinä te tämä ja mutta sitten kun jos mitä kuka missä miksi ei siellä "
    "on",
    "hu": "ő ők mi én te az a ez és de aztán majd egy nem igen ha amikor mi ki hol miért itt ott",
    "sv": "han hon det den de vi jag du ni och men sedan sen i på en ett när om vad vem var inte "
    "nu",
    "da": "han hun det den de vi jeg du i og men så i på en et når hvis hvad hvem hvor ikke nu der",
    "nb": "han hun det den de vi jeg du dere og men så i på en et når hvis hva hvem hvor ikke nå "
    "der",
    "ro": "el ea ei noi eu tu și dar apoi în pe un o nu da când dacă ce cine unde este acolo totul",
    "ca": "el la els les un una ell ella nosaltres jo i però després en no sí quan si què qui on",
    "el": "ο η το οι τα ένας μια αυτός αυτή και αλλά μετά στο στη σε δεν ναι όχι όταν αν τι ποιος "
    "πού είναι ήταν εκεί εδώ",
    "et": "ta see nad me ma sa ja aga siis kui mis kes kus ei",
    "lv": "viņš viņa tas tā mēs es tu un bet tad kad ja kas kur nē",
    "lt": "jis ji tai mes aš tu ir bet tada kai jei kas kur ne",
    "id": "dia ia mereka kami kita saya anda ini itu dan tetapi lalu kemudian di ke tidak ya",
    "vi": "anh chị em ông bà tôi nó họ và nhưng rồi sau khi nếu không có đây đó",
    "sw": "yeye wao sisi mimi wewe na lakini kisha ni",
}


_SAME = {"no": "nb", "nn": "nb", "bs": "hr", "sh": "hr", "tl": "fil", "lb": "de", "nds": "de"}
"""Languages that share the words of another one."""


@cache
def abbreviations(language: str | None) -> Abbreviations:
    """Returns the abbreviations of a language, or of all languages if it is None or unknown."""
    language = _SAME.get(language or "", language or "")
    tables = (_WITHIN, _NUMBERS, _EITHER, _WORDS)
    own = [set(table.get(language, "").split()) for table in tables]
    if not any(own):
        own = [set(" ".join(table.values()).split()) - _NOT_ELSEWHERE for table in tables]
        own[0] -= own[2] | own[3]
    shared = [set(_ANY[kind].split()) - set().union(*own) for kind in _ANY]
    return Abbreviations(*(frozenset(a | b) for a, b in zip(own, shared, strict=True)))


@cache
def starters(language: str | None) -> frozenset[str]:
    """Returns words that begin sentences in a language, or in any if it is None or unknown."""
    words = _STARTERS.get(_SAME.get(language or "", language or ""))
    return word_set(" ".join(_STARTERS.values()) if words is None else words)
