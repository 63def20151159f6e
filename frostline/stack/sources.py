"""From where does this machine fetch Debian packages?

Its own sources are read (both of apt's formats) and written anew, for a private apt: the same
archive and keys, narrowed to Debian's own suites, or with another suite of the same archive. So the
project names no host, and apt checks signatures as it does for the machine.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from frostline.stack.errors import PartUnavailable

_ETC = Path("/etc/apt")
_ALIASES = ("stable", "oldstable", "oldoldstable", "testing", "unstable", "sid")
_BESIDE = ("-updates", "-security", "/updates", "-backports")
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)")
# A value goes on in indented lines; those of a key inside the stanza must stay lines.
_FIELD = re.compile(r"^(\S+?):(.*(?:\n[ \t].*)*)", re.MULTILINE)
_OPTION_FIELDS = {"arch": "architectures", "lang": "languages", "target": "targets"}
_OWN_FIELDS = frozenset({"types", "uris", "suites", "components"})


@dataclass(frozen=True)
class Source:
    """One stanza: archives, suites and components of binary packages, and apt's options."""

    uris: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()  # such as ("signed-by", "/usr/share/keyrings/...")

    def to_deb822(self) -> str:
        """Return the stanza as apt reads it, see sources.list(5)."""
        lines = [
            "Types: deb",
            f"URIs: {self.uris}",
            f"Suites: {' '.join(self.suites)}",
            f"Components: {' '.join(self.components)}",
            *(f"{name}: {value}" for name, value in self.options),
        ]
        return "\n".join(lines) + "\n"


def machine_sources(etc: Path = _ETC) -> list[Source]:
    """Return all of the machine's sources, the distribution's usual files first."""
    found = sorted((etc / "sources.list.d").glob("*"))
    usual = [etc / "sources.list.d/debian.sources", etc / "sources.list"]
    files = [*usual, *(path for path in found if path not in usual)]
    return [source for path in files if path.is_file() for source in _read(path)]


def debian_codename(os_release: Mapping[str, str]) -> str:
    """Return such as `bookworm`, from os-release(5); raise PartUnavailable if not Debian."""
    if os_release.get("ID") != "debian" or "VERSION_CODENAME" not in os_release:
        name = os_release.get("PRETTY_NAME", "this system")
        raise PartUnavailable(f"packages are fetched from Debian's archive, and {name} has none")
    return os_release["VERSION_CODENAME"]


def own_suites(sources: list[Source], codename: str) -> str:
    """Return the sources narrowed to Debian's suites of this release and `main`."""
    stanzas = [
        replace(source, suites=suites, components=("main",))
        for source in sources
        if "main" in source.components
        and (suites := tuple(s for s in source.suites if _release_of(s) in (codename, *_ALIASES)))
    ]
    if not stanzas:
        raise PartUnavailable(_no_source(codename))
    return "\n".join(stanza.to_deb822() for stanza in stanzas)


def other_suite(sources: list[Source], codename: str, suite: str) -> str:
    """Return the archive of this release with another suite, such as `trixie`."""
    for source in sources:
        if "main" in source.components and {codename, *_ALIASES} & set(source.suites):
            return replace(source, suites=(suite,), components=("main",)).to_deb822()
    raise PartUnavailable(_no_source(codename))


def _no_source(codename: str) -> str:
    return f"apt has no source for Debian {codename} main; add one below {_ETC} (sources.list(5))"


def _release_of(suite: str) -> str:
    for ending in _BESIDE:
        suite = suite.removesuffix(ending)
    return suite


def _read(path: Path) -> Iterator[Source]:
    text = path.read_text(errors="replace")
    if path.suffix == ".sources":
        return parse_deb822(text)
    return parse_one_line(text) if path.suffix == ".list" else iter(())


def parse_deb822(text: str) -> Iterator[Source]:
    """Read stanzas of `Field: value` lines."""
    bare = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n[ \t]*\n", bare):
        fields = {name.lower(): value.strip(" \t") for name, value in _FIELD.findall(stanza)}
        if "deb" not in fields.get("types", "").split() or fields.get("enabled") == "no":
            continue
        options = tuple(item for item in fields.items() if item[0] not in _OWN_FIELDS)
        yield Source(
            uris=fields.get("uris", ""),
            suites=tuple(fields.get("suites", "").split()),
            components=tuple(fields.get("components", "").split()),
            options=options,
        )


def parse_one_line(text: str) -> Iterator[Source]:
    """Read lines such as `deb [arch=amd64] URI bookworm main contrib`."""
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match is None:
            continue
        suite, *components = match["rest"].split()
        pairs = (option.partition("=") for option in (match["options"] or "").split())
        options = tuple(
            (_OPTION_FIELDS.get(name, name), value.replace(",", " ")) for name, _, value in pairs
        )
        yield Source(match["uri"], (suite,), tuple(components), options)
