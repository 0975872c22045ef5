"""Rules for characters: what the source reads, and that the target stays as it is written."""

import re
import unicodedata

import pytest

from s2s.config import UNK_ID, TokenizerConfig
from s2s.corpus.chunks import encode_pairs
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.extend import extend_tokenizer, with_keep
from s2s.tokenizer.keep import STAND_IN
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.pieces import normalization_of, read_pieces
from s2s.tokenizer.rules import IGNORABLE, load_rules, make_rules
from s2s.tokenizer.target_share import is_as_written, target_share

EN = ["I want to go home.", "Where is my book?", "I do not know, maybe 3 or 4."] * 20
LINES = {
    "Persian": ["می\u200cخواهم به خانه\u200cام بروم.", "کتاب\u200cهای من کجاست؟ ۱۹۹۴"],
    "Khmer": ["ខ្ញុំ\u200bចង់\u200bទៅ\u200bផ្ទះ។", "តើ\u200bអ្នក\u200bសុខសប្បាយ\u200bទេ? ១៩៩៤"],
    "Chinese": ["你好，我想要米饭！", "这是１９９４年的《书》：“好”（不）？"],
    "Thai": ["ฉันทำงานที่บ้าน", "น้ำดื่มสะอาด ๒๕๖๐"],
    "Hebrew": ["שָׁלוֹם עֲלֵיכֶם", "בית־ספר \u200fא"],
    "Hindi": ["मैं घर जाना चाहता हूँ।", "क़लम कहाँ है? ज़्यादा १९९४"],
    "Amharic": ["ሰላም፣ እንዴት ነህ?", "ቤቴ ትልቅ ነው። ፲፱፻"],
    "Telugu": ["నేను ఇంటికి వెళ్ళాలి", "క్\u200cష మీరు"],
    "Spanish": ["1.º de mayo: m² y ½…", "Nº №7 ª “ﬁn” Ａ ™ hos\u00adpital"],
}


def fold(text):
    """Applies the rules and writes blanks as blanks."""
    return load_rules(make_rules("folded")).Normalize(text).replace("▁", " ").removeprefix(" ")


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize("algorithm", ["bpe", "unigram", "char"])
@pytest.mark.parametrize("language", LINES)
def test_targets_come_back_as_they_are_written(language, algorithm, joint):
    lines = [clean(line) for line in LINES[language] * 20]
    config = TokenizerConfig(vocab_size=400, algorithm=algorithm, joint=joint)
    learned = train_tokenizer([*EN, *lines], lines, config, 1)
    loaded = Tokenizer(learned.src_model, learned.tgt_model)
    for tokenizer in (learned, loaded, extend_tokenizer(loaded, EN, lines, config, 0, 1)):
        assert tokenizer.decode(tokenizer.encode_tgt(lines)) == lines
        marked = tokenizer.encode_tgt_marked(lines)
        assert tokenizer.decode([tokenizer.read_tgt_marks(ids) for ids in marked]) == lines


def test_the_source_reads_one_symbol_for_many():
    config = TokenizerConfig(vocab_size=300)
    tokenizer = train_tokenizer(EN, EN, config, 1)
    for odd, plain in (
        ("I ｗａｎｔ to go\u3000home．", "I want to go home."),
        ("I w\u00adant to\u200b g\u200do\ufe0f home", "I want to g\u200do home"),
    ):
        assert tokenizer.encode_src([odd]) == tokenizer.encode_src([plain])
        marked = [f"{text} {STAND_IN}" for text in (odd, plain)]
        assert tokenizer.encode_marked(marked[:1]) == tokenizer.encode_marked(marked[1:])
        assert tokenizer.encode_tgt([odd]) != tokenizer.encode_tgt([plain])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＡＢＣ，！", "ABC,!"),
        ("ﬁ … № Ⅳ ① ㎏", "fi ... No IV 1 kg"),
        ("ﾊﾞｶﾞ ハﾞ", "バガ バ"),
        ("a\u0302\u0301 \u00e2\u0301 \u1112\u1161\u11ab", "ấ ấ 한"),
        ("hos\u00adpital \u202eabc\u202c\u200f \ufeff", "hospital abc"),
        ("ខ្ញុំ\u200bទៅ", "ខ្ញុំទៅ"),
        ("می\u200cخواهم क्\u200dष", "می\u200cخواهم क्\u200dष"),  # spelling
        ("a\tb\nc\x01d\u2028e\u00a0f", "a b cd e f"),
        ("10² 1½ 1.º H₂O l´eau ¨", "10² 1½ 1.º H₂O l´eau ¨"),  # not 102, 11/2, a blank and a mark
        ("❤\ufe0f 👨\u200d👩", "❤ 👨\u200d👩"),
        ("ทำ", "ท\u0e4d\u0e32"),
    ],
)
def test_folding_by_example(text, expected):
    assert fold(text) == expected


@pytest.mark.parametrize("stride", [41, pytest.param(1, marks=pytest.mark.slow)])
def test_folding_is_nfkc_but_for_what_it_keeps_and_takes_away(stride):
    """Up to the letters of Chinese, Japanese and Korean, all characters are tried."""
    characters = [*range(0x20, 0x3400), *range(0x3400, 0xD800, stride)]
    characters += range(0xE000, 0x20000, stride)
    ignorable = re.compile(f"[{IGNORABLE}\x7f-\x84\x86-\x9f]")
    kept = []
    for character in map(chr, characters):
        if character in "\u2581\ufdd0":  # signs of pieces, see test_typed_signs.py
            continue
        text = f"a{character}b"
        plain = unicodedata.normalize("NFKC", ignorable.sub("", text))
        for form in ("NFC", "NFD"):
            folded = fold(unicodedata.normalize(form, text))
            assert unicodedata.normalize("NFKC", folded).split() == plain.split()
        if folded.split() != plain.split():
            kept.append(character)
    tags = {unicodedata.decomposition(character).split(" ")[0] for character in kept}
    assert {"<super>", "<sub>", "<fraction>"} <= tags
    assert not {"<font>", "<circle>", "<initial>", "<noBreak>"} & tags


@pytest.mark.parametrize(
    ("settings", "src", "tgt"),
    [
        ({}, "folded", "identity"),
        ({"joint": False}, "folded", "identity"),
        ({"algorithm": "unigram"}, "folded", "identity"),
        ({"algorithm": "char"}, "identity", "identity"),
        ({"algorithm": "word"}, "identity", "identity"),
        ({"algorithm": "char", "normalization": "folded"}, "folded", "identity"),
        ({"normalization": "identity"}, "identity", "identity"),
        ({"normalization": "nfkc"}, "nfkc", "nfkc"),
        ({"normalization": "nmt_nfkc", "joint": False}, "nmt_nfkc", "nmt_nfkc"),
    ],
)
def test_each_side_has_its_rules(settings, src, tgt):
    tokenizer = train_tokenizer(EN, EN, TokenizerConfig(vocab_size=300, **settings), 1)
    assert normalization_of(tokenizer.src_model) == src
    assert normalization_of(tokenizer.tgt_cutter) == tgt
    kept = with_keep(tokenizer, [r"\d+"])
    assert normalization_of(kept.tgt_cutter) == tgt
    assert target_share(kept.src_model) == target_share(tokenizer.src_model) or tgt != "joint"


def test_without_a_share_the_target_is_as_written_too():
    config = TokenizerConfig(vocab_size=300, tgt_pieces="all")
    tokenizer = train_tokenizer(EN, ["１２"] * 20, config, 1)
    assert is_as_written(tokenizer.src_model)
    assert target_share(tokenizer.src_model) is None
    assert tokenizer.decode(tokenizer.encode_tgt(["１２"])) == ["１２"]
    assert tokenizer.encode_src(["１２"]) == tokenizer.encode_src(["12"])


def test_pairs_are_cut_by_the_rules_of_their_side():
    tokenizer = train_tokenizer(EN, ["１２"] * 20, TokenizerConfig(vocab_size=300), 1)
    src, tgt = encode_pairs(tokenizer, ["１２", f"１{STAND_IN}"], ["１２", f"１{STAND_IN}"])
    assert src == encode_pairs(tokenizer, ["12", f"1{STAND_IN}"], ["", ""])[0]
    assert tokenizer.decode([tgt[0]]) == ["１２"]
    assert tokenizer.tgt_pieces(tgt[1])[1] == "１"


def test_new_pieces_are_learned_from_each_side_as_it_is_read():
    config = TokenizerConfig(vocab_size=300)
    tokenizer = train_tokenizer(EN, EN, config, 1)
    new = extend_tokenizer(tokenizer, ["ﬀ ａ，"] * 9, ["你好，"] * 9, config, 20, 1)
    texts = {piece.text for piece in read_pieces(new.src_model)}
    assert "，" in texts
    assert not {"ﬀ", "ａ"} & texts
    assert new.decode(new.encode_tgt(["你好，"])) == ["你好，"]
    assert UNK_ID not in new.encode_src(["ﬀ ａ，"])[0]
