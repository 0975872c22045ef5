"""Translations have the numbers of their sources, or this is counted and said."""

import logging

import pytest

pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st
from paths import DATA
from text_facts import with_facts, with_other_pieces

from s2s import Translator
from s2s.errors import ConfigError
from s2s.formats.model_file import read_model_file
from s2s.tokenizer import Tokenizer
from s2s.writing.numbers import same_numbers

TINY = DATA / "tiny.onnx"
DIGITS = {
    "▁sieben": "▁٣",
    "▁seven": "▁3",
    "▁fünf": "▁٩",
    "▁five": "▁5",
    "▁nine": "▁9",
    "▁zehn": "▁6",
    "▁ten": "▁7",
}
"""Pieces of the tiny model that are written in another way. So it translates ``٣`` to ``3``, which
is right, ``٩`` to ``5``, with ``9`` as its second hypothesis, and ``6`` to ``7``."""


def digits_model(**facts):
    """Returns the bytes of the model with these pieces, and a record of its training text."""
    return with_other_pieces(with_facts(TINY, **facts), tokenizer=DIGITS)


@pytest.fixture(scope="module")
def counting():
    """The tiny model with digits."""
    return Translator(digits_model(), threads=1)


def texts_of(translations):
    return [translation.text for translation in translations]


def test_the_model_writes_wrong_numbers_by_itself(counting):
    """Otherwise the other tests would show nothing."""
    options = {"numbers": "off", "n_best": 2, "beam_size": 5}
    (right,) = counting.translate(["٣"], **options)
    (low,) = counting.translate(["٩"], **options)
    (wrong,) = counting.translate(["6"], **options)
    assert right.text == "3"
    assert [hypothesis.text for hypothesis in low.hypotheses] == ["5", "9"]
    assert wrong.text == "7"


def test_a_lower_hypothesis_with_the_right_numbers_is_taken(counting):
    (off,) = counting.translate(["٩ eins"], numbers="off", n_best=5, beam_size=5)
    (kept,) = counting.translate(["٩ eins"], beam_size=5)
    right = [each for each in off.hypotheses if same_numbers("٩ eins", each.text)]
    assert off.text not in [each.text for each in right]
    assert kept.hypotheses == (right[0],)


def test_numbers_are_kept_if_no_hypothesis_has_them(counting, caplog):
    caplog.set_level(logging.INFO, "s2s")
    texts = ["eins", "6 zwei", "٣ zwei", "zwei 6 eins"]
    translations = counting.translate(texts, n_best=2)
    for row in (1, 3):
        for hypothesis in translations[row].hypotheses:
            assert same_numbers(texts[row], hypothesis.text)
    assert translations[1].hypotheses[0].has_kept
    assert not translations[2].hypotheses[0].has_kept
    assert (
        "2 of 4 texts had other numbers than their source; a lower hypothesis or a second search "
        "gave the right ones (--numbers off: as they were; first: line 2)"
    ) in caplog.text
    off = counting.translate(texts, n_best=2, numbers="off")
    assert [off[0], off[2]] == [translations[0], translations[2]]
    assert not any(same_numbers(texts[row], off[row].text) for row in (1, 3))


WORDS = st.sampled_from(
    [
        "eins",
        "6",
        "6.6",
        "٣",
        "٩",
        "zwei",
        "6:10",
        "MP6",
        "Ω6",
        "👍",
        "{6}",
        "elf",
        "3rd",
        "$6",
        ".",
    ]
)
SENTENCES = st.lists(WORDS, max_size=6).map(" ".join)


@settings(deadline=None)
@given(st.lists(SENTENCES, min_size=1, max_size=4), st.sampled_from([5, 200]))
def test_every_hypothesis_has_the_numbers_of_its_source(counting, texts, limit):
    options = {"max_src_length": limit, "keep": r"\{\d\}", "n_best": 2, "details": True}
    translations = counting.translate(texts, numbers="keep", **options)
    for text, translation in zip(texts, translations, strict=True):
        if any(map(str.isdigit, text)):
            assert same_numbers(text, translation.text)
    assert [counting.translate([text], **options)[0] for text in texts] == translations


@pytest.mark.parametrize("text", ["6 eins. 6 zwei.", "٩ eins.\n6 zwei.\neins."])
def test_each_sentence_is_checked_by_itself(counting, text):
    (translation,) = counting.translate([text], sentences=True)
    assert same_numbers(text, translation.text)
    assert translation.text.count("\n") == text.count("\n")


def test_a_prefix_stays_and_its_numbers_are_its_own(counting, caplog):
    (translation,) = counting.translate(["6 eins"], prefix="5")
    assert translation.text.startswith("5")
    assert translation.text.count("6") == 1
    (translation,) = counting.translate(["6 eins"], prefix="one")
    assert translation.text.startswith("one")
    assert same_numbers("6", translation.text)
    assert "have other numbers" not in caplog.text


def test_random_translations_have_the_numbers_too(counting):
    options = {"temperature": 1.0, "seed": 3, "beam_size": 4, "n_best": 4}
    translations = counting.translate(["6 eins", "zwei 6"], **options)
    for hypothesis in translations[0].hypotheses:
        assert same_numbers("6", hypothesis.text)
    assert counting.translate(["zwei 6"], **options) == translations[1:]


def test_what_is_cut_off_is_not_missing(counting, caplog):
    text = "eins zwei " * 3 + "6"
    (translation,) = counting.translate([text], too_long="truncate", max_src_length=8)
    assert translation.cut
    assert "other numbers" not in caplog.text
    (translation,) = counting.translate([f"6 {text}"], too_long="truncate", max_src_length=8)
    assert translation.text.count("6") == 1


def test_a_sentence_that_was_short_enough_is_not_too_long_later(counting):
    (plain,) = counting.translate(["6 6 6"], numbers="off")
    options = {"too_long": "error", "max_src_length": plain.src_length}
    assert same_numbers("6 6 6", counting.translate(["6 6 6"], **options)[0].text)


def test_capitals_are_restored_around_numbers():
    translator = Translator(digits_model(any_capitals=1.0), threads=1)
    (translation,) = translator.translate(["EINS ZWEI 6"])
    assert translation.text.upper() == translation.text
    assert same_numbers("6", translation.text)


def test_a_text_of_numbers_alone_comes_back_if_they_are_wrong(counting):
    assert texts_of(counting.translate(["6", "6.60 6", "٣"])) == ["6", "6.60 6", "3"]


def test_banned_pieces_stay_banned(counting):
    (translation,) = counting.translate(["6 eins"], banned=["▁"])
    assert "▁" not in translation.pieces
    assert same_numbers("6", translation.text)


def test_details_describe_the_text(counting):
    (translation,) = counting.translate(["zwei 6"], details=True)
    words = translation.text.split()
    assert (1, words.index("6")) in translation.details.alignment


def test_check_counts_and_changes_nothing(counting, caplog):
    texts = ["eins", "6 zwei", "6"]
    found = list(counting.translate_stream(texts, 1, numbers="check"))
    assert found == counting.translate(texts, numbers="off")
    assert (
        "2 of 3 texts have other numbers than their source (--numbers keep: searched again with "
        "these; first: line 2)"
    ) in caplog.text


def test_with_required_words_numbers_are_checked(counting, caplog):
    counting.translate(["zwei 6"], required=["one"])
    assert (
        "1 of 1 texts have other numbers than their source (without --require they are kept; "
        "first: line 1)"
    ) in caplog.text
    with pytest.raises(ConfigError, match=r"required \(--require\) and numbers \(--numbers\)"):
        counting.translate(["6"], required=["one"], numbers="keep")


@pytest.mark.parametrize("model", [digits_model(same_numbers=0.2), TINY])
def test_models_without_a_record_and_those_that_spell_numbers_out_are_let_be(model, caplog):
    translator, texts = Translator(model, threads=1), ["6 eins", "٩"]
    assert translator.translate(texts) == translator.translate(texts, numbers="off")
    assert "other numbers" not in caplog.text
    kept = translator.translate(texts, numbers="keep")
    assert all(same_numbers(text, each.text) for text, each in zip(texts, kept, strict=True))


def test_digits_of_bytes_are_pieces_with_digits():
    data = (DATA / "tiny.onnx").read_bytes()
    tokenizer = read_model_file(data).tokenizer
    assert tokenizer.tgt_digits == ()
    counting = read_model_file(digits_model()).tokenizer
    written = [counting.tgt_pieces([number])[0] for number in counting.tgt_digits]
    assert sorted(written) == ["▁3", "▁5", "▁6", "▁7", "▁9", "▁٣", "▁٩"]
    from s2s.config import TokenizerConfig
    from s2s.tokenizer.learn import train_tokenizer

    config = TokenizerConfig(vocab_size=300, byte_fallback=True)
    lines = ["eins 12 zwei", "drei 3 vier"]
    learned: Tokenizer = train_tokenizer(lines, lines, config, seed=1)
    written = learned.tgt_pieces(learned.tgt_digits)
    assert "<0x35>" in written
    assert "<0x3A>" not in written
    assert "<0x41>" not in written


def test_values_are_checked(translator):
    with pytest.raises(ConfigError, match=r"numbers \(--numbers\) is 'kep'; .*did you mean 'keep'"):
        translator.translate([], numbers="kep")


def test_torch_and_onnx_agree(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from tiny_folder import write_run

    from s2s_export.export import export_run

    model = read_model_file(digits_model()).tokenizer.src_model
    folder = write_run(tmp_path / "run", model)
    export_run(folder, tmp_path / "model.onnx")
    texts = ["6 eins", "zwei 6 ٣", "٩", "Ω 6", "6.60 eins"]
    options = {"numbers": "keep", "n_best": 2}
    with (
        Translator(folder, threads=1) as torch,
        Translator(tmp_path / "model.onnx", threads=1) as onnx,
    ):
        assert texts_of(torch.translate(texts, **options)) == texts_of(
            onnx.translate(texts, **options)
        )


def test_the_command_has_the_option(s2s, tmp_path):
    (tmp_path / "model.onnx").write_bytes(digits_model())
    kept = s2s("translate", tmp_path / "model.onnx", stdin=b"6\n")
    assert kept.out == b"6\n"
    assert "s2s: note: 1 of 1 texts had other numbers than their source" in kept.err
    off = s2s("translate", tmp_path / "model.onnx", "--numbers", "off", stdin=b"6\n")
    assert (off.out, off.err) == (b"7\n", "")
    assert s2s("translate", tmp_path / "model.onnx", "--numbers", "on").code == 2


@pytest.mark.parametrize("text", ["6", "6:٩", "(5)", "٩ 5 6 %"])
def test_texts_without_letters_are_copied_if_the_model_has_seen_next_to_none(text):
    copying = Translator(digits_model(without_letters=0.0), threads=1)
    (translation,) = copying.translate([text])
    assert (translation.text, translation.src_length) == (text, 0)
    assert copying.translate([text], unknown="drop", numbers="off")[0].src_length > 0
    for facts in ({"without_letters": 0.1}, {"without_letters": 0.0, "same_numbers": 0.2}):
        other = Translator(digits_model(**facts), threads=1)
        assert other.translate(["6"], numbers="off")[0].src_length > 0
