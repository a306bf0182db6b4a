"""Python over machine integers, as LLVM's text.

Owns the subset of Python that generated and hand-written kernels keep to, and what it means: ints
of 64 bits that lose what does not fit, bools, `np.uint64`, arrays that are as their parameters say,
and tuples of ints. A name has one type, that of its first assignment in the text; an index is never
negative; a division by zero gives 0, and a shift by 64 or more gives anything, unless nobody uses
it. Whatever else Python has is refused, never guessed at.

Works on text alone: what it writes is compiled by `compile.py`.
"""

from .kinds import ARRAYS, ArrayOf, ChunksOf, Function
from .module import lowered

__all__ = ["ARRAYS", "ArrayOf", "ChunksOf", "Function", "lowered"]
