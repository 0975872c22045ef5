"""Models for several target languages: which one is wanted is said by a tag."""

import json

import pytest

from s2s.config import EOS_ID, UNK_ID, TokenizerConfig
from s2s.errors import ConfigError, DataError, ModelError
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.learn import train_tokenizer

DE = ["der Hund läuft am Strand", "die Katze schläft", "1 < 2 und 3 > 2 fred"] * 20
EN = ["the dog runs along the beach", "the cat sleeps", "1 < 2 and 3 > 2 fred"] * 20


@pytest.fixture(scope="module", params=["bpe", "unigram", "separate"])
def tokenizer(request):
    joint = request.param != "separate"
    algorithm = request.param if joint else "bpe"
    config = TokenizerConfig(vocab_size=80, algorithm=algorithm, joint=joint)
    return train_tokenizer(DE, EN, config, seed=1, symbols=["<2fr>", "<2de>", "<2fr>"])


def test_a_leading_tag_is_one_piece_before_the_same_pieces(tokenizer):
    assert tokenizer.tags == ("<2de>", "<2fr>")
    plain = tokenizer.encode_src(DE[:3])
    for tag in tokenizer.tags:
        for between in (" ", "", "  "):
            tagged = tokenizer.encode_src([f" {tag}{between}{text}" for text in DE[:3]])
            assert [ids[1:] for ids in tagged] == plain
            assert len({ids[0] for ids in tagged}) == 1
            assert tagged[0][0] > UNK_ID


@pytest.mark.parametrize(
    "text",
    ["der <2de> Hund", "<2nl> Hund", "x<2de>", "<2de", "<2DE> a", "2de", "< 2de> a", "<2 de>"],
)
def test_a_tag_anywhere_else_is_text(tokenizer, text):
    tags = {tokenizer.encode_src([f"{tag} a"])[0][0] for tag in tokenizer.tags}
    (alone,), (tagged,) = tokenizer.encode_src([text]), tokenizer.encode_src([f"<2fr> {text}"])
    assert tokenizer.tag_of(text) is None
    assert not tags & {*alone, *tagged[1:]}
    assert tagged[1:] == alone


def test_a_second_tag_is_text_and_the_first_is_taken(tokenizer):
    (ids,) = tokenizer.encode_src(["<2fr> <2de> der Hund"])
    assert tokenizer.encode_src(["<2de> a"])[0][0] not in ids
    assert tokenizer.tag_of("<2fr> <2de> der Hund") == "<2fr>"


def test_a_tag_alone_is_blank(tokenizer):
    tag, with_blank, nothing, blank, word = tokenizer.encode_src(["<2de>", "<2de> ", "", " ", "d"])
    assert (tag, nothing) == (with_blank, blank) == ([tag[0], EOS_ID], [EOS_ID])
    assert list(map(tokenizer.is_blank, (tag, nothing, word, word[-2:]))) == [
        True,
        True,
        False,
        False,
    ]


def test_a_target_has_no_tag_and_a_tag_is_no_text(tokenizer):
    (tag, *_) = tokenizer.encode_src(["<2de> a"])[0]
    assert tag not in tokenizer.encode_tgt(["<2de> the dog"])[0]
    if tokenizer.tgt_model is None:
        assert tokenizer.decode([[tag, *tokenizer.encode_tgt(["the dog"])[0]]]) == ["the dog"]


def test_tagged_training_text_gives_the_same_tags():
    tagged = [f"<2de> {text} <2de>" for text in DE]
    tokenizer = train_tokenizer(tagged, EN, TokenizerConfig(vocab_size=80), 1, ["<2de>"])
    assert tokenizer.tags == ("<2de>",)


def test_a_vocabulary_may_have_more_tags_than_a_model(tokenizer):
    models = tokenizer.src_model, tokenizer.tgt_model
    assert Tokenizer(*models).tags == ("<2de>", "<2fr>")
    assert Tokenizer(*models, ["<2fr>"]).tag_of("<2de> a") is None
    none = Tokenizer(*models, [])
    assert none.tags == ()
    assert none.encode_src(["<2de> a"])[0] == tokenizer.encode_src(["<2fr> <2de> a"])[0][1:]
    with pytest.raises(ModelError, match=r"no control piece <2it>; it has <2de>, <2fr>"):
        Tokenizer(*models, ["<2fr>", "<2it>"])


@pytest.mark.parametrize("symbol", ["de", "<2>", "<2d e>", "<2de> ", "</s>", ""])
def test_a_symbol_of_another_form_is_refused(symbol):
    with pytest.raises(ConfigError, match="for example <2de>"):
        train_tokenizer(DE, EN, TokenizerConfig(vocab_size=80), seed=1, symbols=[symbol])


@pytest.fixture(scope="module")
def many(tagged):
    """A translator that has tags."""
    pytest.importorskip("onnxruntime")
    from s2s import Translator

    return Translator(tagged, threads=1)


def test_to_is_the_tag_before_each_sentence(many, translator):
    texts = ["eins zwei", "", "drei", "\u200b"]
    # In the model with tags, these took the place of some letters.
    translations = many.translate(texts, to="it", unknown="drop")
    assert translations == many.translate([f"<2it> {text}" for text in texts], unknown="drop")
    options = {"to": "it", "unknown": "drop"}
    assert list(many.translate_stream(texts, chunk_lines=1, **options)) == translations
    assert [translation.src_length for translation in translations] == [
        translation.src_length and translation.src_length + 1
        for translation in translator.translate(texts)
    ]
    assert many.translate(["eins"], to="en")[0].score != many.translate(["eins"], to="it")[0].score


def test_blank_lines_stay_blank(many):
    assert [translation.text for translation in many.translate(["", " ", "<2it>"])] == [""] * 3
    assert [translation.src_length for translation in many.translate(["", " \t"], to="en")] == [
        0,
        0,
    ]


def test_what_is_typed_after_to_is_text(many):
    typed, plain = many.translate(["<2en> eins", "eins"], to="it", unknown="drop")
    assert typed.src_length > plain.src_length + 2


def test_a_sentence_without_a_tag_is_an_error_that_lists_them(many):
    message = r"sentence 3 does not begin with a tag of the model \(<2en>, <2it>\); .*--to en"
    with pytest.raises(DataError, match=message):
        many.translate(["<2en> eins", "", "eins <2en>"])
    stream = many.translate_stream(["<2en> eins", "", "eins"], chunk_lines=1)
    assert [next(stream).src_length > 0, next(stream).src_length] == [True, 0]
    with pytest.raises(DataError, match=message):
        next(stream)


def test_languages_that_are_not_there_are_errors_that_list_what_is(many, translator):
    with pytest.raises(
        ConfigError,
        match=r"to \(--to\) is 'itt'; .*: en, it; did you mean 'it'\?",
    ):
        many.translate_stream([], to="itt")
    with pytest.raises(ConfigError, match=r"to \(--to\) is 'it', but the model has no tags"):
        translator.translate(["eins"], to="it")


def test_the_command_line_takes_to(s2s, tagged, tiny, tmp_path):
    translated = s2s("translate", tagged, "--to", "en", stdin=b"eins\n\nzwei\n")
    assert translated.code == 0, translated.err
    assert translated.out == s2s("translate", tagged, stdin=b"<2en> eins\n\n<2en> zwei\n").out
    assert translated.out.split(b"\n")[1] == b""
    (tmp_path / "src").write_text("eins\nzwei\n")
    (tmp_path / "ref").write_text("one\ntwo\n")
    pair = ("--src", tmp_path / "src", "--ref", tmp_path / "ref")
    pytest.importorskip("sacrebleu")
    report = json.loads(s2s("evaluate", tagged, "--to", "en", *pair, "--json").out)
    assert (report["to"], report["sentences"]) == ("en", 2)
    for args in (
        ("translate", tagged),
        ("translate", tagged, "--to", "fr"),
        ("translate", tiny, "--to", "en"),
        ("evaluate", tagged, *pair),
        ("evaluate", tiny, "--to", "en", *pair),
    ):
        failed = s2s(*args, stdin=b"eins\n")
        assert (failed.code, failed.out, failed.err.count("\n")) == (2, b"", 1), failed
        assert failed.err.startswith("s2s: error: ")


def test_info_shows_tags_and_languages(s2s, tagged, tiny):
    shown = s2s("info", tagged).out.decode()
    assert "tags         <2en> <2it>\n" in shown
    assert "languages    src de, tgt en it\n" in shown
    assert "tags" not in s2s("info", tiny).out.decode()


@pytest.mark.parametrize("tags", ["<2en>", [1], ["<2xx>"], {"<2en>": 1}])
def test_a_card_with_wrong_tags_is_refused(tiny, tags):
    from s2s.formats.checksum import sealed
    from s2s.formats.model_file import read_model_file
    from s2s.protobuf import write_field

    card = json.dumps({**read_model_file(tiny).card, "tags": tags}).encode()
    entry = write_field(14, write_field(1, b"s2s.config") + write_field(2, card))
    with pytest.raises(ModelError, match=r"its tags are|no control piece <2xx>; it has no tags"):
        read_model_file(sealed(tiny.read_bytes() + entry))
