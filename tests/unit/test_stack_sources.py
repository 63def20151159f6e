"""A private apt is given the machine's own archive and keys, in both formats of sources.list(5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.stack.errors import PartUnavailable
from frostline.stack.sources import (
    Source,
    debian_codename,
    machine_sources,
    other_suite,
    own_suites,
    parse_deb822,
    parse_one_line,
)

# As Debian 12's container image has it, with the comments inside the stanzas.
DEB822 = """\
Types: deb
# http://snapshot.example/archive/debian/20250520T000000Z
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://elsewhere.example/apt
Suites: nodistro
Components: main

Types: deb-src
URIs: http://mirror.example/sources-only
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://mirror.example/disabled
Suites: bookworm
Components: main
"""

# As the installer of Debian 11 wrote it.
ONE_LINE = """\
# deb cdrom:[Debian]/ bookworm main
deb http://mirror.example/debian/ bookworm main contrib non-free # all of it
deb-src http://mirror.example/debian/ bookworm main
deb [arch=amd64,arm64 signed-by=/k.gpg] http://mirror.example/debian-security bookworm-security main
deb https://elsewhere.example/docker bookworm stable
"""


def test_the_suite_is_replaced_and_archive_and_keys_are_kept():
    derived = other_suite(list(parse_deb822(DEB822)), "bookworm", "trixie")
    assert derived.splitlines() == [
        "Types: deb",
        "URIs: http://mirror.example/debian",
        "Suites: trixie",
        "Components: main",
        "signed-by: /usr/share/keyrings/debian-archive-keyring.gpg",
    ]


def test_own_suites_leave_out_foreign_disabled_and_source_archives():
    derived = own_suites(list(parse_deb822(DEB822)), "bookworm")
    uris = [line for line in derived.splitlines() if line.startswith("URIs")]
    assert uris == [
        "URIs: http://mirror.example/debian",
        "URIs: http://mirror.example/debian-security",
    ]
    assert "contrib" not in derived


def test_one_line_sources_are_read_with_their_options():
    security = list(parse_one_line(ONE_LINE))[1]
    assert security == Source(
        uris="http://mirror.example/debian-security",
        suites=("bookworm-security",),
        components=("main",),
        options=(("architectures", "amd64 arm64"), ("signed-by", "/k.gpg")),
    )


def test_one_line_sources_derive_the_same_as_deb822():
    one_line = other_suite(list(parse_one_line(ONE_LINE)), "bookworm", "trixie")
    assert one_line.splitlines()[1:3] == ["URIs: http://mirror.example/debian/", "Suites: trixie"]
    assert "elsewhere" not in own_suites(list(parse_one_line(ONE_LINE)), "bookworm")


def test_a_source_may_name_the_release_by_its_alias():
    sources = list(parse_one_line("deb http://mirror.example/debian stable main"))
    assert "Suites: trixie" in other_suite(sources, "bookworm", "trixie")


def test_an_armoured_key_inside_a_stanza_is_kept_on_its_lines():
    text = DEB822.split("\n\n", maxsplit=1)[0].replace(
        "/usr/share/keyrings/debian-archive-keyring.gpg",
        "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----",
    )
    derived = other_suite(list(parse_deb822(text)), "bookworm", "trixie")
    assert "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n" in derived


def test_the_distributions_own_file_comes_before_others(tmp_path):
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "aaa.list").write_text("deb http://third.example/debian bookworm main")
    (parts / "debian.sources").write_text(DEB822)
    (parts / "debian.sources.bak").write_text("not a source")
    assert "mirror.example" in other_suite(machine_sources(tmp_path), "bookworm", "trixie")


def test_a_machine_without_debian_sources_is_told_what_to_add():
    with pytest.raises(PartUnavailable, match="no source for Debian bookworm main"):
        own_suites([], "bookworm")


def test_another_distribution_is_told_so():
    with pytest.raises(PartUnavailable, match="Fedora Linux 42"):
        debian_codename({"ID": "fedora", "PRETTY_NAME": "Fedora Linux 42"})


word = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


@given(st.builds(Source, uris=word, suites=st.tuples(word), components=st.tuples(word, word)))
def test_a_written_stanza_reads_the_same(source):
    assert list(parse_deb822(source.to_deb822())) == [source]
