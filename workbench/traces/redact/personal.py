"""Mail addresses, names in home paths, and addresses of private networks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from workbench.traces.redact.spans import Found, begins, whole_letters

_AT: Final = re.compile(rb"@|\\+u0040|%40")
_LETTER: Final = rb"(?:[A-Za-z0-9._%+-]|[\x80-\xff]|\\+u(?!00[0-7])[0-9a-fA-F]{4})"
_LOCAL: Final = re.compile(_LETTER + rb"{1,64}\Z")
_DOMAIN: Final = re.compile(
    rb"(?:(?:[A-Za-z0-9-]|[\x80-\xff]|\\+u(?!00[0-7])[0-9a-fA-F]{4}){1,63}\.){1,8}(?P<top>[A-Za-z]{2,24})(?![A-Za-z0-9_-])"
)
_NOBODY: Final = re.compile(
    rb"(?:.*\.)?(?:example(?:\.(?:com|org|net|edu))?|invalid|test|localhost)\Z", re.IGNORECASE
)
#: ``icon@2x.png``, ``module@1.2.js``: the last part of a file name is no country.
_FILE_ENDS: Final = frozenset(
    b"png jpg jpeg gif svg webp ico js mjs cjs ts tsx jsx css scss json py md txt html yml yaml "
    b"toml lock sh map go rs java cpp swift".split()
)
_SEPARATOR: Final = rb"(?:\\*/)"
_NAME: Final = rb"[^\s/\\\"'<>|:*?,;()\[\]{}`$&#=!%@]{1,64}"
_HOMES: Final = tuple(
    re.compile(folder + _SEPARATOR + rb"(?P<name>" + _NAME + rb")")
    for folder in (b"home", b"Users")
)
_ROOT: Final = re.compile(_SEPARATOR + rb"\Z")
_HOME_BEFORE: Final = re.compile(
    rb"(?:(?:\\*/)mnt(?:\\*/)[a-z]|(?:\\*/)[a-z]|(?:\\*/)var|(?:\\*/)export|[A-Za-z]:"
    rb"|(?:\\*/)System(?:\\*/)Volumes(?:\\*/)Data|file:(?:\\*/){2})\Z"
)
_WINDOWS_HOME: Final = re.compile(
    rb"[A-Za-z]:\\{1,8}(?:Users|Documents and Settings)\\{1,8}"
    rb"(?P<name>" + _NAME + rb"(?: " + _NAME + rb"){1,2}(?=\\)|" + _NAME + rb")"
)
_FOLDER_NAME: Final = re.compile(
    rb"(?:-|[A-Za-z]--)(?:home|Users)-(?P<name>[A-Za-z0-9_.]{1,64})(?![A-Za-z0-9_.])"
)
#: Names that every machine of a kind has; they tell nobody.
_EVERYBODY: Final = frozenset(
    b"user users username name you me root runner ubuntu debian vscode node app codespace coder "
    b"agent sandbox workspace shared public default guest admin linuxbrew circleci gitpod jovyan "
    b"vagrant ec2-user nobody all".split()
)
_IPV4: Final = re.compile(
    rb"(?:10\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])|192\.168|169\.254"
    rb"|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.\d{1,3}\.\d{1,3}(?!\.?\d)"
)
_IPV6: Final = re.compile(
    rb"(?:[fF][cCdD][0-9a-fA-F]{2}|[fF][eE][89abAB][0-9a-fA-F]):[0-9a-fA-F:]{2,36}(?![0-9A-Za-z_])"
)


def mails_in(data: bytes) -> Iterator[Found]:
    """Yield mail addresses; ``git@host`` is a login, not a person."""
    for sign in _AT.finditer(data):
        domain = _DOMAIN.match(data, sign.end())
        if domain is None or domain.group("top").lower() in _FILE_ENDS:
            continue
        floor = max(0, sign.start() - 400)
        local = _LOCAL.search(data[floor : sign.start()])
        if local is None or _NOBODY.match(domain.group()):
            continue
        start, _ = whole_letters(data, floor + local.start(), sign.start())
        if start < sign.start() and data[start : sign.start()] != b"git":
            yield Found("mail", start, domain.end())


def homes_in(data: bytes, known: Collection[bytes] = ()) -> Iterator[Found]:
    """Yield the names in paths of home folders.

    ``known`` names, in lower case, are found in folder names that stand for a path as well
    (``-home-ann-work``, as Claude Code calls its projects).
    """
    for pattern in (*_HOMES, _WINDOWS_HOME):
        for match in pattern.finditer(data):
            if _is_person(match.group("name")) and _home_begins(data, match.start()):
                start, end = match.span("name")
                yield Found("home", start, start + len(data[start:end].rstrip(b".")))
    if known and (b"-home-" in data or b"-Users-" in data):
        for match in _FOLDER_NAME.finditer(data):
            if match.group("name").lower() in known and begins(data, match.start()):
                yield Found("home", *match.span("name"))


def names_in(data: bytes) -> set[bytes]:
    """Return the names of home folders, in lower case."""
    return {data[one.start : one.end].lower() for one in homes_in(data)}


def _is_person(name: bytes) -> bool:
    plain = name.rstrip(b".").lower()
    return bool(plain) and plain not in _EVERYBODY and plain.strip(b".x_-") != b""


def _home_begins(data: bytes, at: int) -> bool:
    """Whether the folder of all homes at ``at`` lies at the root, or where systems mount one."""
    if data[at : at + 1] not in (b"h", b"U"):  # a drive
        return begins(data, at)
    floor = max(0, at - 60)
    root = _ROOT.search(data[floor:at])
    if root is None:
        return False
    root_at = floor + root.start()
    return begins(data, root_at) or _HOME_BEFORE.search(data[floor:root_at]) is not None


def addresses_in(data: bytes) -> Iterator[Found]:
    """Yield addresses of private networks (RFC 1918, 3927, 4193, 4291, 6598)."""
    for match in _IPV4.finditer(data):
        octets = match.group().split(b".")
        if begins(data, match.start()) and all(int(octet) < 256 for octet in octets):
            yield Found("private-ip", match.start(), match.end())
    for match in _IPV6.finditer(data):
        text = match.group().rstrip(b":")
        whole = text.count(b":") == 7 and b"::" not in text
        if begins(data, match.start()) and (text.count(b"::") == 1 or whole):
            yield Found("private-ip", match.start(), match.start() + len(text))
