"""The reference search in torch; ``s2s_export.search`` writes the same search as an ONNX graph."""

from s2s.search.beam import beam_search

__all__ = ["beam_search"]
