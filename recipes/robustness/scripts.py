"""Made-up target lines in scripts with hard characters, and whether a vocabulary returns them."""

import random
import tempfile
import unicodedata
from pathlib import Path
from typing import Final

from s2s.config import UNK_ID, TokenizerConfig
from s2s.text import read_pairs
from s2s.tokenizer.learn import train_tokenizer

ZWNJ: Final = "\u200c"
ZWJ: Final = "\u200d"
ZWSP: Final = "\u200b"
LINES: Final = 400
VOCAB_SIZE: Final = 500

WORDS: Final = {
    # Non-joiner, hamza above, digits of its own, guillemets.
    "Persian": (
        " ",
        f"برادرم می{ZWNJ}رود خانه{ZWNJ}ها کتاب{ZWNJ}هایم نمی{ZWNJ}دانم خانهٔ شهرِ بزرگ دیروز فردا "
        f"۱۲۳ ۴۵٫۶ بچه{ZWNJ}ها سبز گفته{ZWNJ}اند نامهٔ آن{ZWNJ}جا",
        "{}. {}؟ {}، {}! «{}»؛ {}: {}…",
    ),
    # Zero-width spaces between words, subscripts, marks of its own.
    "Khmer": (
        ZWSP,
        "ប្អូនស្រី ធ្វើការ ទីក្រុង ផ្ទះ កាលពីម្សិលមិញ សៀវភៅ ស្អាត ខ្ញុំ ស្រឡាញ់ ក្មេងៗ ១២៣ ៤៥ សាលារៀន ធំ",
        "{}។ {}? {}៖ {}! «{}» {}ៗ {}៕",
    ),
    # Full-width marks, brackets and quotation marks, digits of full width.
    "Chinese": (
        "",
        "昨天 弟弟 学校 老师 喜欢 看书 城市 漂亮 朋友 一起 吃饭 火车站 １２３ "
        "２０２５年 第４课 天气 很冷",
        "{}。 {}？ {}，{}！ “{}”； {}：{} 《{}》 （{}） {}……",
    ),
    # Sara am, repetition mark, abbreviation mark, digits of its own, zero-width space.
    "Thai": (
        "",
        f"น้ำ ทำงาน คำถาม จำได้ เมื่อวาน เด็กๆ กรุงเทพฯ สำคัญ กำลัง น้องชาย บ้าน ๑๒๓ ๔๕ ดำ{ZWSP}น้ำ อ่าน หนังสือ",
        "{} {}? {}ๆ {}! “{}” {}ฯลฯ",
    ),
    # Points, maqaf, geresh, gershayim.
    "Hebrew": (
        " ",
        "אתמול שָׁלוֹם יְלָדִים תֵּל־אָבִיב צה״ל ג׳ורג׳ בית־ספר הַבַּיִת ספרים אחי גדולה חָבֵר רח׳ ד״ר לֹא 45",
        "{}. {}? {}, {}! „{}” {}: {}…",
    ),
    # Nukta, joiner and non-joiner within clusters, danda, digits of its own.
    "Hindi": (
        " ",
        f"कल लड़का पढ़ाई ज़रूर फ़िल्म क्{ZWJ}षमा राज्{ZWNJ}य माँ हूँ क़लम शहर १२३ ४५ श्{ZWJ}री दुःख ख़बर किताबें",
        "{}। {}? {}, {}! “{}” {}: {}॥ {}…",
    ),
    # Marks between words and sentences, digits of its own.
    "Amharic": (
        " ",
        "ትናንት ወንድሜ ትምህርት ቤት፡ሄደ ልጆች መጽሐፍ ቆንጆ ከተማ ፲፪ ፻፵፭ ጓደኛዬ ውሃ ኢትዮጵያ ሰላም ዛሬ",
        "{}። {}? {}፣ {}! «{}»፤ {}፥ {}፧ {}፦",
    ),
    # Non-joiner within clusters, signs of two parts, digits of its own.
    "Telugu": (
        " ",
        f"నిన్న తమ్ముడు సాఫ్ట్{ZWNJ}వేర్ బస్{ZWNJ}లో పాఠశాల పుస్తకాలు మైదానం కైలాసం ౧౨౩ ౪౫ దుఃఖం స్నేహితుడు పెద్ద రైలు",
        "{}. {}? {}, {}! “{}” {}: {}…",
    ),
    # Beyond the targets: the same kinds of characters in other languages.
    "Lao": (
        "",
        f"ນ້ຳ ເຮັດວຽກ ຄຳຖາມ ເດັກໆ ໑໒໓ ສຳຄັນ{ZWSP}ຫຼາຍ ບ້ານ ອ່ານ ປຶ້ມ ໝູ່ ກຳລັງ ມື້ວານ",
        "{} {}? {}ໆ {}! “{}” {}ຯ",
    ),
    "Japanese": (
        "",
        "昨日 弟 学校 パーティー コンピュータ １２３ ＡＢＣ 私たち がっこう "
        "〜 ・ 二〇二五年 美しい",
        "{}。 {}？ {}、{}！ 「{}」 『{}』 （{}） {}…",
    ),
    "Sinhala": (
        " ",
        f"ශ්{ZWJ}රී ඊයේ මල්ලි පාසල ක්{ZWJ}රීඩා පොත් ප්{ZWJ}රශ්නය නගරය ලස්සන මිතුරා වතුර",
        "{}. {}? {}, {}! “{}” {}: {}…",
    ),
    "Spanish": (
        " ",
        "el 1.º la 2.ª pingüino niño ½ m² ¼ № 45 € corazón años 10 ºC mañana n.º ayer …",
        "¿{}? ¡{}! «{}» — {}. {}… {}; {}",
    ),
}
"""Language: what joins words, words, and forms of a line."""
EXTRA: Final = frozenset({"Lao", "Japanese", "Sinhala", "Spanish"})

_ENGLISH: Final = (
    "yesterday my brother the school a book we have seen they want water she works in the city "
    "children green house good friends today 1 2 3 4 5"
)


def made_up_lines(language: str, count: int = LINES, seed: int = 1) -> list[str]:
    """Returns lines in Unicode's form NFC; the same for the same seed."""
    join, words, forms = WORDS[language]
    rng = random.Random(seed)  # noqa: S311
    lines = []
    for _ in range(count):
        form = rng.choice(forms.split(" "))
        parts = [
            join.join(rng.choices(words.split(" "), k=rng.randint(2, 5)))
            for _ in range(form.count("{}"))
        ]
        lines.append(unicodedata.normalize("NFC", form.format(*parts)))
    return lines


def english_lines(count: int, seed: int = 1) -> list[str]:
    """Returns made-up lines of English words, in no order that makes sense."""
    rng = random.Random(seed)  # noqa: S311
    return [
        " ".join(rng.choices(_ENGLISH.split(" "), k=rng.randint(3, 9))) + "." for _ in range(count)
    ]


def come_back(language: str) -> tuple[int, int]:
    """Returns how many lines a vocabulary learned from them writes as they were, and their number.

    The text goes through files, as that of a training does.
    """
    lines = made_up_lines(language)
    read = _read(english_lines(len(lines)), lines)
    config = TokenizerConfig(vocab_size=VOCAB_SIZE)
    tokenizer = train_tokenizer([src for src, _ in read], [tgt for _, tgt in read], config, seed=1)
    written = tokenizer.decode(tokenizer.encode_tgt([tgt for _, tgt in read]))
    return sum(one == other for one, other in zip(lines, written, strict=True)), len(lines)


def small_beside_large(language: str, small: int = 60, large: int = 12_000) -> tuple[int, int]:
    """Returns how many targets of a small language hold an unknown piece beside a large one."""
    few = made_up_lines(language, small)
    english = english_lines(large + small)
    read = _read(english, [*english_lines(large, seed=2), *few])
    tokenizer = train_tokenizer(
        [src for src, _ in read], [tgt for _, tgt in read], TokenizerConfig(vocab_size=4000), seed=1
    )
    unknown = sum(UNK_ID in ids for ids in tokenizer.encode_tgt([tgt for _, tgt in read[large:]]))
    return unknown, small


def _read(src: list[str], tgt: list[str]) -> list[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as name:
        paths = Path(name, "src"), Path(name, "tgt")
        for path, lines in zip(paths, (src, tgt), strict=True):
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return list(read_pairs(*paths))
