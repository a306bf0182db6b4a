"""From what a user typed to a model: finds the file, imports it, reads the class.

Owns targets: a bare word is a model of the catalogue, a path (`x.py`, `x.py:Class`) or
`package.module:Class` the user's own.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import ir, states
from ..errors import InternalError, ModelRefused, UsageError
from ..ir_verify import verify
from ..model import Model
from .expressions import lower
from .models import lower_model
from .scope import Scope
from .world import Mistake, World

__all__ = ["Loaded", "built_in_models", "load", "load_class", "parse_expression"]

BUILT_IN = "checker.models"


@dataclass(frozen=True)
class Loaded:
    """A model as the front end read it, with the Python classes behind its names."""

    model: ir.Model
    cls: type[Model]
    classes: Mapping[str, type]
    target: str

    def python_values(self, model: ir.Model | None = None) -> states.Classes:
        """What `states.decode` needs; with the scopes of a bound model, if one is given."""
        return states.Classes(self.classes, states.sort_sizes(model or self.model))


def built_in_models() -> list[str]:
    """The names of the models that ship with the package."""
    package = importlib.import_module(BUILT_IN)
    found = {path.stem for folder in package.__path__ for path in Path(folder).glob("*.py")}
    return sorted(name for name in found if not name.startswith("_"))


def load(target: str, *, keep_dead_locals: bool = False) -> Loaded:
    """The model behind a target.

    Raises: UsageError, if there is no such model; ModelRefused, if it is outside the language.
    """
    place, _, wanted = target.partition(":")
    if place.endswith(".py"):
        module = _import_file(Path(place))
    elif ":" in target or "." in place:
        module = _import_module(place)
    else:
        module = _import_built_in(place)
    found = _pick(module, wanted, target)
    return load_class(found, target=target, keep_dead_locals=keep_dead_locals)


def load_class(cls: type[Model], *, target: str = "", keep_dead_locals: bool = False) -> Loaded:
    """The model of a class. Raises: ModelRefused, with every mistake found.

    `keep_dead_locals`: the locals of processes keep values that nothing will read.
    """
    file = inspect.getsourcefile(cls)
    if file is None or not Path(file).exists():
        raise UsageError(
            f"the source of {cls.__name__} cannot be read", help="put the model into a file"
        )
    world = World(file=file, name=cls.__name__)
    node = _class_node(world.tree(file), cls)
    try:
        model = lower_model(cls, node, world, keep_dead_locals=keep_dead_locals)
    except Mistake as mistake:
        world.report(mistake)
    if world.mistakes:
        raise ModelRefused(world.mistakes)
    verify(model)
    return Loaded(model, cls, dict(world.classes), target or f"{cls.__module__}:{cls.__name__}")


def parse_expression(
    loaded: Loaded, source: str, params: Mapping[str, ir.Type], *, file: str, line: int = 1
) -> ir.Expr:
    """An expression over the state and parameters, written outside the model: a fact of a log.

    Its names are those of the model's file. Raises: ModelRefused.
    """
    world = World(file=file, name=loaded.model.name)
    world.classes = dict(loaded.classes)
    world.fields = {v.name: v.type for v in loaded.model.vars if not v.is_counter}
    world.constants = {c.name: c.type for c in loaded.model.consts}
    world.methods = {n: m for n, m in vars(loaded.cls).items() if callable(m)}
    scope = Scope(world, file, vars(sys.modules[loaded.cls.__module__]), "fact", "fact")
    scope.names = {name: ir.Arg(name, type_) for name, type_ in params.items()}
    scope.fields = {name: ir.Read(name, type_) for name, type_ in world.fields.items()}
    try:
        tree = ast.parse(source.strip(), mode="eval")
    except SyntaxError as error:
        raise UsageError(f"{file}:{line}: `{source}` is not an expression: {error.msg}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.lineno, node.end_lineno = line, line
    try:
        return lower(tree.body, scope)
    except Mistake as mistake:
        raise ModelRefused([mistake.diagnostic] if mistake.diagnostic else []) from None


# ── Finding the module ───────────────────────────────────────────────────────────────────────────


def _import_built_in(name: str) -> ModuleType:
    known = built_in_models()
    if name not in known:
        close = get_close_matches(name, known, 1)
        hint = f"did you mean `{close[0]}`? " if close else ""
        raise UsageError(
            f"there is no model `{name}`",
            help=f"{hint}the catalogue has: {', '.join(known)}; your own is a path: {name}.py",
        )
    return importlib.import_module(f"{BUILT_IN}.{name}")


def _import_file(path: Path) -> ModuleType:
    if not path.exists():
        raise UsageError(
            f"there is no file {path}", help="give the path of a Python file with a model"
        )
    path = path.resolve()
    root, name = path.parent, path.stem
    while (root / "__init__.py").exists():
        name, root = f"{root.name}.{name}", root.parent
    if "." in name:
        sys.path.insert(0, str(root))
        return _import_module(name)
    # A file on its own gets a name that no installed package has; its neighbours can be imported.
    unique = f"_crashproof_{name}_{abs(hash(str(path)))}"
    if unique in sys.modules:
        return sys.modules[unique]
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[unique]
        raise _import_failed(str(path), error) from None
    return module


def _import_module(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise UsageError(
                f"there is no module `{name}`",
                help="run from the folder that holds the package, or give the path of the file",
            ) from None
        raise _import_failed(name, error) from None
    except BaseException as error:
        raise _import_failed(name, error) from None


def _import_failed(what: str, error: BaseException) -> BaseException:
    """The user's file raised while Python ran it: say where, without our own frames."""
    if not isinstance(error, Exception | SystemExit):
        return error
    if isinstance(error, SyntaxError):
        where, message = f"{error.filename}:{error.lineno}", f"{error.msg}"
    else:
        frames = [
            f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename
        ]
        last = frames[-1] if frames else None
        where = f"{last.filename}:{last.lineno}" if last else what
        message = f"{type(error).__name__}: {error}"
    return UsageError(f"{where}: {message}", help=f"Python itself cannot import {what}")


def _pick(module: ModuleType, wanted: str, target: str) -> type[Model]:
    found = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Model) and value is not Model
    }
    own = {n: c for n, c in found.items() if c.__module__ == module.__name__} or found
    if wanted:
        if wanted not in found:
            raise UsageError(
                f"{target}: there is no model `{wanted}`",
                help=f"the file has: {', '.join(own) or 'none'}",
            )
        return found[wanted]
    if not own:
        raise UsageError(
            f"{target} has no model", help="a model is a class that inherits from checker.Model"
        )
    if len(own) > 1:
        place = target.partition(":")[0]
        choices = ", ".join(f"{place}:{name}" for name in own)
        raise UsageError(f"{target} has {len(own)} models", help=f"name one: {choices}")
    return next(iter(own.values()))


def _class_node(tree: ast.Module, cls: type[Any]) -> ast.ClassDef:
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == cls.__name__]
    if not nodes:
        raise InternalError(f"no class {cls.__name__} in its own file")
    return nodes[-1]
