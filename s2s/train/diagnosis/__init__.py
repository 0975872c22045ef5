"""Measurements of gradients.

Every training records their norms by layer; ``s2s train --diagnose`` shows how they decay over time
steps.
"""
