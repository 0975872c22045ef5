"""Searches with torch in run folders' networks: the only runtime module that imports torch."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from s2s.backends import Found
from s2s.batching import BatchSize
from s2s.config import SearchConfig
from s2s.errors import DeviceError
from s2s.model.ensemble import Ensemble, joint_card, load_runs
from s2s.search import StepModel, beam_search


class TorchBackend:
    """The reference search, one batch at a time."""

    def __init__(self, folders: Sequence[Path], device: str, threads: int | None) -> None:
        """Loads the best weights of a run, or of several that translate together.

        Args:
            folders: The runs; search settings and tokenizer are those of the first.
            device: ``cpu`` or ``cuda``.
            threads: Cores of a batch; it holds for all of torch in this process. None leaves
                torch as it is.

        Raises:
            DeviceError: If there is no CUDA and ``device`` asks for it.
            FileError: If the folder or a file is missing.
            ModelError: If a file is damaged, or the runs' vocabularies differ.
        """
        if device == "cuda" and not torch.cuda.is_available():
            raise DeviceError("torch finds no CUDA device; use --device cpu, or a torch with CUDA")
        if threads is not None:
            torch.set_num_threads(threads)
        runs = load_runs(folders)
        self.card = joint_card(runs)
        """What the runs say about themselves together: JSON values."""
        self.tokenizer, self.recommended = runs[0].tokenizer, runs[0].search
        self.workers = 1
        self.batch_size = BatchSize(2048, 1024) if device == "cpu" else BatchSize(16384, 8192)
        self._device = device
        models = [run.model.to(device) for run in runs]
        self._model: StepModel[Any, Any] = models[0] if len(models) == 1 else Ensemble(models)

    def search(
        self, src: NDArray[np.int64], src_lengths: NDArray[np.int64], config: SearchConfig
    ) -> Found:
        """As the protocol says; the limits of length are the first run's own.

        Raises:
            DeviceError: If the device's memory is too small.
        """
        own = dataclasses.replace(
            self.recommended,
            beam_size=config.beam_size,
            length_penalty=config.length_penalty,
            max_length=config.max_length,
        )
        try:
            found = beam_search(
                self._model,
                torch.from_numpy(src).to(self._device),
                torch.from_numpy(src_lengths).to(self._device),
                own,
            )
        except torch.cuda.OutOfMemoryError as error:
            raise DeviceError("the GPU has too little memory; use smaller batches") from error
        return Found(
            found.tokens.cpu().numpy(), found.lengths.cpu().numpy(), found.scores.cpu().numpy()
        )
