"""Where things are, whatever folder a test moves to."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""
DATA = ROOT / "tests" / "data"
"""Small model files and run folders of each release."""
RECIPES = ROOT / "recipes"
SHARED_DATA = ROOT.parent / "shared" / "data"
"""Corpora beside the checkout, which a few tests read; they are skipped where there are none."""
