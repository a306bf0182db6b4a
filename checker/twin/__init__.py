"""The model held against its TLA+ twin, with TLC as the judge of the twin."""
