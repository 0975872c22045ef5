import pytest
from made_up_pairs import make_sources, translate, write_pairs


@pytest.fixture
def corpus_folder(tmp_path):
    """A folder with train.xx, train.yy, val.xx and val.yy."""
    for name, count, seed in (("train", 300, 1), ("val", 30, 2)):
        sources = make_sources(count, seed)
        write_pairs(tmp_path, name, [(source, translate(source)) for source in sources])
    return tmp_path
