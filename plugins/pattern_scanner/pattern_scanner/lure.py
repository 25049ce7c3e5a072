"""The structure of a malware lure, and other shapes of a whole document.

No feature of a lure decides alone: honest skills have prerequisites, downloads and urgency too. The
features and their order follow published accounts of marketplace campaigns of early 2026; names,
addresses and passwords are never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pattern_scanner.commands import hosts
from pattern_scanner.markdown import Document
from pattern_scanner.model import Passage, Role, Sighting
from pattern_scanner.polarity import mentioned, negated

_ARCHIVE = re.compile(r"(?:\.(?:zip|rar|7z|tar\.gz|tgz)\b|\barchive\b|\bzip file\b)")
_PROGRAM_LINK = re.compile(
    r"https?://[^\s)>\]]{4,200}(?:\.(?:zip|rar|7z|exe|msi|dmg|pkg|scr|jar|apk|deb|appimage|bat|"
    r"ps1|command)\b|/releases/(?:download|latest|tag))"
)
_DOWNLOAD = re.compile(r"\b(?:download|downloads|get|grab|install|fetch|obtain)\b")
_PASSWORD = re.compile(
    r"\b(?:extract|unzip|unpack|archive|zip|decompress|protected|open)\b.{0,60}\b(?:password|"
    r"passphrase|pass|pwd)\b|"
    r"\b(?:password|passphrase|pass|pwd|extraction (?:key|code))\s*(?:is|:|=|-|"
    r"\()\s*[\"'`(]?\s*[\w!@#$%^&*-]{2,30}\b"
)
_PASSWORD_CONTEXT = re.compile(
    r"\b(?:extract|unzip|unpack|archive|zip|rar|7z|decompress|password-protected)\b"
)
_TERMINAL = re.compile(
    r"\b(?:copy|copies|paste|pastes|pasting|enter|run|execute|type)\b.{0,100}\b(?:in|into|"
    r"inside|from|using|to)\b.{0,16}\b(?:terminal|console|powershell|command prompt|"
    r"command line|cmd|shell|run dialog|bash)\b|"
    r"\b(?:terminal|powershell|command prompt|console)\b.{0,40}\bpaste\b|\b(?:win|windows key|"
    r"cmd) ?\+ ?r\b"
)
_PAGE = re.compile(
    r"\b(?:visit|open|go to|navigate to|see|from|at|on)\b.{0,60}(?:https?://|\b(?:this|"
    r"the following|the) (?:page|link|site|website|url|snippet)\b|\[[^\]]{2,60}\]\()"
)
_REQUIRED = re.compile(
    r"\b(?:prerequisites?|prereqs?|required|requires?|mandatory|must be (?:installed|running)|"
    r"must (?:first )?(?:install|download|run)|before (?:using|you (?:begin|start|use|can)|"
    r"proceeding)|needs? to be installed|"
    r"critical|setup required|first-time setup|one-time setup|必须|vorausset\w+|requisitos?|"
    r"prerrequisitos?|prerequis)\b"
)
_URGENT = re.compile(
    r"\b(?:will not (?:work|function|run|operate)|won't (?:work|function|run)|cannot (?:work|"
    r"function|run|be used|proceed|continue)|does not work|doesn't work|fails? without|"
    r"without (?:it|this|the \w+)|"
    r"immediately|urgent(?:ly)?|do not skip|never skip|don't skip|mandatory|essential step|"
    r"not optional|before (?:anything else|any other))\b"
)
_SYSTEMS = (re.compile(r"\b(?:windows|win10|win11)\b"), re.compile(r"\b(?:macos|mac os|osx|mac)\b"))
_DECODE_ORDER = re.compile(
    r"\b(?:decode|decrypt|unscramble|deobfuscate)\b.{0,60}\b(?:and|then|to)\s(?:\w{1,12}\s){0,2}?"
    r"(?:follow|execute|run|obey|apply|perform|carry out|act on|comply with|eval) (?:it|them|"
    r"the|its|this|that|those|these|any|whatever)\b|"
    r"\b(?:execute|run|follow|obey)\b.{0,30}\b(?:decoded|decrypted|base64(?:-encoded)?|obfuscated) "
    r"(?:\w{1,12} ){0,2}?(?:instructions?|commands?|text|payload|strings?|steps?|result|output|"
    r"content|message)\b"
)
_IMAGE = re.compile(
    r"!\[[^\]\n]{0,200}\]\(\s*<?(https?://[^\s)>]{4,600})|"
    r"<img\b[^>\n]{0,200}\bsrc\s*=\s*[\"']?(https?://[^\s\"'>]{4,600})"
)
_FILLED = re.compile(
    r"[?&/=](?:[^\s&]{0,60})(?:\{\{?[^}\s]{1,60}\}?\}|\$\{?[A-Za-z_]\w{1,40}\}?|"
    r"<[A-Za-z_][\w -]{1,40}>?|\[[A-Z_a-z][\w -]{1,40}\]|%7B|"
    r"(?:ENCODED|BASE64|DATA_HERE|INSERT|PAYLOAD|URL_ENCODED|SUMMARY|SECRET|CONVERSATION)\w{0,30})"
)
_TELLING_FILL = re.compile(
    r"(?i)data|secret|token|key|conversation|context|history|summary|base64|encod|env|prompt|"
    r"message|content|user|password|session|query"
)
_BADGE = re.compile(
    r"(?i)shields\.io|badge|github\.com/[\w.-]+/[\w.-]+/(?:actions|workflows)|codecov|travis|"
    r"img\.youtube|placeholder|placehold|picsum|unsplash|via\.placeholder|dummyimage|"
    r"googleapis\.com/chart|quickchart|mermaid|kroki|plantuml|star-history|opengraph|og\?|"
    r"vercel\.app/og|cloudinary|imgix"
)
_IMAGE_ORDER = re.compile(
    r"\b(?:render|include|display|embed|append|add|insert|output|show|end|"
    r"load)\b.{0,60}\b(?:image|img|markdown image|picture|pixel|badge|"
    r"icon)\b.{0,160}\b(?:https?://|url|src|address)\b.{0,160}\b(?:encod|base64|conversation|"
    r"secret|context|data|token|key|summary|contents?|env|query string|query parameter|"
    r"parameter)"
)


def lure_sightings(document: Document, path: str) -> Iterator[Sighting]:
    """Yield the lure of a document, its beacons, and orders to decode."""
    features: dict[str, Passage] = {}
    pastebin = False
    for index, passage in enumerate(document.passages):
        text = passage.text
        if passage.role == Role.WARNING:
            continue
        _archive_password(document, index, features)
        link = _PROGRAM_LINK.search(text)
        if link and not _off(text, link.start()):
            features.setdefault("program", passage)
        elif _DOWNLOAD.search(text) and re.search(r"\.(?:zip|exe|dmg|msi|rar|7z|pkg)\b", text):
            hit = _DOWNLOAD.search(text)
            if hit and not _off(text, hit.start()) and re.search(r"https?://|\]\(|\brelease", text):
                features.setdefault("program", passage)
        terminal = _TERMINAL.search(text)
        if terminal and not _off(text, terminal.start()):
            near = " ".join(
                other.text
                for other in document.passages[max(0, index - 2) : index + 2]
                if other.section == passage.section
            )
            if _PAGE.search(near) and not re.search(r"```|`[^`]{6,}`", passage.raw):
                features.setdefault("paste-terminal", passage)
        if any(host in text for host in hosts()["pastebins"]) and "http" in text:
            pastebin = pastebin or not _off(text, text.find("http"))
            features.setdefault("paste-page", passage)
        urgent = _URGENT.search(text)
        if urgent:
            features.setdefault("urgency", passage)
        if _REQUIRED.search(text):
            features.setdefault("required", passage)
        yield from _beacon(passage)
        order = _DECODE_ORDER.search(text)
        if order and not _off(text, order.start()):
            yield _sighting("decode-and-obey", passage)
    whole = " ".join(passage.text for passage in document.passages if len(passage.text) < 300)[
        :40_000
    ]
    systems = sum(bool(pattern.search(whole)) for pattern in _SYSTEMS)
    yield from _weigh(features, systems == 2)


def _off(text: str, start: int) -> bool:
    return negated(text, start) or mentioned(text, start, start + 20)


def _archive_password(document: Document, index: int, features: dict[str, Passage]) -> None:
    passage = document.passages[index]
    match = _PASSWORD.search(passage.text)
    if match is None or _off(passage.text, match.start()):
        return
    near = " ".join(
        other.text
        for other in document.passages[max(0, index - 3) : index + 3]
        if other.section == passage.section
    )
    if (
        _PASSWORD_CONTEXT.search(near)
        and _ARCHIVE.search(near)
        and (_DOWNLOAD.search(near) or _PROGRAM_LINK.search(near))
    ):
        features.setdefault("password", passage)


def _weigh(features: dict[str, Passage], both_systems: bool) -> Iterator[Sighting]:
    required = "required" in features or "urgency" in features
    if "password" in features and ("program" in features or required):
        yield _sighting("lure-password-archive", features["password"], features)
    if "paste-terminal" in features and ("paste-page" in features or required):
        strong = "paste-page" in features or "urgency" in features or "program" in features
        yield _sighting(
            "lure-paste-terminal", features["paste-terminal"], features,
            confidence="high" if strong else "medium",
        )  # fmt: skip
    count = sum(name in features for name in ("program", "required", "urgency", "paste-page"))
    if "program" in features and required:
        if "required" in features and "urgency" in features and both_systems and count >= 3:
            yield _sighting("lure", features["program"], features, confidence="medium")
        elif "urgency" in features:
            yield _sighting("lure-download", features["program"], features)


def _beacon(passage: Passage) -> Iterator[Sighting]:
    for match in _IMAGE.finditer(passage.raw):
        address = match.group(1) or match.group(2)
        filled = _FILLED.search(address)
        if filled and not _BADGE.search(address) and passage.role == Role.INSTRUCTION:
            telling = bool(_TELLING_FILL.search(address[filled.start() :]))
            yield _sighting(
                "image-beacon", passage,
                severity="high" if telling else "medium",
                confidence="high" if telling else "medium",
            )  # fmt: skip
            return
    order = _IMAGE_ORDER.search(passage.text)
    if order and not _off(passage.text, order.start()):
        yield _sighting("image-beacon", passage)


def _sighting(
    rule: str, passage: Passage, features: dict[str, Passage] | None = None, **more: object
) -> Sighting:
    flow = tuple((item.path, item.line, name) for name, item in (features or {}).items())
    return Sighting(
        rule, passage.path, passage.line, passage.end_line, passage.raw, role=passage.role,
        flow=flow, **more,  # type: ignore[arg-type]
    )  # fmt: skip
