"""Which engine answers: the reference at once, the compiled one when a model turns out large.

Owns `--engine`. With `auto` the reference begins; after a moment the native engine compiles in a
process of its own, and takes over from the beginning when it is ready. What was already told is
not told again. A model that the native engine cannot hold stays with the reference, and the
outcome says why.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ...backends.python import Program
from ...errors import UsageError
from ..limits import NO_LIMITS, Limits, Progress
from ..outcome import Outcome, PropertyResult
from ..search import explore
from ..symmetry import symmetry_of

if TYPE_CHECKING:
    from ...backends.native.compile import Warming
    from ...backends.native.emit import Generated
    from .checkpoint import Checkpoint

__all__ = ["PATIENT_S", "explore_with", "threads_default"]

_ALONE_S = 0.8  # a search that the reference ends within this time is never compiled
PATIENT_S = 2.0  # the same, where models are checked in numbers and not waited for
_THREADS_MAX = 8  # more have not been measured


def threads_default() -> int:
    """One for each core that this process may use."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    return min(cores, _THREADS_MAX)


def explore_with(
    engine: str,
    program: Program,
    *,
    threads: int | None = None,
    cross_check_every: int | None = None,
    limits: Limits = NO_LIMITS,
    stop_at_first: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_violation: Callable[[PropertyResult], None] | None = None,
    off: tuple[str, ...] = (),
    checkpoint: Checkpoint | None = None,
    symmetry: bool = False,
    alone_s: float | None = None,
) -> Outcome:
    """As `explore.search.explore`, by the engine `reference`, `native` or `auto`.

    With `cross_check_every=N`, the reference repeats the steps of every N-th state that the native
    engine expands. With a `checkpoint`, `auto` is the native engine. With `auto` nothing is
    compiled before `alone_s` seconds; who runs many models, one after the other, can be more
    patient than a person who waits for one.

    Raises: UsageError, if the model has no initial state, or if `native` cannot hold it.
    """
    run = _Run(program, threads or threads_default(), limits, stop_at_first, off)
    run.on_progress, run.on_violation = on_progress, on_violation
    run.cross_check_every = cross_check_every
    run.checkpoint = checkpoint
    run.symmetry = symmetry
    run.alone_s = _ALONE_S if alone_s is None else alone_s
    if engine == "reference":
        if checkpoint is not None:
            raise UsageError("only the native engine makes checkpoints", help="--engine native")
        return run.reference()
    return run.automatic() if engine == "auto" and checkpoint is None else run.native()


class _HandOver(Exception):
    """The native engine is ready."""


@dataclass
class _Run:
    program: Program
    threads: int
    limits: Limits
    stop_at_first: bool
    off: tuple[str, ...]
    on_progress: Callable[[Progress], None] | None = None
    on_violation: Callable[[PropertyResult], None] | None = None
    cross_check_every: int | None = None
    checkpoint: Checkpoint | None = None
    symmetry: bool = False
    alone_s: float = _ALONE_S
    told: set[str] = field(default_factory=set)
    warming: Warming | None = None
    refusal: str = ""

    # ── The engines ──

    def reference(self, on_progress: Callable[[Progress], None] | None = None) -> Outcome:
        return explore(
            self.program,
            limits=self.limits,
            stop_at_first=self.stop_at_first,
            on_progress=on_progress or self.on_progress,
            on_violation=self._tell,
            off=self.off,
            symmetry=self.symmetry,
        )

    def native(self) -> Outcome:
        from ...backends.native.compile import compiled
        from .search import explore_native

        generated = self._generated()
        if generated is None:
            raise UsageError(
                f"the native engine cannot hold {self.program.model.name}: {self.refusal}",
                help="--engine reference can, and --engine auto chooses it",
            )
        return explore_native(
            self.program,
            compiled(generated),
            threads=self.threads,
            cross_check_every=self.cross_check_every,
            limits=self.limits,
            stop_at_first=self.stop_at_first,
            on_progress=self.on_progress,
            on_violation=self._tell,
            off=self.off,
            checkpoint=self.checkpoint,
            symmetry=self.symmetry,
        )

    def _generated(self) -> Generated | None:
        """None, with `refusal`, if the native engine cannot hold the model."""
        from ...backends.native.emit import generate
        from ...backends.native.shapes import Unsupported

        used = symmetry_of(self.program.model)[0] if self.symmetry else None
        try:
            return generate(self.program.model, sorts=used.sorts if used is not None else ())
        except Unsupported as problem:
            self.refusal = str(problem)
            return None

    # ── Handing over ──

    def automatic(self) -> Outcome:
        """The reference, until the native engine is ready."""
        try:
            with suppress(_HandOver):
                outcome = self.reference(self._progressed)
                if self.refusal:
                    return replace(outcome, engine=f"reference (not native: {self.refusal})")
                return outcome
        finally:
            if self.warming is not None:
                self.warming.stop()
        return self.native()

    def _progressed(self, progress: Progress) -> None:
        if self.on_progress is not None:
            self.on_progress(progress)
        if self.warming is not None:
            if self.warming.done:
                raise _HandOver
        elif not self.refusal and progress.seconds >= self.alone_s:
            self._warm()

    def _warm(self) -> None:
        generated = self._generated()
        if generated is None:
            return
        try:
            from ...backends.native.compile import Warming
        except ImportError:
            self.refusal = "llvmlite is not installed"
            return
        self.warming = Warming(generated)

    def _tell(self, result: PropertyResult) -> None:
        """Each violation once, whichever engine finds it first."""
        if result.name in self.told:
            return
        self.told.add(result.name)
        if self.on_violation is not None:
            self.on_violation(result)
