"""`checker new`: a small model that works, and its test, to start from.

Owns the two templates. Never replaces a file.
"""

from __future__ import annotations

import keyword
import sys
from pathlib import Path

from ..errors import ExitCode, UsageError
from ..source import shown_path

__all__ = ["run"]


def run(*, name: str, dir: str) -> ExitCode:
    name = name.removesuffix(".py").replace("-", "_")
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise UsageError(
            f"{name!r} cannot be the name of a model's file",
            help="use lower-case words and underscores, such as payment_inbox",
        )
    folder = Path(dir)
    files = {
        folder / f"{name}.py": _MODEL,
        folder / f"test_{name}.py": _TEST,
    }
    for file in files:
        if file.exists():
            raise UsageError(
                f"{shown_path(str(file))} exists already",
                help="choose another name, or another folder with --dir",
            )
    words = name.strip("_").split("_")
    title, class_name = " ".join(words).capitalize(), "".join(w.capitalize() for w in words)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, template in files.items():
            text = template.replace("{title}", title).replace("{class}", class_name)
            with file.open("x", encoding="utf-8") as new_file:
                new_file.write(text.replace("{name}", name))
    except OSError as problem:
        raise UsageError(f"cannot write {problem.filename}: {problem.strerror}") from problem
    model, test = (shown_path(str(file)) for file in files)
    sys.stdout.write(
        f"wrote {model}\n"
        f"wrote {test}\n\n"
        f"Next:  checker explore {model}\n"
        f"       checker explore {model} --set remember=false     it fails: see how\n"
        f"       pytest {test}\n"
    )
    return ExitCode.OK


_MODEL = '''\
"""{title}: a receiver that handles each request once, although the network repeats it.

Claim   Every request that was sent is handled, and handled once.
Faults  The network delivers a request twice.
"""

from typing import Final

from checker import (
    Bag,
    Id,
    LeadsTo,
    Model,
    action,
    at_rest,
    fault,
    invariant,
    liveness,
    when,
    witness,
)


class RequestId(Id, scope=2):
    """The key that a sender puts on a request. Keys are interchangeable."""


class {class}(Model):
    """One sender, one network, one receiver."""

    remember: Final[bool] = True  # does the receiver remember the requests it has handled?

    sent: set[RequestId] = set()
    network: Bag[RequestId] = Bag()  # counts copies; delivers in any order
    remembered: set[RequestId] = set()
    handled: Bag[RequestId] = Bag()

    @action
    def send(self, request: RequestId) -> None:
        when(request not in self.sent)
        self.sent.add(request)
        self.network.add(request)

    @action(fair="weak")
    def receive(self, request: RequestId) -> None:
        """The receiver handles and remembers in one transaction."""
        when(request in self.network)
        if not (self.remember and request in self.remembered):
            self.handled.add(request)
        self.remembered.add(request)
        self.network.remove(request)

    @fault(at_most=1)
    def duplicate(self, request: RequestId) -> None:
        """The network repeats a message that is on its way."""
        when(request in self.network)
        self.network.add(request)

    @invariant
    def no_request_is_handled_twice(self) -> bool:
        return all(self.handled.count(r) <= 1 for r in RequestId)

    @at_rest
    def nothing_is_left_undone(self) -> bool:
        """When nothing can move any more, every request has been handled."""
        return all(r in self.handled for r in self.sent)

    @witness
    def a_duplicate_is_on_its_way(self) -> bool:
        """Unless this state occurs, the invariant holds for lack of duplicates."""
        return any(self.network.count(r) > 1 for r in RequestId)

    @liveness
    def every_request_is_handled(self, request: RequestId) -> LeadsTo:
        return LeadsTo(request in self.sent, request in self.handled)
'''

_TEST = '''\
"""The model is explored whenever the tests run, so that a change that breaks it is seen."""

from checker.api import assert_fails, assert_holds

from {name} import {class}


def test_every_request_is_handled_once() -> None:
    assert_holds({class})


def test_a_receiver_without_memory_handles_a_request_twice() -> None:
    assert_fails({class}, "no_request_is_handled_twice", constants={"remember": False})
'''
