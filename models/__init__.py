"""The algorithms that ship with crashproof: one model, one file."""
