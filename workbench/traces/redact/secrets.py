"""Keys, tokens and passwords, by the shapes their issuers publish.

Prefixes and lengths after the issuers' own documentation and the public rule set of gitleaks 8
(MIT; shapes alone, read November 2026). A shape without a prefix of its own (a bare hash, a UUID)
is a secret only where its name says so: ``API_KEY=…``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import log2
from typing import Final

from workbench.traces.redact.spans import MARK, Found, begins

#: Kind, the letters it begins with, and the whole; letters are looked for first, which is fast.
_SHAPES: Final[tuple[tuple[str, bytes, re.Pattern[bytes]], ...]] = tuple(
    (kind, start, re.compile(re.escape(start) + rest))
    for kind, start, rest in (
        *(
            ("aws-access-key", start, rb"[A-Z0-9]{16}(?![A-Za-z0-9])")
            for start in (b"AKIA", b"ASIA", b"ABIA", b"ACCA")
        ),
        *(
            ("github-token", start, rb"[A-Za-z0-9]{36,255}")
            for start in (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_")
        ),
        ("github-token", b"github_pat_", rb"\w{22,255}"),
        *(("gitlab-token", start, rb"[\w-]{20,255}") for start in (b"glpat-", b"gldt-", b"glrt-")),
        ("model-key", b"sk-ant-", rb"[\w-]{20,255}"),
        (
            "model-key",
            b"sk-",
            rb"(?=[\w-]*\d)(?:(?:proj|svcacct|admin|or-v1)-[\w-]{20,255}|\w{20,255})",
        ),
        ("model-key", b"gsk_", rb"[A-Za-z0-9]{20,255}"),
        ("model-key", b"xai-", rb"(?=[\w-]*\d)[\w-]{40,255}"),
        ("model-key", b"r8_", rb"[A-Za-z0-9]{30,255}"),
        ("model-key", b"pplx-", rb"[A-Za-z0-9]{32,255}"),
        ("google-key", b"AIza", rb"[\w-]{35}(?![\w-])"),
        ("google-token", b"ya29.", rb"[\w-]{20,2000}"),
        ("google-secret", b"GOCSPX-", rb"[\w-]{20,64}"),
        *(
            ("slack-token", start, rb"-[A-Za-z0-9-]{10,255}")
            for start in (b"xoxb", b"xoxp", b"xoxa", b"xoxe", b"xoxo", b"xoxr", b"xoxs", b"xapp")
        ),
        ("slack-webhook", b"hooks.slack.com", rb"\\*/services(?:\\*/\w{6,60}){3}"),
        *(
            ("stripe-key", start, rb"[A-Za-z0-9]{10,255}")
            for start in (b"sk_live_", b"sk_test_", b"rk_live_", b"rk_test_", b"whsec_")
        ),
        ("huggingface-token", b"hf_", rb"[A-Za-z0-9]{30,100}"),
        ("npm-token", b"npm_", rb"[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
        ("pypi-token", b"pypi-AgE", rb"[\w-]{40,1000}"),
        ("sendgrid-key", b"SG.", rb"[\w-]{16,64}\.[\w-]{16,64}"),
        ("digitalocean-token", b"dop_v1_", rb"[0-9a-f]{64}"),
        ("databricks-token", b"dapi", rb"[0-9a-f]{32}(?:-\d)?(?![0-9a-f])"),
        ("linear-key", b"lin_api_", rb"[A-Za-z0-9]{32,64}"),
        ("age-key", b"AGE-SECRET-KEY-1", rb"[0-9A-Z]{58}"),
        ("shopify-token", b"shpat_", rb"[0-9a-fA-F]{32}"),
        ("jwt", b"eyJ", rb"[\w-]{8,4000}\.eyJ[\w-]{8,8000}\.[\w-]{0,4000}"),
    )
)
_TELEGRAM: Final = re.compile(rb"\d{8,10}:AA[\w-]{33}(?![\w-])")
_BEGIN_KEY: Final = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?P<body>(?:[A-Za-z0-9+/=:,. \t-]|\\+[nrt]|\\/|[\r\n])*?)"
    rb"(?=-----END|\Z|[^A-Za-z0-9+/=:,. \t\\\r\n-]|\\+[^nrt/\\])"
)
_KEY_LINE: Final = re.compile(rb"(?:\\+[nrt])*(?P<line>(?:[A-Za-z0-9+/=:,.-]|\\+/)+)")
#: Words that end the name of a secret; "key" only with one of the words before it.
_NAME_ENDS: Final = (b"pass", b"pwd", b"secret", b"token", b"key", b"credential")
_BEFORE_KEY: Final = re.compile(
    rb"(?:api|access|private|auth|account|signing|encryption|secret)[_-]?\Z"
)
_ASSIGNED: Final = re.compile(
    rb"(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|credentials?)"
    rb"(?P<close>\\*[\"'])?[ \t]{0,3}(?:=>|:=|[:=])[ \t]{0,3}"
    rb"(?:(?P<open>\\*[\"'])(?P<quoted>[^\"'\\\s]{6,512})(?=\\*[\"'])"
    rb"|(?P<bare>[^\s\"'\\`,;&<>(){}\[\]|$]{6,512}))",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(
    rb"(?:authorization(?:\\*[\"'])?[ \t]{0,3}[:=][ \t]{0,3}(?:\\*[\"'])?"
    rb"(?:basic|token|bearer)|bearer)[ \t]+(?P<value>[A-Za-z0-9._~+/=-]{16,4000})",
    re.IGNORECASE,
)
_COOKIE: Final = re.compile(
    rb"cookie(?:\\*[\"'])?[ \t]{0,3}[:=][ \t]{0,3}(?:\\*[\"'])?"
    rb"(?P<value>[\w.-]{1,64}=[^\"'\\\r\n]{8,4000})",
    re.IGNORECASE,
)
_LOGIN: Final = re.compile(rb":\\*/\\*/(?P<value>[^\s/:@\"'\\<>]{0,128}:[^\s/@\"'\\<>]{3,256})@")
_NO_SECRET: Final = re.compile(
    rb"[$%{<*#@]|x{3,}|\.{3}|(?:none|null|true|false|undefined|required|optional|string|boolean)\Z"
    rb"|(?:your|my|the|some|dummy|sample|fake|changeme|placeholder|example|redacted|secrets?\.)"
    rb"|(?:process\.env|os\.environ|os\.getenv|getenv|env\.|config\.|self\.|settings\.|args\.)",
    re.IGNORECASE,
)
_DOCUMENTED_LOGIN: Final = re.compile(
    rb"[^:]*:(?:pass(?:word|wd)?|pw|secret|token|[$%{<*x].*)\Z", re.IGNORECASE
)


def secrets_in(data: bytes) -> Iterator[Found]:
    """Yield every secret, in no order; they can overlap."""
    yield from _private_keys(data)
    for kind, start, shape in _SHAPES:
        for at in _places(data, start):
            match = shape.match(data, at)
            if match and begins(data, at):
                yield Found(kind, at, match.end())
    for match in _TELEGRAM.finditer(data) if b":AA" in data else ():
        if begins(data, match.start()):
            yield Found("telegram-token", match.start(), match.end())
    lower = data.lower()
    yield from _assigned(data, lower)
    yield from _in_headers(data, lower)


def _private_keys(data: bytes) -> Iterator[Found]:
    """Yield each line of a PEM body, so that its lines and their ends stay.

    Prose that mentions the first line of a key has no line of base64 after it.
    """
    if b"PRIVATE KEY" not in data:
        return
    for match in _BEGIN_KEY.finditer(data):
        start, end = match.span("body")
        lines = [found.span("line") for found in _KEY_LINE.finditer(data, start, end)]
        if any(stop - begin >= 32 for begin, stop in lines):
            for begin, stop in lines:
                yield Found("private-key", begin, stop)


def _assigned(data: bytes, lower: bytes) -> Iterator[Found]:
    for name in _NAME_ENDS:
        for at in _places(lower, name):
            match = _ASSIGNED.match(data, at)
            if match is None:
                continue
            if lower[at : at + 5] in (b"pass:", b"pass=") and lower[at - 1 : at] != b"_":
                continue  # a test that passed
            if name == b"key" and not _BEFORE_KEY.search(lower[max(0, at - 12) : at]):
                continue
            group = "quoted" if match.group("quoted") is not None else "bare"
            value = match.group(group)
            if group == "bare":
                value = value.rstrip(b".:!?")
            password = name in (b"pass", b"pwd")
            if _is_secret(value, password=password, quoted=group == "quoted"):
                close = match.group("close") or b""
                quote = close if group == "bare" and close.endswith(b'"') else b""
                start = match.start(group)
                kind = "password" if password else "secret"
                yield Found(kind, start, start + len(value), quote)


def _places(data: bytes, text: bytes) -> Iterator[int]:
    at = data.find(text)
    while at >= 0:
        yield at
        at = data.find(text, at + len(text))


def _is_secret(value: bytes, *, password: bool, quoted: bool) -> bool:
    """Whether a value that is called a secret looks like one: no word, no code, no placeholder."""
    if _NO_SECRET.match(value) or MARK in value:
        return False
    letters = any(chr(c).isalpha() for c in value)
    digits = any(0x30 <= c <= 0x39 for c in value)
    if password:
        if letters and digits:
            return True
        odd = any(c in b"!@#$%^&*+~?" for c in value)
        return (quoted and (odd or (digits and len(value) >= 6))) or (digits and not letters)
    return len(value) >= 12 and letters and digits and _entropy(value) >= 2.8


def _entropy(value: bytes) -> float:
    """Return the bits a byte of the value carries (Shannon)."""
    counts = Counter(value)
    return -sum(n / len(value) * log2(n / len(value)) for n in counts.values())


def _in_headers(data: bytes, lower: bytes) -> Iterator[Found]:
    for word in (b"authorization", b"bearer"):
        for at in _places(lower, word):
            match = _HEADER.match(data, at)
            if match and any(0x30 <= c <= 0x39 for c in match.group("value")):
                yield Found("authorization", *match.span("value"))
    for at in _places(lower, b"cookie"):
        if match := _COOKIE.match(data, at):
            yield Found("cookie", *match.span("value"))
    for match in _LOGIN.finditer(data):
        if not _DOCUMENTED_LOGIN.match(match.group("value")):
            yield Found("login", *match.span("value"))
