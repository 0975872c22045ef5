import pytest
from made_up_pairs import make_sources, translate, write_pairs

from s2s.config import TokenizerConfig
from s2s.corpus import CorpusConfig
from s2s.tokenizer.learn import train_tokenizer


@pytest.fixture
def write(tmp_path):
    """Writes pairs to files; returns a corpus's settings."""

    def write(pairs, name="train", **settings):
        src, tgt = write_pairs(tmp_path, name, pairs)
        return CorpusConfig(src=src, tgt=tgt, **settings)

    return write


@pytest.fixture(scope="session")
def pairs():
    """3,000 pairs, all of them different."""
    sources = (f"{source} {number}" for number, source in enumerate(make_sources(3000, 1)))
    return [(source, translate(source)) for source in sources]


@pytest.fixture(scope="session")
def tokenizer(pairs):
    """A joint vocabulary with tags."""
    config = TokenizerConfig(vocab_size=120)
    return train_tokenizer(*zip(*pairs, strict=True), config, 1, ["<2de>", "<2fr>"])
