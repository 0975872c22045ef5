"""How good translations are: sacreBLEU's scores, by length, beside a baseline, on one page."""

from s2s.score.metrics import score

__all__ = ["score"]
