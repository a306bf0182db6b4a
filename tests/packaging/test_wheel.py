"""The wheel, as a user gets it: in a virtualenv of its own, beside the user's own packages."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


def test_the_wheel_claims_no_import_name_but_checker(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"checker"}


def test_the_wheel_carries_models_mappings_manifest_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        "checker/py.typed",
        "checker/models/outbox.py",
        "checker/models/manifest.toml",
        "checker/traces/mappings/outbox.toml",
        "checker/report/outcome.schema.json",
    }
    assert wanted <= names


def test_checker_explores_inside_a_folder_that_has_its_own_models_package(
    wheel: Path, tmp_path: Path
) -> None:
    # The dependencies are those of this interpreter: only the package itself is the wheel's.
    venv.create(tmp_path / "venv", with_pip=True, system_site_packages=False)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    site = subprocess.run(
        [str(python), "-c", "import site; print(site.getsitepackages()[0])"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    here = Path(pytest.__file__).parents[1]
    (Path(site) / "dependencies.pth").write_text(f"{here}\n")

    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "models" / "__init__.py").write_text(
        "raise RuntimeError('the user has this package')\n"
    )
    (project / "traces").mkdir()
    (project / "traces" / "__init__.py").write_text("raise RuntimeError('and this one')\n")
    done = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "checker"), "explore", "outbox"],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "321" in done.stdout


def test_every_package_folder_is_packed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {"checker": "checker", "checker.models": "models"}
    folders |= {"checker.specs": "specs", "checker.traces": "traces"}
    found = {
        ".".join([name, *init.parent.relative_to(ROOT / folder).parts])
        for name, folder in folders.items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert found == set(settings["packages"])
