"""A search of s2s in torch: the reference."""

import torch
from search_turns import Ids, read_job, serve
from untrained import untrained

from s2s.config import SearchConfig
from s2s.model.run import load_run
from s2s.search.beam import beam_search


def main() -> None:
    """Loads the run and serves passes."""
    batches, settings = read_job()
    torch.set_num_threads(settings.threads)
    model = load_run(settings.run).model if settings.run else untrained(settings.cell)
    config = SearchConfig(beam_size=settings.beam, max_length=settings.pieces)

    def search(src: Ids) -> int:
        lengths = torch.full((len(src),), src.shape[1])
        return int(beam_search(model, torch.from_numpy(src), lengths, config).lengths[:, 0].sum())

    serve(batches, search)


if __name__ == "__main__":
    main()
