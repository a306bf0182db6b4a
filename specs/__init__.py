"""The TLA+ twins of the models, kept as package data."""
