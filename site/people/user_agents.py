"""User-Agent headers as names that people know."""

import re

from django.utils.translation import gettext as _

# The first match wins: most browsers name some of the others as well.
BROWSERS = {
    "Edge": r"Edg(e|A|iOS)?/",
    "Opera": r"OPR/|Opera",
    "Samsung Internet": r"SamsungBrowser/",
    "Firefox": r"Firefox/|FxiOS/",
    "Chrome": r"Chrome/|CriOS/|Chromium/",
    "Safari": r"Safari/",
}
SYSTEMS = {
    "Android": r"Android",
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "Windows": r"Windows",
    "macOS": r"Mac OS X|Macintosh",
    "ChromeOS": r"CrOS",
    "Linux": r"Linux",
}


def name_of(agent: str) -> str:
    """ "Firefox on Windows"; an unknown agent is called by its first word."""
    browser, system = _first(BROWSERS, agent), _first(SYSTEMS, agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or agent.partition("/")[0][:40].strip() or _("Unknown browser")


def _first(names: dict[str, str], agent: str) -> str:
    return next((name for name, sign in names.items() if re.search(sign, agent)), "")
