"""What a source vocabulary cannot read: found, and grown to what makes sense together."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2s.config import TokenizerConfig
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.pieces import CONTROL, Piece, append_pieces


@pytest.fixture(scope="module")
def runs(translator):
    """Those of the tiny model, which has the small letters of German numbers, and no signs."""
    return translator.tokenizer.src_unknown


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("eins zwei", []),
        ("eins zweiΩ elf", ["zweiΩ"]),
        ("eins Ωmega", ["Ωmega"]),
        ("eins一二zwei", ["一二"]),
        ("einsสวัสดีzwei", ["สวัสดี"]),
        ("eins Привет, мир zwei", ["Привет, мир"]),
        ("eins Привет! elf Мир zwei", ["Привет!", "Мир"]),
        ("eins Привет elf мир", ["Привет", "мир"]),
        ("eins 👍 zwei 👍🏽👩‍👩‍👧 🇩🇪 elf", ["👍", "👍🏽👩‍👩‍👧 🇩🇪"]),
        ("eins👍zwei", ["👍"]),
        ("❤️", ["❤️"]),
        ("5️⃣ eins", ["5️⃣"]),
        ("eins 3.45 zwei", ["3.45"]),
        ("eins $3, 4%", ["$3, 4%"]),
        ("eins/zwei (elf)", ["/", "(", ")"]),
        ("eins&zwei elf elf@elf.de eins", ["eins&zwei", "elf@elf.de"]),
        ("elf https://elf.de/eins zwei", ["https://elf.de/eins"]),
        ("eins, zwei", [","]),
        ("Łukasz Żółć", ["Łukasz Żółć"]),
        ("éins e\u0302lf", ["éins e\u0302lf"]),
        ("eins نامه‌ها zwei", ["نامه‌ها"]),
        ("ein\u00ads \u200eelf", []),
    ],
)
def test_a_run_is_what_makes_sense_together(runs, text, found):
    assert [text[start:end] for start, end, _ in runs.find(text)] == found


def test_letters_and_digits_are_words_and_signs_are_none(runs):
    text = "👍 eins Ω zwei 3 elf ("
    assert [run.has_words for run in runs.find(text)] == [False, True, True, False]


def test_capitals_are_known_if_the_text_is_read_in_small_letters(runs):
    assert runs.find("EINS ZWEI", any_case=True) == []
    text = "EINS ŁÓDŹ"
    assert [text[start:end] for start, end, _ in runs.find(text, any_case=True)] == ["ŁÓDŹ"]
    assert len(runs.find("EINS elf ZWEI")) == 2


def test_what_nobody_sees_is_left_out(runs):
    assert runs.without_invisible("ein\u00ads\u200e \u2066zwei\u2069 👍\ufe0f") == "eins zwei 👍"
    assert runs.without_invisible("einsΩ zwei") == "einsΩ zwei"


def test_words_of_a_vocabulary_of_words_are_known_or_not():
    lines = [f"eins {word}" for word in ("zwei", "drei", "vier")] * 5
    config = TokenizerConfig(vocab_size=20, algorithm="word")
    runs = train_tokenizer(lines, lines, config, seed=1).src_unknown
    text = "eins fünf, sechs zwei elf"
    assert [text[start:end] for start, end, _ in runs.find(text)] == ["fünf, sechs", "elf"]


def test_a_tag_in_the_text_is_unknown_if_its_characters_are(translator):
    model = append_pieces(translator.tokenizer.src_model, [Piece("<2de>", 0.0, CONTROL)])
    text = "eins <2de>"
    found = Tokenizer(model).src_unknown.find(text)
    assert [text[start:end] for start, end, _ in found] == ["<2", ">"]


@given(st.text(alphabet="einszw .,ΩŁ一👍🏽\u200d🇩🇪3/@:\u00ad&%", max_size=30).map(clean))
def test_runs_are_in_order_and_hold_all_that_is_unknown(translator, text):
    tokenizer = translator.tokenizer
    runs = tokenizer.src_unknown.find(text)
    end = 0
    rest = ""
    for run in runs:
        assert end <= run.start < run.end <= len(text)
        rest += text[end : run.start] + " "
        end = run.end
    rest = tokenizer.src_unknown.without_invisible(rest + text[end:])
    assert 1 not in tokenizer.encode_src([rest])[0]
    assert bool(runs) == bool(tokenizer.src_unknown.find(text))


@pytest.mark.parametrize("unit", ["Ω", "@", "a@", "👍", "👍 ", "1,", "://", ".", "Ω. ", "\u0301"])
def test_long_texts_take_no_time_to_speak_of(runs, unit):
    start = time.perf_counter()
    runs.find(unit * 20_000)
    assert time.perf_counter() - start < 5
