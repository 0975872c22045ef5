"""Peepholes that are not 0, as they start: zeros would hide faults."""

import torch


def with_peepholes(model):
    """Draws the peepholes of a model, if it has any; all other weights stay."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "weight_ch" in name:
                weight.normal_()
    return model
