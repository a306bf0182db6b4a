"""Starting and ending child processes: servers and services alike.

Owns three promises. A child is ended by its own process id or group, never by name. A child does
not hear the terminal's Ctrl-C, because it leads a session of its own: the driver decides who ends
when. And a child does not outlive the driver, even one that was killed with SIGKILL itself.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


@dataclass(frozen=True)
class User:
    """Another account to run a child as; only root may."""

    uid: int
    gid: int


def _end_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """A hook for the new child: the kernel sends it `number` when the driver dies.

    Linux only. Elsewhere a driver that is killed with SIGKILL leaves its children behind.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded here: between fork and exec a child should do very little

    def hook() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number))

    return hook


def start(
    command: Sequence[str | Path],
    *,
    output: Path,
    environment: Mapping[str, str],
    user: User | None = None,
    end_by: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a child whose output goes to a file, so that an unread pipe can never block it."""
    with output.open("ab") as sink:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd="/",  # an unprivileged user may not enter the current folder
            env=environment,
            start_new_session=True,
            preexec_fn=_end_with_parent(end_by),
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and its group with SIGKILL; when this returns it is gone."""
    if process.poll() is None:
        # The child is not reaped yet, so its id cannot have gone to another process.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_or_kill(process: subprocess.Popen[bytes], *, patience_seconds: float = 10.0) -> None:
    """Let a child that was asked to end do so, and kill it when it does not."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience_seconds)
    kill(process)


def stop(
    process: subprocess.Popen[bytes], *, by: signal.Signals, patience_seconds: float = 10.0
) -> None:
    """Ask a child to end, wait for it, and kill it when it does not."""
    process.send_signal(by)
    wait_or_kill(process, patience_seconds=patience_seconds)


def last_lines(output: Path, *, lines_max: int = 12) -> str:
    """The end of what a child wrote, for an error message."""
    with contextlib.suppress(OSError):
        lines = output.read_text(errors="replace").splitlines()
        return "\n".join(lines[-lines_max:])
    return ""
