"""Kernels as machine code: LLVM's optimiser and linker, the cache, and calls from Python.

Owns the only import of llvmlite. A model and the table are two modules, so that the table is
compiled once for all models of as many words. What is compiled is an object file, which `cache.py`
keeps. Calls run without the interpreter's lock.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import json
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InternalError
from . import cache, machine, visited
from .emit import Generated
from .machine import ARRAYS, ArrayOf, ChunksOf, Function, lowered

__all__ = ["Compiled", "Warming", "compiled", "kernel", "table_text"]

_MODEL = ("expand", "look", "look_at_rest", "canonical")
_TABLE = ("sift", "share_out", "insert", "collect")
_LEVEL = 2  # of LLVM's optimiser
_CODE, _FUNCTIONS = "code.o", "functions.json"


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
    model, model_kept = _unit(generated.source, _MODEL, keep)
    table, table_kept = _unit(table_text(generated.layout.words), _TABLE, keep)
    calls = {**model, **table}
    return Compiled(generated, **calls, from_cache=model_kept and table_kept)


class Warming:
    """A model and its table, compiled into the cache by another process."""

    def __init__(self, generated: Generated) -> None:
        code = f"import json, sys; from {__name__} import warm; warm(*json.load(sys.stdin))"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        try:
            given = [generated.source, generated.layout.words]
            self._process.stdin.write(json.dumps(given).encode())
            self._process.stdin.close()
        except OSError:  # it ended at once; whoever needs the code compiles it
            pass

    @property
    def done(self) -> bool:
        """Has it ended, well or not?"""
        return self._process.poll() is not None

    def stop(self) -> None:
        """What is half done is thrown away; the cache only ever holds whole entries."""
        if not self.done:
            self._process.kill()
        self._process.wait()


def warm(source: str, words: int) -> None:
    """Compile a model and its table into the cache; what such a process runs."""
    _unit(source, _MODEL, True)
    _unit(table_text(words), _TABLE, True)


def kernel(
    text: str, entries: Sequence[str], *, keep: bool = True
) -> dict[str, Callable[..., Any]]:
    """The entries of a module of functions as machine code; from the cache, if they are there."""
    return _unit(text, entries, keep)[0]


def table_text(words: int) -> str:
    """The module of the table, for states of so many words."""
    table = Path(visited.__file__).read_text(encoding="utf-8")
    return table.replace("WORDS = 1\n", f"WORDS = {words}\n", 1)


# ── Modules ──────────────────────────────────────────────────────────────────────────────────────


def _unit(
    text: str, entries: Sequence[str], keep: bool
) -> tuple[dict[str, Callable[..., Any]], bool]:
    """What Python may call of a module; was it in the cache?"""
    entry = cache.open_entry(text, f"{_version()} {' '.join(entries)}") if keep else None
    if entry is not None and entry.path is not None:
        try:
            code = (entry.path / _CODE).read_bytes()
            said = json.loads((entry.path / _FUNCTIONS).read_text(encoding="utf-8"))
            return _linked(code, [Function(*one) for one in said]), True
        except Exception:  # whatever a damaged file makes LLVM say: compile again
            entry.discard()
    lines, functions = lowered(text, entries)
    code = _object(lines)
    if entry is not None:
        said = [(one.name, one.params, one.result) for one in functions]
        with suppress(OSError), cache.new_folder() as folder:  # no room: only keeping needs it
            (folder / _CODE).write_bytes(code)
            (folder / _FUNCTIONS).write_text(json.dumps(said), encoding="utf-8")
            entry.keep(folder)
    return _linked(code, functions), False


@functools.cache
def _llvm() -> Any:
    from llvmlite import binding  # type: ignore[import-untyped,unused-ignore]

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


def _target() -> Any:
    """A new one, because an engine owns its own."""
    llvm = _llvm()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=_LEVEL,
        codemodel="jitdefault",
        jit=True,
    )


def _version() -> str:
    """Of everything that makes code out of text, for this processor."""
    llvm = _llvm()
    files = [Path(__file__), *sorted(Path(machine.__file__).parent.glob("*.py"))]
    own = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    features = llvm.get_host_cpu_features().flatten()
    return f"{llvm.llvm_version_info} {own} {llvm.get_host_cpu_name()} {features}"


def _object(lines: str) -> bytes:
    """An object file of LLVM's text."""
    llvm, target = _llvm(), _target()
    module = llvm.parse_assembly(lines)
    module.triple = target.triple
    module.data_layout = str(target.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=_LEVEL)
    passes = llvm.create_pass_builder(target, options)
    passes.getModulePassManager().run(module, passes)
    return bytes(target.emit_object(module))


def _linked(code: bytes, functions: Sequence[Function]) -> dict[str, Callable[..., Any]]:
    llvm = _llvm()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return {one.name: _callable(engine, one) for one in functions}


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────

_TYPES = {"i64": np.dtype(np.int64), "i32": np.dtype(np.int32), "i8": np.dtype(np.uint8)}
_PLACES_MAX = 512

# Where arrays are that were given before: numpy takes longer to say so than a kernel to be called.
_places: dict[int, tuple[weakref.ref[Any], ArrayOf, tuple[int, ...]]] = {}


def _callable(engine: Any, function: Function) -> Callable[..., Any]:
    """A function that Python calls with numbers and arrays; it holds the machine code."""
    kinds = [ARRAYS.get(said) for said in function.params]
    words = sum(1 if kind is None else 1 + kind.dims for kind in kinds)
    result = function.given_back
    count = result.count if isinstance(result, ChunksOf) else 0
    types = [ctypes.c_int64] * words + [ctypes.c_void_p] * bool(count)
    call = ctypes.CFUNCTYPE(ctypes.c_int64, *types)(engine.get_function_address(function.name))
    room = ctypes.c_int64 * count

    def called(*given: Any) -> Any:
        values: list[Any] = []
        for kind, one in zip(kinds, given, strict=True):
            if kind is None:
                values.append(int(one))
                continue
            known = _places.get(id(one))
            if known is None or known[0]() is not one or known[1] is not kind:
                known = _placed(function, kind, one)
            values += known[2]
        if count:
            results = room()
            call(*values, ctypes.addressof(results))
            return tuple(results)
        found = call(*values)
        return None if result is None else bool(found) if result == "bool" else found

    called.engine = engine  # type: ignore[attr-defined]  # it owns the code
    return called


def _placed(
    function: Function, kind: ArrayOf, array: Any
) -> tuple[weakref.ref[Any], ArrayOf, tuple[int, ...]]:
    if array.dtype != _TYPES[kind.element] or array.ndim != kind.dims:
        raise InternalError(f"{function.name} was given an array of another type")
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise InternalError(f"{function.name} was given a part of an array")
    if len(_places) >= _PLACES_MAX:
        _places.clear()
    found = (weakref.ref(array), kind, (array.ctypes.data, *array.shape))
    _places[id(array)] = found
    return found
