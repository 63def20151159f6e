"""Where is a headless browser for the tests, and does it have a Chinese font?

Chromium: the machine's own, else Debian's package out of the cache, with a font that covers
Chinese in a private font configuration. It is driven by Playwright:

    playwright.chromium.launch(executable_path=browser.executable, args=browser.arguments,
                               env=browser.environ)
"""

import os
import shutil
from dataclasses import dataclass
from typing import Final

from frostline.stack.cache import Report, open_cache, silent
from frostline.stack.debian import library_path, obtain_packages

_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FONT: Final = "fonts-wqy-microhei"  # 1.6 MB, Apache-2.0 or GPL with font exception; tests only
_FONT_CONFIGURATION: Final = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{root}/usr/share/fonts</dir>
</fontconfig>
"""
ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",  # it needs root or user namespaces, and sees only our own pages
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # containers have a small one
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Browser:
    """What Playwright's `launch` takes."""

    executable: str
    environ: dict[str, str]
    arguments: tuple[str, ...] = ARGUMENTS


def find_browser() -> str | None:
    """Return the machine's own browser, or None."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def prepare(report: Report = silent) -> Browser:
    """Return a browser and fonts, fetched if need be; raise PartUnavailable."""
    cache = open_cache(report)
    fonts = obtain_packages(cache, _FONT)
    configuration = cache.folder / "fonts.conf"
    text = _FONT_CONFIGURATION.format(root=fonts)
    if not configuration.exists() or configuration.read_text() != text:
        configuration.write_text(text)
    environ = {**os.environ, "FONTCONFIG_FILE": str(configuration)}
    if found := find_browser():
        return Browser(found, environ)
    root = obtain_packages(cache, "chromium")
    environ["LD_LIBRARY_PATH"] = library_path(root)
    # /usr/bin/chromium is a script that looks for its parts below /usr.
    return Browser(str(root / "usr/lib/chromium/chromium"), environ)
