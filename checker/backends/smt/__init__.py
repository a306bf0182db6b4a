"""The SMT back end: a bound model as formulas over finite sorts.

Owns the encoding, which docs/decisions/0005-smt-encoding.md argues for. `solver.py` is the only
module of the package that imports z3, and nothing here is imported before a command needs it.
"""
