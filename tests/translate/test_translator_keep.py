"""Translations with texts that are kept."""

from collections import Counter

import pytest

pytest.importorskip("onnxruntime")
from hypothesis import given, settings
from hypothesis import strategies as st

from s2s import Translator
from s2s.errors import ConfigError, ModelError
from s2s.tokenizer.keep import KeepPatterns

PATTERNS = [r"\{\w*\}", r"</?\w+>", r"\d+(?:\.\d+)?", r"https?://[\w./]*\w", r"\S+@\S+\w"]
KEEP = KeepPatterns(PATTERNS)
WORDS = st.sampled_from(["eins", "zwei", "zwölf", "acht.", "Ω", ",", "(", "drei)", "一", "-"])
TEXTS = st.sampled_from(["{n}", "<b>", "</b>", "3", "13", "4.5", "http://a.b/c", "x@y.z", "{n}{m}"])
SENTENCES = st.lists(
    st.tuples(st.one_of(WORDS, TEXTS), st.sampled_from([" ", "", " "])), max_size=9
).map(lambda pairs: "".join(f"{text}{blank}" for text, blank in pairs))


@settings(deadline=None)
@given(st.lists(SENTENCES, min_size=1, max_size=6), st.sampled_from([5, 200]))
def test_every_text_is_in_each_translation_as_often(translator, sentences, limit):
    options = {"n_best": 3, "max_src_length": limit}
    translations = translator.translate(sentences, keep=PATTERNS, **options)
    plain = translator.translate(sentences, **options)
    for text, translation, other in zip(sentences, translations, plain, strict=True):
        wanted = KEEP.texts(" ".join(text.split()))
        for hypothesis in translation.hypotheses:
            for kept, count in Counter(wanted).items():
                assert hypothesis.text.count(kept) >= count
            assert hypothesis.text == " ".join(hypothesis.text.split())
        if not wanted:
            assert translation == other


def test_texts_are_found_again_as_written(translator):
    texts = ["eins {n} zwei", "<b>drei</b> vier", "7 acht", "Sieh http://a.b/c, zwei.", "{a} {b}"]
    translations = translator.translate(texts, keep=PATTERNS, n_best=5)
    for text, translation in zip(texts, translations, strict=True):
        for hypothesis in translation.hypotheses:
            assert Counter(KEEP.texts(hypothesis.text)) == Counter(KEEP.texts(text))
    assert translations[1].text == "<b>three</b> four"
    assert (translations[4].text, translations[4].score, translations[4].parts) == (
        "{a} {b}",
        0.0,
        1,
    )


def test_one_pattern_is_a_string(translator):
    assert translator.translate(["{n}"], keep=r"\{n\}")[0].text == "{n}"
    assert "{n}" not in translator.translate(["eins {n}"], keep="")[0].text
    with pytest.raises(ConfigError, match="not a regular expression"):
        translator.translate([], keep="(")


def test_sentences_that_differ_in_what_is_kept_share_a_search(translator, monkeypatch):
    searched = []
    search = translator._searcher._backend.search
    monkeypatch.setattr(
        translator._searcher._backend,
        "search",
        lambda batch, *args, **options: (
            searched.append(len(batch.src)) or search(batch, *args, **options)
        ),
    )
    translations = translator.translate(["eins {a} zwei", "eins {bcd} zwei"], keep=PATTERNS)
    assert searched == [1]
    assert translations[0].text.replace("{a}", "{bcd}") == translations[1].text


def test_only_sentences_with_kept_texts_are_searched_with_details(translator, monkeypatch):
    searched = []
    search = translator._searcher._backend.search
    monkeypatch.setattr(
        translator._searcher._backend,
        "search",
        lambda batch, config, *, details: (
            searched.append((len(batch.src), details)) or search(batch, config, details=details)
        ),
    )
    texts = ["eins zwei", "drei {a} vier fünf", "sechs"]
    found = translator.translate(texts, keep=PATTERNS)
    assert searched == [(2, False), (1, True)]
    assert found == [translator.translate([text], keep=PATTERNS)[0] for text in texts]


def test_details_are_of_the_text_and_scores_of_the_network(translator):
    text = "eins {n} zwei"
    (translation,) = translator.translate([text], keep=PATTERNS, details=True, n_best=2)
    (same,) = translator.translate([text], keep=PATTERNS, n_best=2)
    for hypothesis, other in zip(translation.hypotheses, same.hypotheses, strict=True):
        assert (hypothesis.text, hypothesis.score) == (other.text, other.score)
        assert other.details is None
        assert len(hypothesis.details.log_probs) == len(hypothesis.pieces) + 1
        words = hypothesis.text.split()
        assert (1, words.index("{n}")) in hypothesis.details.alignment


def test_a_sentence_is_not_parted_within_a_match(translator):
    keep = "<< .* >>"
    text = "eins zwei << drei. Vier, fünf sechs >> sieben. Acht {n} neun. zehn {n}"
    (translation,) = translator.translate(
        [text], keep=[keep, r"\{n\}"], max_src_length=4, details=True
    )
    assert translation.parts > 3
    assert translation.text.count("<< drei. Vier, fünf sechs >>") == 1
    assert translation.text.count("{n}") == 2
    targets = {tgt: src for src, tgt in translation.details.alignment}
    source, words = text.split(), translation.text.split()
    for word in ("<<", "Vier,", ">>"):
        assert targets[words.index(word)] == source.index(word)
    assert targets[len(words) - 1 - words[::-1].index("{n}")] == len(source) - 1


def test_of_what_is_left_out_nothing_is_kept(translator, caplog):
    text = "eins {a} " + "zwei " * 10 + "{b}"
    options = {"keep": PATTERNS, "max_src_length": 6, "too_long": "truncate"}
    (translation,) = translator.translate([text], **options)
    assert translation.cut
    assert "{a}" in translation.text
    assert "{b}" not in translation.text
    assert "1 of 1 sentences had over 6 pieces and were cut there" in caplog.text


def test_a_prefix_comes_first(translator):
    for text in ("eins {n}", "{n}"):
        (translation,) = translator.translate([text], keep=PATTERNS, prefix="ten")
        assert translation.text.startswith("ten")
        assert translation.text.count("{n}") == 1


def test_texts_without_a_word_to_replace_are_counted_and_said(translator, caplog):
    texts = ["eins", "", "<b>eins</b> zwei", "<i>", "zwei <b>drei</b>"]
    list(translator.translate_stream(texts, 2, keep=PATTERNS))
    assert (
        "4 of 5 kept texts had no matching word in the translation; they were inserted next to "
        "the words that attend to their neighbours (first: line 3)"
    ) in caplog.text
    assert len(caplog.records) == 1
    caplog.clear()
    list(translator.translate_stream(texts, 2, skip=3, keep=PATTERNS))
    assert "2 of 3 kept texts" in caplog.text
    assert "(first: line 5)" in caplog.text


def test_the_tag_of_a_language_is_not_kept(tagged):
    translator = Translator(tagged, threads=1)
    keep = r"<\w+>"
    for texts, to in ((["<2en> eins <b> zwei"], None), (["eins <b> zwei"], "en")):
        (translation,) = translator.translate(texts, keep=keep, to=to)
        assert KEEP.texts(translation.text) == ["<b>"]
        (parted,) = translator.translate(texts, keep=keep, to=to, max_src_length=3)
        assert parted.parts > 1
        assert KEEP.texts(parted.text) == ["<b>"]
    assert "<2en>" in translator.translate(["<2en> eins"], keep=keep, to="en")[0].text


def test_a_file_of_an_older_release_has_no_attention(tiny):
    old = Translator(tiny.with_name("tiny-0.1.0.onnx"))
    assert old.translate(["eins"], keep=PATTERNS)[0].text == "one"
    with pytest.raises(ModelError, match="does not support details: it was exported by an older"):
        old.translate(["eins {n}"], keep=PATTERNS)


def test_the_command_keeps(tiny, s2s, tmp_path):
    done = s2s(
        "translate", tiny, "--keep", r"\{n\}", "--keep", "<b>", stdin=b"eins {n}\n<b> zwei\n"
    )
    assert done.code == 0
    lines = done.out.decode().splitlines()
    assert "{n}" in lines[0]
    assert lines[1] == "<b> two"
    assert "1 of 2 kept texts had no matching word" in done.err
    refused = s2s("translate", tiny, "--keep", "a*", stdin=b"")
    assert refused.code == 2
    assert refused.err == (
        "s2s: error: keep (--keep) has 'a*', which matches the empty string; write a pattern that "
        "matches at least one character, for example with + in place of *\n"
    )
    (tmp_path / "out.partial").write_bytes(b"one\n")
    options = ("translate", tiny, "-o", tmp_path / "out", "--resume")
    (tmp_path / "out.partial.json").write_text('{"keep": ["x"]}')
    refused = s2s(*options, stdin=b"eins\n")
    assert refused.code == 2


def test_required_words_and_kept_texts_are_not_had_together(translator):
    with pytest.raises(
        ConfigError, match=r"required \(--require\) and keep \(--keep\) cannot be combined"
    ):
        translator.translate(["eins"], keep=PATTERNS, required=["zwei"])
