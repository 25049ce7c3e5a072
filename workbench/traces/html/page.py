"""The frame of a page: what may run and load (nothing but its own), its look, its few buttons."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from workbench.traces.html.escaping import escaped

_STYLE: Final = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2024;--muted:#5b6470;--line:#d8dde3;--panel:#f5f7f9;
--user:#0b57d0;--agent:#1b6e3c;--system:#7a4a00;--error:#b3261e;--add:#e4f5e8;--del:#fdeceb;--at:#5b6470;
--c1:#b3261e;--c2:#1b6e3c;--c3:#7a5900;--c4:#0b57d0;--c5:#8b2fa3;--c6:#00696d}
@media (prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e3e6ea;--muted:#9aa4b0;--line:#333a42;
--panel:#1d2126;--user:#8ab4f8;--agent:#7fd39b;--system:#e0b36a;--error:#f2877f;--add:#17351f;
--del:#43201e;--at:#9aa4b0;--c1:#f2877f;--c2:#7fd39b;--c3:#e0c06a;--c4:#8ab4f8;--c5:#d7a0ea;--c6:#7fd4d8}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.35rem;margin:.2rem 0}h2{font-size:1.1rem}
a{color:var(--user)}small,.muted{color:var(--muted)}
pre,code{font:13px/1.45 ui-monospace,Menlo,Consolas,monospace}
pre{background:var(--panel);border:1px solid var(--line);border-radius:4px;padding:.5rem .7rem;
margin:.4rem 0;overflow:auto;max-height:40rem;white-space:pre-wrap;overflow-wrap:anywhere}
table{border-collapse:collapse;margin:.4rem 0}
td,th{border:1px solid var(--line);padding:.15rem .6rem;
text-align:left;vertical-align:top}
.bar{position:sticky;top:0;background:var(--bg);padding:.4rem 0;z-index:1;
border-bottom:1px solid var(--line)}
.bar label,.bar button{margin-right:.8rem}
.step{border-left:4px solid var(--line);padding:.1rem 0 .1rem .8rem;margin:1rem 0}
.step{content-visibility:auto;contain-intrinsic-size:auto 8rem}
.step:target{background:var(--panel)}
.step>header{font-size:.9rem}.step.user{border-color:var(--user)}.step.agent{border-color:var(--agent)}
.step.system,.step.context{border-color:var(--system)}
.call{border:1px solid var(--line);border-radius:4px;padding:.3rem .6rem;margin:.5rem 0}
.call.error,.call.rejected{border-color:var(--error)}
.bad{color:var(--error);font-weight:600}
.chip{border:1px solid var(--line);border-radius:9px;padding:0 .5rem;
margin-right:.4rem;font-size:.85rem}
.sub{border:1px dashed var(--line);border-radius:4px;padding:.3rem .8rem;margin:.6rem 0}
summary{cursor:pointer}
.md{overflow-wrap:anywhere}.link{text-decoration:underline dotted}
.add{background:var(--add)}.del{background:var(--del)}.at{color:var(--at)}
.b{font-weight:700}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}
.c5{color:var(--c5)}.c6{color:var(--c6)}.c0,.c7{color:var(--muted)}
.no-user .step.user,.no-agent .step.agent,.no-system .step.system,.no-context .step.context,
.no-event .step.event,.only-errors .step:not(.failed){display:none}
@media print{.bar{display:none}pre{max-height:none}}
"""
_SCRIPT: Final = """
"use strict";
const body=document.body;
document.querySelectorAll(".bar input").forEach(box=>box.addEventListener("change",()=>{
body.classList.toggle(box.dataset.name,box.dataset.when==="on"?box.checked:!box.checked)}));
document.querySelectorAll(".bar button").forEach(button=>button.addEventListener("click",()=>{
document.querySelectorAll("details").forEach(one=>{one.open=button.dataset.open==="yes"})}));
function reveal(){const at=document.getElementById(location.hash.slice(1));
for(let one=at;one;one=one.parentElement){if(one.tagName==="DETAILS")one.open=true}
if(at)at.scrollIntoView()}
addEventListener("hashchange",reveal);reveal();
document.querySelector(".bar").hidden=false;
"""
_KINDS: Final = ("user", "agent", "system", "context", "event")


def page_start(title: str) -> str:
    """Return the page up to its first content.

    Nothing may be loaded, and no script or style but the ones here may work: by their hashes.
    """
    policy = (
        "default-src 'none'; "
        f"style-src '{_hash(_STYLE)}'; script-src '{_hash(_SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{_bar()}"
    )


def page_end() -> str:
    """Return what closes the page."""
    return f"<script>{_SCRIPT}</script>\n</body>\n</html>\n"


def _bar() -> str:
    """Return the filters; they are there only where the script runs, all else needs none."""
    boxes = "".join(
        f'<label><input type="checkbox" checked data-name="no-{kind}" data-when="off"> {kind}'
        "</label>"
        for kind in _KINDS
    )
    return (
        f'<div class="bar" hidden>{boxes}'
        '<label><input type="checkbox" data-name="only-errors" data-when="on"> failed alone</label>'
        '<button type="button" data-open="yes">Unfold all</button>'
        '<button type="button" data-open="no">Fold all</button></div>\n'
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
