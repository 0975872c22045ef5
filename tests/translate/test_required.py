"""Translations that must hold given texts."""

import logging
import math
import random

import pytest

pytest.importorskip("onnxruntime")

from number_words import ENGLISH, GERMAN

from s2s import Translator
from s2s.config import TokenizerConfig
from s2s.errors import ConfigError
from s2s.tokenizer.learn import train_tokenizer
from s2s.translate.phrases import read_phrase
from s2s.translate.required.gaps import find, find_gaps
from s2s.translate.splitting import join


def holds(hypothesis, *texts):
    return all(find(hypothesis.text, text) for text in texts)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("Hund", "Ein [Hund]."),
        ("Hund", "Hunde, [Hund]; Windhund"),
        ("der", "[der] Mann, [der]"),
        (", aber", "aber[, aber]"),
        ("Shirt", "ein T-[Shirt]"),
        ("24", "2024 und [24]"),
        ("走", "我们[走]吧"),
        ("ह", "हिन्दी"),  # a vowel sign goes on with the word
        ("Hund", ""),
    ],
)
def test_a_phrase_stands_as_words_of_their_own(phrase, text):
    """Brackets are around each place."""
    plain = text.replace("[", "").replace("]", "")
    spans = find(plain, phrase)
    for start, stop in reversed(spans):
        plain = f"{plain[:start]}[{plain[start:stop]}]{plain[stop:]}"
    assert plain == text


def test_what_is_said_already_stays_as_it_is(translator, caplog):
    texts = ["drei eins zwölf", "", "vier"]
    required = [["one", "twelve"], ["ten"], ["four"]]
    with caplog.at_level(logging.WARNING, "s2s"):
        assert translator.translate(texts, required=required) == translator.translate(texts)
    assert not caplog.records


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_every_translation_holds_what_is_required_of_it(translator, beam_size):
    rng = random.Random(beam_size)  # noqa: S311
    texts = [" ".join(rng.choices(GERMAN, k=rng.randint(1, 6))) for _ in range(25)]
    required = [
        [" ".join(rng.choices([*ENGLISH, "e", "o n e"], k=rng.randint(1, 2))) for _ in range(i % 4)]
        for i in range(25)
    ]
    translations = translator.translate(
        texts, required=required, beam_size=beam_size, n_best=beam_size
    )
    for translation, phrases in zip(translations, required, strict=True):
        assert len(translation.hypotheses) == beam_size
        scores = [hypothesis.score for hypothesis in translation.hypotheses]
        assert scores == sorted(scores, reverse=True)
        assert all(holds(hypothesis, *phrases) for hypothesis in translation.hypotheses)
        possible = [
            hypothesis.text for hypothesis in translation.hypotheses if hypothesis.score > -math.inf
        ]
        assert not phrases or len(possible) == len(set(possible))
    for text, phrases, together in zip(texts, required, translations, strict=True):
        (alone,) = translator.translate(
            [text], required=[phrases], beam_size=beam_size, n_best=beam_size
        )
        assert [hypothesis.pieces for hypothesis in alone.hypotheses] == [
            hypothesis.pieces for hypothesis in together.hypotheses
        ]
        assert alone.score == pytest.approx(together.score, abs=1e-5)


def test_a_phrase_is_put_where_the_score_is_best(translator, caplog):
    with caplog.at_level(logging.WARNING, "s2s"):
        translations = translator.translate(["zwei", "eins drei", "eins drei"], required=["two"])
    assert translations[0].text == "two"
    assert "2 of 3 translations lacked a required text and were" in caplog.text
    assert "(first: line 2)" in caplog.text
    by_hand = [
        translator.translate(["eins drei"], prefix=prefix)[0]
        for prefix in ("two", "one two", "one three two")
    ]
    assert translations[1] == translations[2]
    assert translations[1].score >= max(translation.score for translation in by_hand)


def test_details_are_those_of_the_forced_search(translator):
    (translation,) = translator.translate(["eins drei"], required=["two"], details=True)
    penalty = ((5 + len(translation.pieces) + 1) / 6) ** translator.search.length_penalty
    assert sum(translation.details.log_probs) / penalty == pytest.approx(
        translation.score, abs=1e-5
    )
    assert len(translation.details.log_probs) == len(translation.pieces) + 1
    assert {tgt for _, tgt in translation.details.alignment} <= set(
        range(len(translation.text.split()))
    )


def test_a_given_prefix_stays_first_and_limits_give_way(translator):
    texts = ["eins drei", "zwei"]
    required = ["two", "six"]
    for translation in translator.translate(texts, prefix="ten", required=required, n_best=3):
        assert all(hypothesis.text.startswith("ten") for hypothesis in translation.hypotheses)
        assert all(holds(hypothesis, *required) for hypothesis in translation.hypotheses)
    (found,) = translator.translate(["eins"], required=["six seven eight"], max_length=2)
    assert holds(found, "six seven eight")


def test_one_part_of_a_long_sentence_holds_it(translator):
    text = "eins zwei. drei vier fünf. sechs"
    options = {"max_src_length": 9, "n_best": 2}
    (plain,) = translator.translate([text], **options)
    (translation,) = translator.translate([text], required=["two", "ten"], details=True, **options)
    assert plain.parts == translation.parts > 1
    assert all(holds(hypothesis, "two", "ten") for hypothesis in translation.hypotheses)
    assert find(translation.text, "ten") == find(join([translation.text]), "ten")
    assert {tgt for _, tgt in translation.details.alignment} <= set(
        range(len(translation.text.split()))
    )


def test_equal_sentences_share_their_searches(tiny, monkeypatch):
    translator = Translator(tiny, threads=1)
    backend, searched = translator._searcher._backend, []
    search = backend.search
    monkeypatch.setattr(
        backend,
        "search",
        lambda batch, *args, **kwargs: searched.extend(batch.src) or search(batch, *args, **kwargs),
    )
    once = translator.translate(["eins drei"], required=["two"])
    once_searched = len(searched)
    assert translator.translate(["eins drei"] * 50, required=["two"]) == once * 50
    assert len(searched) == 2 * once_searched


def test_a_stream_gives_each_sentence_its_own(translator):
    required = [[text] for text in ENGLISH]
    together = translator.translate(GERMAN[::-1], required=required)
    stream = translator.translate_stream(iter(GERMAN[::-1]), 3, required=required)
    assert list(stream) == together
    rest = translator.translate_stream(iter(GERMAN[::-1]), 3, 4, required=required)
    assert list(rest) == together[4:]
    with pytest.raises(
        ConfigError, match="there are only 10 lists of required texts, but more sent"
    ):
        translator.translate([*GERMAN, "elf"], required=required)
    with pytest.raises(
        ConfigError, match="more than 9 lists of required texts, but only 9 sentences"
    ):
        translator.translate(GERMAN[1:], required=required)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"required": "two"}, r"required is one string; expected a list of texts: \['two'\]"),
        ({"required": ["two", ["six"]]}, "required has the entry 'two'; expected only texts"),
        ({"required": [["two"], 6]}, "required has the entry 6; expected only texts"),
        ({"required": [["two"], [6]]}, "required has the entry .6.; expected only texts"),
        ({"required": ["\u200b "]}, "is blank; leave it out"),
        (
            {"required": [["two"], ["six Ωμέγα"]]},
            "vocabulary does not have all characters of 'Ωμέγα'",
        ),
        ({"required": ["two ten"], "banned": ["▁ten"]}, "needs the piece '▁ten', which is banned"),
        ({"required": ["two"], "temperature": 1.0}, "is 1.0, but random translations"),
    ],
)
def test_what_cannot_be_required_is_told_before_any_work(translator, options, message):
    with pytest.raises(ConfigError, match=message):
        translator.translate_stream([], **options)


def test_what_the_vocabulary_writes_otherwise_is_refused():
    config = TokenizerConfig(vocab_size=80, normalization="nfkc")
    tokenizer = train_tokenizer(["one two 1"] * 20, ["one two 1"] * 20, config, seed=1)
    with pytest.raises(ConfigError, match="vocabulary turns it into 'one 1'; require this form"):
        read_phrase("one ①", tokenizer, ())


def test_scripts_without_blanks_have_room_everywhere_and_need_no_blank():
    texts = ["我们走吧", "你们走吧", "他们来吧", "OK 走吧"] * 20
    config = TokenizerConfig(vocab_size=40, algorithm="char")
    tokenizer = train_tokenizer(texts, texts, config, seed=1)
    phrase = read_phrase("你们", tokenizer, ())
    (ids,) = tokenizer.encode_tgt(["OK 我们走吧"])
    gaps = find_gaps(ids[:-1], 0, tokenizer, ())
    made = {
        text
        for gap in gaps
        for way in phrase.ways
        for text in tokenizer.decode([gap.before + way + gap.after])
    }
    assert "OK 我们你们走吧" in made
    assert not any(text.startswith("O你") or text.startswith("O 你") for text in made)
    held = (read_phrase("我们", tokenizer, ()),)
    for gap in find_gaps(ids[:-1], 0, tokenizer, held):
        before, after = tokenizer.decode([gap.before, gap.after])
        assert "我们" in before or "我们" in after


def test_gaps_are_not_between_the_bytes_of_a_character():
    config = TokenizerConfig(vocab_size=300, byte_fallback=True)
    tokenizer = train_tokenizer(["one two"] * 20, ["one two"] * 20, config, seed=1)
    (ids,) = tokenizer.encode_tgt(["one 世界 two"])
    gaps = find_gaps(ids[:-1], 0, tokenizer, ())
    before = tokenizer.decode([gap.before for gap in gaps])
    assert [text.strip() for text in before] == ["", "one", "one 世", "one 世界", "one 世界 two"]


def test_the_command_line_takes_texts_that_translations_must_hold(s2s, tiny, tmp_path):
    source = tmp_path / "in"
    source.write_text("eins\n\ndrei zwei\n")
    options = ("translate", tiny, source, "--require", "two", "--require", "ten")
    finished = s2s(*options, "--json", "--n-best", "2")
    assert finished.code == 0, finished.err
    assert finished.out.count(b"\n") == 6
    assert "s2s: warning: 2 of 3 translations lacked a required text" in finished.err
    lines = s2s(*options).out.decode().split("\n")
    assert lines[1] == ""
    assert all(find(line, "two") and find(line, "ten") for line in (lines[0], lines[2]))
    out = tmp_path / "out"
    (tmp_path / "out.partial").write_text(f"{lines[0]}\n")
    assert s2s(*options, "-o", out).code == 0
    assert out.read_text().split("\n") == lines
    refused = s2s("translate", tiny, source, "--require", "Ω")
    assert (refused.code, refused.out) == (2, b"")
    assert "the required text 'Ω' cannot be written" in refused.err
