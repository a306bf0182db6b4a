"""The services of a run as processes: who stands for which role, who died, and who takes over.

Owns the driver's side of every crash. A service ends before its time in three ways: the driver
kills it, it kills itself at a named point, or it loses a connection that a fault broke. Each is
logged by the driver, with the node that ended, and a new incarnation is started.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM

from . import processes
from .labs import LabError, Variant
from .log import LogWriter
from .plan import Faults
from .service import LOST, Settings
from .system import System

PAUSE_MS_MAX = 8.0  # per pause; the outbox's relay makes four in each cycle, about 20 ms an order

# After a broken connection a service may find its server still gone, and end again.
ENDS_PER_BREAK_MAX = 20


@dataclass(frozen=True)
class Site:
    """Where a run takes place. `environment` holds the servers' URLs as the services see them."""

    system: System
    variant: Variant
    seed: int
    orders: int
    faults: Faults
    marks: Mapping[str, tuple[int, ...]]
    folder: Path
    log: Path
    name: str  # unique to the run; it begins the names of everything that the run makes
    broker: str
    environment: Mapping[str, str]


class Crew:
    """Which process stands for which role right now."""

    def __init__(self, site: Site, log: LogWriter) -> None:
        self.site = site
        self.log = log
        self.incarnations = dict.fromkeys(site.system.roles, 0)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.kills = 0
        self._at_points = sum(len(n) for mark, n in site.marks.items() if mark.startswith("at "))
        self._breaks = ENDS_PER_BREAK_MAX * (site.faults.drops + site.faults.restarts)

    def node(self, role: str) -> str:
        return f"{role}-{self.incarnations[role]}"

    def output(self, role: str) -> Path:
        return self.site.folder / f"{self.node(role)}.out"

    def start(self, role: str) -> None:
        self.incarnations[role] += 1
        site = self.site
        settings = Settings(
            role=role,
            node=self.node(role),
            log=str(site.log.resolve()),
            folder=str(site.folder),
            name=site.name,
            schema=f"{site.name}_{site.system.roles[role].schema}",
            broker=site.broker,
            orders=site.orders,
            switches=site.variant.switches,
            marks=site.marks,
            seed=site.seed,
            pause_ms_max=PAUSE_MS_MAX,
        )
        # -P: a folder named `nats` or `checker` in the user's current folder is not imported.
        module = f"{__package__}.{site.system.roles[role].program}"
        self.running[role] = processes.start(
            [sys.executable, "-P", "-m", module, settings.argument()],
            output=self.output(role),
            environment={**os.environ, **site.environment},
        )

    def check(self) -> None:
        """Replace whom a fault ended. Raises: LabError, if a service ended without a fault."""
        for role, process in self.running.items():
            if process.poll() is not None:
                self._ended(role, process.returncode)
                self.start(role)

    def _ended(self, role: str, code: int) -> None:
        if code == -SIGKILL and self._at_points > 0:
            self._at_points -= 1
            self.kills += 1
            self.log.event("killed", target=self.node(role))
        elif code == LOST and self._breaks > 0:
            self._breaks -= 1
            self.log.event("disconnected", target=self.node(role))
        else:
            self._fail(role, f"ended by itself with code {code}")

    def _fail(self, role: str, what: str) -> None:
        output = processes.last_lines(self.output(role))
        raise LabError(f"{self.node(role)} {what}:\n{output}")

    def kill(self, role: str) -> None:
        """Kill for certain, and start the next. Raises: LabError, if it had ended before."""
        process = self.running[role]
        processes.kill(process)
        if process.returncode == -SIGKILL:
            self.kills += 1
            self.log.event("killed", target=self.node(role))
        else:
            self._ended(role, process.returncode)
        self.start(role)

    def stop(self) -> None:
        """Ask all to stop. Raises: LabError, if one does not do so cleanly."""
        for process in self.running.values():
            process.send_signal(SIGTERM)
        for role, process in self.running.items():
            processes.wait_or_kill(process)
            if process.returncode != 0:
                self._ended(role, process.returncode)

    def kill_all(self) -> None:
        for process in self.running.values():
            processes.kill(process)
