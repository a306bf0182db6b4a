"""Generated source to machine code, by numba.

Owns the only import of numba, and how functions are compiled: without the interpreter's lock, with
numpy's error model (division is checked in generated code), for fixed types, without the wrappers
that nobody calls. The model and the table are two modules, so that the table is compiled once for
all models of as many words. What is compiled is kept by `cache.py`.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ...errors import InternalError
from . import cache, visited
from .division import apart, calls_of
from .emit import Generated

__all__ = ["Compiled", "Warming", "compiled", "kernel", "table_text"]

_ENTRIES = ("expand", "look", "look_at_rest", "canonical", "sift", "share_out", "insert", "collect")
_TABLE = ("hash_of", "sift", "share_out", "put", "grow", "insert", "collect")


@dataclass(frozen=True)
class Compiled:
    """The entry points of a generated module and of its table, as machine code."""

    generated: Generated
    expand: Any
    look: Any
    look_at_rest: Any
    sift: Any
    share_out: Any
    insert: Any
    collect: Any
    from_cache: bool
    canonical: Any = None  # of a module that was generated with sorts to rename


def compiled(generated: Generated, *, keep: bool = True) -> Compiled:
    """Machine code for the module; from the cache, if it is there and whole.

    With `keep=False`, nothing is read from the cache or left in it.
    """
    text = table_text(generated.layout.words)
    # The table is compiled beside the model, on another core, the first time that it is needed.
    beside = _Compiling(warm, text, _TABLE) if keep and not _is_kept(text) else None
    try:
        model, known = _unit(generated.source, generated.functions, keep)
        if beside is not None:
            beside.wait()
    finally:
        if beside is not None:
            beside.stop()
    table, table_known = _unit(text, _TABLE, keep)
    return Compiled(
        generated=generated,
        expand=model.expand,
        look=model.look,
        look_at_rest=model.look_at_rest,
        sift=table.sift,
        share_out=table.share_out,
        insert=table.insert,
        collect=table.collect,
        from_cache=known and table_known and beside is None,
        canonical=getattr(model, "canonical", None),
    )


class _Compiling:
    """A process of its own that runs a function of this module, which compiles into a cache."""

    def __init__(self, function: Callable[..., None], *given: Any) -> None:
        name = function.__name__
        code = f"import json, sys; from {__name__} import {name}; {name}(*json.load(sys.stdin))"
        command = [sys.executable, "-c", code]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(given).encode())
            self._process.stdin.close()
        except OSError:  # it ended at once; whoever needs the code compiles it
            pass

    @property
    def done(self) -> bool:
        """Has it ended, well or not?"""
        return self._process.poll() is not None

    def wait(self) -> None:
        self._process.wait()

    def stop(self) -> None:
        """What is half done is thrown away; the cache only ever holds whole entries."""
        if not self.done:
            self._process.kill()
        self._process.wait()


class Warming:
    """A model and its table, compiled into the cache while something else runs here."""

    def __init__(self, generated: Generated) -> None:
        units = [
            (generated.source, generated.functions),
            (table_text(generated.layout.words), _TABLE),
        ]
        # Whether they are there already is asked in the processes: to ask takes all of numba.
        self._parts = [_Compiling(warm, text, names) for text, names in units]

    @property
    def done(self) -> bool:
        """Is nothing being compiled any more?"""
        return all(part.done for part in self._parts)

    def stop(self) -> None:
        for part in self._parts:
            part.stop()


def warm(text: str, functions: Sequence[str]) -> None:
    """Compile a module into the cache; what such a process runs."""
    _unit(text, functions, True)


def warm_part(file: str, functions: Sequence[str], part: Sequence[str]) -> None:
    """Compile a part of a module; what such a process runs. numba keeps it beside the file."""
    text = Path(file).read_text(encoding="utf-8")
    module, calls = _imported(Path(file), text), calls_of(text, functions)
    needed = set(part).union(*(calls[name] for name in part))
    for name in functions:
        if name in needed:
            _compile(module, name, entry=name in _ENTRIES, kept=name in part)


def kernel(text: str, functions: Mapping[str, bool], *, keep: bool = True) -> Any:
    """A hand-written module as machine code; from the cache, if it is there and whole.

    `functions`: their names, called ones first, and which of them Python may call. Their parameters
    are numbers or arrays of them, and say so: `int`, `Numbers`, `Rows`, `Bytes`, `Text`.
    """
    entries = [name for name, is_called in functions.items() if is_called]
    return _unit(text, tuple(functions), keep, entries)[0]


def _is_kept(text: str) -> bool:
    import numba

    return cache.open_entry(text, numba.__version__).path is not None


def table_text(words: int) -> str:
    """The module of the table, for states of so many words."""
    table = Path(visited.__file__).read_text(encoding="utf-8")
    return table.replace("WORDS = 1\n", f"WORDS = {words}\n", 1)


def _unit(
    text: str, functions: Sequence[str], keep: bool, entries: Sequence[str] = _ENTRIES
) -> tuple[Any, bool]:
    """The module with its functions compiled; was it in the cache? `entries`: those that Python
    calls, and maybe others.
    """
    import numba

    entry = cache.open_entry(text, numba.__version__) if keep else None
    if entry is not None and entry.path is not None:
        try:
            return _load(entry.path / cache.MODULE, text, functions, entries, stored=True), True
        except Exception:  # whatever a damaged file makes numba say: compile again
            entry.discard()
    try:
        with cache.new_folder() as folder:
            file = folder / cache.MODULE
            file.write_text(text, encoding="utf-8")
            made = _load(file, text, functions, entries, stored=False)
            if entry is not None:
                entry.keep(folder)
    except OSError:  # no room on the disk: machine code needs none, only keeping it does
        made = _load(None, text, functions, entries, stored=False)
    return made, False


@functools.cache
def _signatures() -> dict[str, tuple[Any, ...]]:
    from numba import types

    words = types.Array(types.int64, 2, "C")
    numbers, tags = types.Array(types.int64, 1, "C"), types.Array(types.int32, 1, "C")
    flags, n = types.Array(types.uint8, 1, "C"), types.int64
    shared, shared_tags = types.Array(types.int64, 3, "C"), types.Array(types.int32, 2, "C")
    shared_flags = types.Array(types.uint8, 2, "C")
    return {
        "expand": (words, n, n, words, tags, numbers, flags),
        "look": (words, n, n, numbers),
        "look_at_rest": (words, flags, n, n, numbers),
        "hash_of": (words, n),
        "put": (numbers, n, words, n),
        "grow": (numbers, n, numbers, numbers, n),
        "canonical": (words, numbers, n, *(numbers,) * 5, words, words),
        "renamed": (words, n, numbers, words, n),
        "painted": (words, n, numbers),
        "mixed": (n, n),
        "next_order": (numbers, n, n),
        "arrange": (words, n, numbers, numbers, numbers),
        "are_alike": (words, n, numbers, n, n, numbers, words),
        "least": (words, n, numbers, words, n, numbers, words),
        "sift": (words, n, n, words, tags, numbers, words, numbers, tags, numbers, numbers),
        "share_out": (
            *(words, tags, numbers, n, n, tags),
            *(shared, shared_tags, words, numbers, flags, n),
        ),
        "insert": (
            *(numbers, n, n, numbers, numbers),
            *(words, tags, numbers, n, flags, n, tags, numbers, numbers),
        ),
        "collect": (shared, shared_flags, flags, n, n, numbers, words, n),
    }


@functools.cache
def _passes() -> Any:
    """numba's passes without those that rewrite what generated code never contains (closures, numpy
    expressions, names of changing types). They took a fifth of the time.
    """
    from numba.core import typed_passes, untyped_passes
    from numba.core.compiler import CompilerBase
    from numba.core.compiler_machinery import PassManager

    wanted = [
        (untyped_passes.TranslateByteCode, "bytecode"),
        (untyped_passes.FixupArgs, "arguments"),
        (untyped_passes.IRProcessing, "intermediate form"),
        (typed_passes.NopythonTypeInference, "types"),
        (typed_passes.AnnotateTypes, "notes on types"),
        (typed_passes.IRLegalization, "legal forms"),
        (typed_passes.NativeLowering, "LLVM"),
        (typed_passes.NoPythonBackend, "machine code"),
    ]

    manager: Any = PassManager  # numba has no types

    def define_pipelines(self: Any) -> list[Any]:
        passes = manager("crashproof")
        for one, name in wanted:
            passes.add_pass(one, name)
        passes.finalize()
        return [passes]

    return type("Pipeline", (CompilerBase,), {"define_pipelines": define_pipelines})


def _annotated(function: Any) -> tuple[Any, ...] | None:
    """The signature that the types of the parameters say, if they do. Without one, numba would
    compile a function again for each literal that it is called with.
    """
    from numba import types

    known: dict[str, Any] = {
        "int": types.int64,
        "bool": types.boolean,
        "Rows": types.Array(types.int64, 2, "C"),
        "Tags": types.Array(types.int32, 1, "C"),
        "Numbers": types.Array(types.int64, 1, "C"),
        "Bytes": types.Array(types.uint8, 1, "C"),
        "Text": types.Array(types.uint8, 1, "C", readonly=True),
    }
    wide_type: Any = types.UniTuple
    texts = [function.__annotations__.get(name) for name in inspect.signature(function).parameters]
    found = []
    for text in texts:
        wide = re.fullmatch(r"Chunks\[(\d+)\]", text or "")
        if wide is None and text not in known:
            return None
        found.append(wide_type(types.int64, int(wide[1])) if wide else known[text])
    return tuple(found)


def _load(
    file: Path | None, text: str, functions: Sequence[str], entries: Sequence[str], *, stored: bool
) -> Any:
    """Import the file and give its functions to numba, called ones first. Without a file, nothing
    is kept.
    """
    module = _imported(file, text)
    if stored:  # the code of an entry holds all that it calls
        for name in functions:
            if name in entries and not _compile(module, name, entry=True, kept=True):
                raise InternalError("the cache holds code for another machine")
        return module
    calls = calls_of(text, functions)
    part = apart(text, calls) if file is not None else frozenset()
    later = [name for name in functions if name in part or part & calls[name]]

    def compile_here(name: str) -> None:
        entry = name in entries
        _compile(module, name, entry=entry, kept=file is not None and (entry or name in part))

    beside = _Compiling(warm_part, str(file), functions, sorted(part)) if part else None
    try:
        for name in functions:
            if name not in later:
                compile_here(name)
        if beside is not None:
            beside.wait()
    finally:
        if beside is not None:
            beside.stop()
    for name in later:  # what the other process did is in numba's cache; if it failed, it is not
        compile_here(name)
    return module


def _compile(module: Any, name: str, *, entry: bool, kept: bool) -> bool:
    """Compile a function whose callees are compiled; was it in the cache of numba?"""
    import numba

    # Half of the time to compile goes into wrappers, of which only the entries need one.
    options: Any = {"no_cfunc_wrapper": True, "no_cpython_wrapper": not entry, "cache": kept}
    options["pipeline_class"] = _passes()
    function = getattr(module, name)
    signature = _annotated(function) or _signatures().get(name)
    given: Any = None if signature is None else [signature]
    made = numba.njit(given, nogil=True, error_model="numpy", **options)(function)
    setattr(module, name, made)
    return bool(made.stats.cache_hits)


def _imported(file: Path | None, text: str) -> ModuleType:
    # numba looks for the module by name when it loads from its cache, so the name has to be the
    # same in every process, and two models must not share one.
    name = f"_crashproof_native_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if file is None:
        bare = ModuleType(name)
        exec(compile(text, f"<{name}>", "exec"), bare.__dict__)
        return bare
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InternalError(f"cannot import {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = written
    return module
