"""Proofs with the SMT back end: bounded checks, k-induction, strengthening, reachability."""
