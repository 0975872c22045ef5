"""Searches with torch in run folders' networks: the only runtime module that imports torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from s2s.config import BOS_ID, PAD_ID, SearchConfig
from s2s.errors import DeviceError
from s2s.model.alignment import read_attention
from s2s.model.ensemble import Ensemble, joint_card, load_runs
from s2s.model.memory import is_out_of_memory
from s2s.model.tf32 import allow_tf32
from s2s.model.threads import limit_threads
from s2s.runtime.backend import BatchSize, SearchBatch, SearchOutput
from s2s.search.beam import Hypotheses, StepModel, beam_search
from s2s.search.candidates import Constraints


class TorchBackend:
    """The reference search, one batch at a time."""

    def __init__(self, folders: Sequence[Path], device: str, threads: int | None) -> None:
        """Loads the best weights of a run, or of several that translate together.

        Args:
            folders: The runs; the first one gives the search settings and the tokenizer.
            device: ``cpu`` or ``cuda``.
            threads: Cores of a batch, set for all of torch in this process. None leaves torch as
                it is, with no more threads than cores.

        Raises:
            DeviceError: If there is no CUDA and ``device`` asks for it.
            FileError: If the folder or a file is missing.
            ModelError: If a file is damaged, or the runs' vocabularies differ.
        """
        if device == "cuda" and not torch.cuda.is_available():
            raise DeviceError(
                "torch finds no CUDA device; use --device cpu, or install torch with CUDA"
            )
        limit_threads(threads)
        runs = load_runs(folders)
        self.card = joint_card(runs)
        """The description of the runs together: JSON values."""
        self.tokenizer, self.recommended = runs[0].tokenizer, runs[0].search
        self.workers = 1
        self.gives_attention = True
        self.batch_size = BatchSize(2048, 1024) if device == "cpu" else BatchSize(16384, 8192)
        self._device = device
        if device == "cuda":  # translations are then those of a CPU, as far as a GPU can
            allow_tf32(False)
        self._models = [run.model.to(device) for run in runs]
        self._model: StepModel[Any, Any] = (
            self._models[0] if len(runs) == 1 else Ensemble(self._models)
        )

    def search(
        self, batch: SearchBatch, config: SearchConfig, *, details: bool = False
    ) -> SearchOutput:
        """As the protocol says.

        Raises:
            DeviceError: If the device's memory is too small.
        """
        src, src_lengths, prefix, bias = (
            None if array is None else torch.from_numpy(array).to(self._device) for array in batch
        )
        assert src is not None and src_lengths is not None
        constraints = None if prefix is None and bias is None else Constraints(prefix, bias)
        try:
            beams = beam_search(self._model, src, src_lengths, config, constraints)
            attention = self._attention(src, src_lengths, beams) if details else None
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceError(
                "the GPU does not have enough memory; lower batch_tokens, or use --device cpu"
            ) from error
        return SearchOutput(
            hypotheses=beams.tokens.cpu().numpy(),
            lengths=beams.lengths.cpu().numpy(),
            scores=beams.scores.cpu().numpy(),
            log_probs=beams.log_probs.cpu().numpy() if details else None,
            attention=None if attention is None else attention.cpu().numpy(),
        )

    def _attention(self, src: Tensor, src_lengths: Tensor, beams: Hypotheses) -> Tensor:
        """Returns (batch, beam, tgt_len, src_len), 0 on padding; an ensemble's is the mean."""
        beam_size = beams.tokens.shape[1]
        tokens = beams.tokens.flatten(0, 1)
        begin = torch.full_like(tokens[:, :1], BOS_ID)
        tgt_in = torch.cat([begin, tokens[:, :-1]], dim=1)
        rows = (src.repeat_interleave(beam_size, 0), src_lengths.repeat_interleave(beam_size, 0))
        attentions = [read_attention(model, *rows, tgt_in) for model in self._models]
        mean = torch.stack(attentions).mean(dim=0).view(*beams.tokens.shape, -1)
        return mean * (beams.tokens > PAD_ID)[..., None]
