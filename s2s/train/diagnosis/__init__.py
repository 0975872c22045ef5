"""How gradients decay over time steps: ``s2s train --diagnose``."""
