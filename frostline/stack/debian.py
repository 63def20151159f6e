"""How is a Debian package had without root?

By a private apt: own folders for lists and archives, the machine's sources and keys (`sources.py`),
its list of installed packages. What it downloads is unpacked into a folder and run from there,
its libraries found by LD_LIBRARY_PATH. Nothing outside the folder is written, and none of the
machine's hooks run.
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from frostline.stack import sources
from frostline.stack.cache import Cache, Report
from frostline.stack.errors import PartUnavailable

_CONFIGURATION = """\
// Hooks of the machine are not for us: they would refresh its own caches.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
Dir::Etc::SourceList "{folder}/debian.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "{folder}/lists/";
Dir::Cache "{folder}/";
Dir::Cache::Archives "{folder}/archives/";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Update::Error-Mode "any";  // a list that was not fetched is an error, not a warning
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "root";  // apt's own account need not reach the folder
Debug::NoLocking "true";  // the machine's lock is not ours; the cache has its own
"""


class Archive:
    """A private view on Debian's archive: the machine's release, or another suite of it."""

    def __init__(self, folder: Path, report: Report, suite: str | None = None) -> None:
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise PartUnavailable(f"{tool} is not on this machine: it is no Debian")
        codename = sources.debian_codename(platform.freedesktop_os_release())
        known = sources.machine_sources()
        self._folder = folder
        self._report = report
        self._suite = suite or codename
        for place in ("lists/partial", "archives/partial"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        text = (
            sources.other_suite(known, codename, suite)
            if suite
            else sources.own_suites(known, codename)
        )
        (folder / "debian.sources").write_text(text)
        (folder / "apt.conf").write_text(_CONFIGURATION.format(folder=folder))

    def refresh(self) -> None:
        """Fetch the lists of packages; those that have not changed are not fetched again."""
        self._report(f"reading Debian's list of packages ({self._suite})")
        self._run("apt-get", "-qq", "update")

    def versions(self, package: str) -> list[str]:
        """Return the versions of a package that the archive holds, such as `2.19.3+dfsg-1`."""
        lines = self._run("apt-cache", "madison", package).splitlines()
        return [line.split("|")[1].strip() for line in lines if line.count("|") == 2]

    def download(self, package: str, version: str) -> Path:
        """Fetch one package, without what it depends on."""
        self._report(f"fetching {package} {version} from Debian {self._suite}")
        archives = self._folder / "archives"
        self._run("apt-get", "-qq", "download", f"{package}={version}", cwd=archives)
        return next(archives.glob(f"{package}_*.deb"))

    def download_missing(self, *packages: str) -> list[Path]:
        """Fetch packages with those of their dependencies that the machine lacks."""
        self._report(f"fetching {', '.join(packages)} from Debian {self._suite}")
        command = ("apt-get", "-qq", "install", "--download-only", "--reinstall", *packages)
        self._run(*command)
        return sorted((self._folder / "archives").glob("*.deb"))

    def _run(self, *command: str, cwd: Path | None = None) -> str:
        tool, *arguments = command
        done = subprocess.run(
            [tool, "-c", str(self._folder / "apt.conf"), *arguments],
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PartUnavailable(
                f"{' '.join(command)} failed; is there a network, and does "
                f"`apt-get update` work here? It said:\n{done.stderr.strip()}"
            )
        return done.stdout


def obtain_packages(cache: Cache, *packages: str) -> Path:
    """Return a root with packages of this release, and what they need, out of the cache."""
    codename = sources.debian_codename(platform.freedesktop_os_release())
    name = f"{'-'.join(packages)}-{codename}-{platform.machine()}"

    def build(fresh: Path) -> None:
        downloads = cache.downloads(name)
        archive = Archive(downloads, cache.report)
        archive.refresh()
        unpack(archive.download_missing(*packages), fresh)
        shutil.rmtree(downloads)

    return cache.obtain(name, build)


def unpack(packages: list[Path], root: Path) -> None:
    """Unpack the files of packages into a folder, as if it were /."""
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)  # noqa: S607


def library_path(root: Path) -> str:
    """Return LD_LIBRARY_PATH for programs that are run from an unpacked root.

    Some packages keep libraries one folder deeper, and rely on absolute paths to find them.
    """
    usual = [*root.glob("lib/*-linux-gnu*"), *root.glob("usr/lib/*-linux-gnu*"), root / "usr/lib"]
    deeper = [
        folder for place in usual for folder in place.glob("*/") if any(folder.glob("lib*.so*"))
    ]
    return ":".join(str(folder) for folder in dict.fromkeys([*sorted(usual), *sorted(deeper)]))
