"""The gradients of a trained run as text: a table and a plot of their decay over time steps."""

from itertools import islice
from pathlib import Path

from s2s.corpus import DataConfig
from s2s.corpus.pairs import read_corpus
from s2s.corpus.stream import iterate_once
from s2s.errors import ConfigError, ModelError
from s2s.formats.run_folder import CONFIG_FILE, read_config
from s2s.model.run import load_run
from s2s.train.diagnosis.decay import gradient_decay, plot, table

SENTENCES = 20
"""Sentences in a batch; sentences of one length stand together."""
BATCHES = 20
"""Drawn evenly from the validation pairs, the shortest to the longest."""


def describe_gradients(folder: Path) -> str:
    """Measures the best weights of a run on its validation pairs.

    Raises:
        FileError: If there is no run in ``folder``, or its validation text is gone.
        ModelError: If the run is damaged.
    """
    run = load_run(folder)
    try:
        data = DataConfig.from_dict(read_config(folder)["data"])
    except (ConfigError, KeyError) as error:
        raise ModelError(f"{folder / CONFIG_FILE} is damaged: {error}") from error
    sample = []
    for config in data.validation:
        corpus = read_corpus(
            config, run.tokenizer, max_pieces=data.max_pieces, max_ratio=data.ratio
        )
        longest = int(corpus.tgt.lengths().max())
        batches = list(iterate_once(corpus, SENTENCES * longest))
        sample += list(islice(batches, 0, None, max(1, len(batches) // BATCHES)))
    decay = gradient_decay(run.model, sample)
    return f"{table(decay)}\n\n{plot(decay)}"
