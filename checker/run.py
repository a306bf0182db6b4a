"""One run: from a target and what was asked of it to a model that an engine can take.

Owns the order of the steps (load, choose the variant, bind) for the command line and for the Python
API alike. Prints nothing, searches nothing and decides no exit code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import ir
from .catalogue import closest
from .errors import UsageError
from .frontend import Loaded, load, load_class
from .model import Model
from .passes.bind import bind, parse_constant
from .states import Value, encode, show, sort_sizes

if TYPE_CHECKING:
    from .manifest import Variant

__all__ = ["Prepared", "Request", "constant_texts", "prepare"]


@dataclass(frozen=True)
class Request:
    """What a user asked for. Constants are texts as `--set` takes them, or values of Python."""

    target: str | type[Model]
    variant: str = ""
    constants: Mapping[str, object] = field(default_factory=dict)
    scopes: Mapping[str, int] = field(default_factory=dict)
    no_faults: tuple[str, ...] = ()
    keep_dead_locals: bool = False


@dataclass(frozen=True)
class Prepared:
    """A bound model, and what it was made from."""

    request: Request
    loaded: Loaded
    model: ir.Model

    @property
    def target(self) -> str:
        return self.loaded.target


def prepare(request: Request) -> Prepared:
    """Raises: UsageError or ModelRefused, before anything is searched."""
    target = request.target
    keep = request.keep_dead_locals
    loaded = (
        load(target, keep_dead_locals=keep)
        if isinstance(target, str)
        else load_class(target, keep_dead_locals=keep)
    )
    given: dict[str, object] = {}
    if request.variant:
        given.update(_variant(target, request.variant).constants)
    given.update(request.constants)
    constants = {name: _constant(loaded.model, name, value) for name, value in given.items()}
    model = bind(
        loaded.model,
        constants=constants,
        scopes=request.scopes,
        no_faults=request.no_faults,
    )
    return Prepared(request, loaded, model)


def constant_texts(model: ir.Model) -> dict[str, str]:
    """The constants of a bound model as texts."""
    return {c.name: show(c.value, c.type) for c in model.consts}


def _variant(target: object, name: str) -> Variant:
    from . import manifest  # it brings verdicts and counts

    known = manifest.built_in().models
    if not isinstance(target, str) or target not in known:
        raise UsageError(
            f"{target} has no variant {name!r}: only built-in models have variants",
            help="give its constants with --set",
        )
    return known[target].variant(name)


def _constant(model: ir.Model, name: str, value: object) -> Value:
    decl = next((c for c in model.consts if c.name == name), None)
    if decl is None:
        names = [c.name for c in model.consts]
        listed = f"it has {', '.join(names)}{closest(name, names)}" if names else "it has none"
        raise UsageError(f"{model.name} has no constant {name!r}", help=listed)
    if isinstance(value, str):
        return parse_constant(decl, value)
    try:
        return encode(value, decl.type, sort_sizes(model))
    except (AttributeError, TypeError, StopIteration) as problem:
        raise UsageError(f"the constant {name!r} of {model.name} cannot be {value!r}") from problem
