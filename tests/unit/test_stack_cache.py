"""What the cache gives out is what was put in, whole, or it is built again."""

import os
import threading
from pathlib import Path

import pytest

from frostline.stack.accounts import Account, check_reachable
from frostline.stack.cache import Cache, cache_folder, is_intact
from frostline.stack.errors import StackError


class Part:
    """Counts how often it is built."""

    def __init__(self) -> None:
        self.builds = 0

    def __call__(self, fresh: Path) -> None:
        self.builds += 1
        (fresh / "bin").mkdir()
        (fresh / "bin/tool").write_bytes(b"\x7fELF tool")
        (fresh / "bin/tool").chmod(0o700)
        (fresh / "link").symlink_to("bin/tool")


def test_a_part_is_built_once(tmp_path):
    part = Part()
    first = Cache(tmp_path).obtain("part", part)
    again = Cache(tmp_path).obtain("part", part)
    assert (first, part.builds) == (again, 1)


def test_one_changed_byte_is_noticed_and_mended(tmp_path):
    part, said = Part(), []
    cache = Cache(tmp_path, said.append)
    tool = cache.obtain("part", part) / "bin/tool"
    tool.write_bytes(b"\x7fELF toul")
    assert not is_intact(tmp_path / "part")
    cache.obtain("part", part)
    assert tool.read_bytes() == b"\x7fELF tool"
    assert said == ["part has changed since it was installed; building it again"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda part: (part / "bin/tool").unlink(),
        lambda part: (part / "frostline-manifest.json").unlink(),
        lambda part: (part / "frostline-manifest.json").write_text("{}"),
        lambda part: (part / "frostline-manifest.json").write_text("[1"),
        lambda part: ((part / "link").unlink(), (part / "link").symlink_to("elsewhere")),
    ],
    ids=["file gone", "manifest gone", "manifest empty", "manifest cut", "link turned"],
)
def test_a_spoiled_part_is_not_intact(tmp_path, spoil):
    place = Cache(tmp_path).obtain("part", Part())
    assert is_intact(place)
    spoil(place)
    assert not is_intact(place)


def test_an_interrupted_build_leaves_no_part(tmp_path):
    def interrupted(fresh: Path) -> None:
        (fresh / "half").touch()
        raise KeyboardInterrupt

    cache, part = Cache(tmp_path), Part()
    with pytest.raises(KeyboardInterrupt):
        cache.obtain("part", interrupted)
    assert not (tmp_path / "part").exists()
    assert not (cache.obtain("part", part) / "half").exists()


def test_two_at_once_build_once_and_the_second_says_that_it_waits(tmp_path, wait_until):
    part, said = Part(), []
    begun, go_on = threading.Event(), threading.Event()

    def slow(fresh: Path) -> None:
        begun.set()
        assert go_on.wait(10)
        part(fresh)

    first = threading.Thread(target=Cache(tmp_path).obtain, args=("part", slow))
    first.start()
    assert begun.wait(10)
    second = threading.Thread(target=Cache(tmp_path, said.append).obtain, args=("part", part))
    second.start()
    wait_until(lambda: said, what="the second to say that it waits")
    go_on.set()
    first.join()
    second.join()
    assert part.builds == 1
    assert said == ["another process is preparing part; waiting for it"]


def test_other_accounts_may_read_and_run_what_was_built_under_a_narrow_umask(tmp_path):
    usual = os.umask(0o077)
    try:
        place = Cache(tmp_path).obtain("part", Part())
    finally:
        os.umask(usual)
    assert (place / "bin").stat().st_mode & 0o777 == 0o755
    assert (place / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert (place / "frostline-manifest.json").stat().st_mode & 0o044 == 0o044


def test_a_folder_closed_to_the_servers_account_is_named_with_the_remedy(tmp_path):
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    (closed / "cache").mkdir()
    (closed / "cache").chmod(0o755)  # whatever the umask says
    stranger = Account("postgres", uid=os.getuid() + 1, gid=os.getgid() + 1)
    with pytest.raises(StackError, match=f"{closed} is closed to the account postgres.*FROSTLINE"):
        check_reachable(closed / "cache", stranger)


def test_the_folder_is_given_by_the_environment():
    assert cache_folder({"FROSTLINE_CACHE": "/srv/cache"}) == Path("/srv/cache")
