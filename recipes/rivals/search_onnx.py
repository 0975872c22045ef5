"""A search of s2s in onnxruntime: the runtime's own backend, one core a batch."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from search_turns import Ids, read_job, serve

from s2s.config import SearchConfig
from s2s.formats.model_file import ModelFile
from s2s.formats.onnx_header import read_header
from s2s.runtime.backend import SearchBatch, SearchOutput
from s2s.runtime.onnx_backend import OnnxBackend


def main() -> None:
    """Loads the file and serves passes."""
    batches, settings = read_job()
    data = Path(settings.model).read_bytes()
    # A graph without metadata: ids are all that is asked for here.
    file: Any = SimpleNamespace(
        name=settings.model,
        data=data,
        header=read_header(data),
        card={"options": []},
        tokenizer=SimpleNamespace(tgt_vocab_size=2**31),  # of a vocabulary of any size
    )
    backend = OnnxBackend(cast(ModelFile, file), "cpu", settings.threads)
    config = SearchConfig(beam_size=settings.beam, max_length=settings.pieces)
    pool = ThreadPoolExecutor(settings.threads)

    def run(src: Ids) -> SearchOutput:
        return backend.search(SearchBatch(src, np.full(len(src), src.shape[1])), config)

    def search(src: Ids) -> int:
        # As the translator does: a batch is shared out among the cores.
        parts = np.array_split(src, min(settings.threads, len(src)))
        found = list(pool.map(run, parts)) if len(parts) > 1 else [run(src)]
        return sum(int(each.lengths[:, 0].sum()) for each in found)

    serve(batches, search)


if __name__ == "__main__":
    main()
