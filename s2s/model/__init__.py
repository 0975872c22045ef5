"""The network in torch: encoder, attention, decoder, and the folder of a trained run."""
