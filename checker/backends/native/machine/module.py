"""A module of functions, and how Python calls those that it may."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .kinds import ChunksOf, Function, Module, kind_of, said_of, type_of, words_of
from .statements import Body

__all__ = ["lowered"]


def lowered(text: str, entries: Sequence[str]) -> tuple[str, list[Function]]:
    """LLVM's text for a module of functions, called ones first, and the entries among them.

    An entry is called as in C, by its own name. It gets ints (of an array: its address and its
    lengths) and gives an int; several go to an address that it gets last.

    Raises: InternalError, for anything outside of the subset.
    """
    tree = ast.parse(text)
    module = Module()
    for node in tree.body:
        match node:
            case ast.Assign([target], value):
                _give_constant(module, target, value)
            case ast.FunctionDef():
                _give_function(module, node)
    found = [module.functions[name] for name in entries if name in module.functions]
    declared = ["declare ptr @malloc(i64)", "declare void @free(ptr)"]
    return "\n".join([*module.texts, *map(_entry_text, found), *declared]), found


def _give_constant(module: Module, target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name) and ast.unparse(value) == "np.uint64":
        module.unsigned.add(target.id)
        return
    try:
        code = compile(ast.Expression(value), "<constant>", "eval")
        known = eval(code, {"__builtins__": {}}, {**module.constants, **module.tables})
    except Exception:  # of Python alone, as `__all__` and names of types
        return
    match target, known:
        case ast.Name(name), int():
            module.constants[name] = known
        case ast.Tuple(parts), tuple():
            for part, one in zip(parts, known, strict=True):
                if isinstance(part, ast.Name) and isinstance(one, int):
                    module.constants[part.id] = one
        case ast.Name(name), tuple() if all(isinstance(one, int) for one in known):
            module.tables[name] = known
            held = ", ".join(f"i64 {one}" for one in known)
            module.texts.append(
                f"@{name} = internal unnamed_addr constant [{len(known)} x i64] [{held}]"
            )


def _give_function(module: Module, node: ast.FunctionDef) -> None:
    said = [ast.unparse(arg.annotation) if arg.annotation else "" for arg in node.args.args]
    writer = Body(module, node, tuple(map(kind_of, said)))
    module.texts.append(writer.text())
    module.functions[node.name] = Function(node.name, tuple(said), said_of(writer.result))


def _entry_text(function: Function) -> str:
    """The function as C calls it: all words are ints, and several results go to an address."""
    given: list[str] = []
    taken: list[str] = []
    lines: list[str] = []
    for kind in function.kinds:
        for word in words_of(kind, ""):
            type_ = word.split(" ")[0]
            text = f"%a{len(taken)}"
            taken.append(f"i64 {text}")
            if type_ != "i64":
                how = "inttoptr" if type_ == "ptr" else "trunc"
                lines.append(f"  {text}.t = {how} i64 {text} to {type_}")
                text += ".t"
            given.append(f"{type_} {text}")
    type_ = type_of(function.given_back)
    call = f"call {type_} @f.{function.name}({', '.join(given)})"
    match function.given_back:
        case None:
            lines += [f"  {call}", "  ret i64 0"]
        case ChunksOf(count):
            taken.append("ptr %results")
            lines.append(f"  %result = {call}")
            for n in range(count):
                lines += [
                    f"  %r{n} = extractvalue {type_} %result, {n}",
                    f"  %p{n} = getelementptr i64, ptr %results, i64 {n}",
                    f"  store i64 %r{n}, ptr %p{n}",
                ]
            lines.append("  ret i64 0")
        case "bool":
            lines += [f"  %result = {call}", "  %wide = zext i1 %result to i64", "  ret i64 %wide"]
        case _:
            lines += [f"  %result = {call}", "  ret i64 %result"]
    head = f"define i64 @{function.name}({', '.join(taken)}) nounwind {{"
    return "\n".join([head, *lines, "}", ""])
