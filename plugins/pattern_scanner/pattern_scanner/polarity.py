"""Whether a text orders an act, forbids it, or speaks about it.

Nearly all false alarms of published scanners come from texts that quote or forbid what they are
blamed for, so this is decided before any rule counts.
"""

from __future__ import annotations

import re

_NEGATOR = re.compile(
    r"\b(?:never|not|don't|dont|doesn't|does not|cannot|can't|won't|wouldn't|shouldn't|mustn't|"
    r"isn't|"
    r"avoid|avoids|refuse|refuses|reject|rejects|prevent|prevents|prohibit|prohibits|forbid|"
    r"forbids|"
    r"forbidden|instead of|rather than|no longer|stop|block|blocks|without|neither|nor|"
    r"nicht|nie|niemals|kein|keine|keinen|nunca|jamas|evite|jamais|ne|evitez|mai|nao|nunca|"
    r"никогда|не)\b"
    r"|不要|请勿|禁止|切勿|不得|不应|しないで|してはいけ"
)
_CLAUSE_BREAK = re.compile(
    r"[.;:!?。；：！？—]\s|\bbut\b|\binstead,|\bthen\b|\brather,|"
    r", and (?:then )?(?:silently|always)"
)
#: Words of a text that speaks about attacks instead of ordering one.
_ABOUT = re.compile(
    r"(?<![./@-])\b(?:attack(?:er|ers|s|ing)?|adversar(?:y|ial|ies)|malicious(?:ly)?|malware|phish(?:ing)?|"
    r"injection|injected|jailbreaks?|exploit(?:s|ed|ation|ing)?|vulnerab(?:le|ility|ilities)|"
    r"threats?|red[- ]team(?:ing)?|suspicious|untrusted|hostile|compromised|detect(?:s|ed|ing|"
    r"ion)?|"
    r"scans? for|scanner|looks? for|watch(?:es)? (?:out )?for|flag(?:s|ged)? (?:any|all|as|if|"
    r"when|it)|warns? (?:about|against|if|when|on|the)|warning signs?|risk(?:y|s)? of|"
    r"(?:high|critical)[- ]risk|"
    r"dangerous|unsafe|insecure|anti-?patterns?|red flags?|indicators? of|signs? of|"
    r"examples? of|treat (?:it|them|these|this|any|all|such) as data|as data, not|"
    r"social engineering|"
    r"prompt-injection|poison(?:s|ed|ing)?|hijack(?:s|ed|ing)?|smuggl\w{2,4}|owasp|cwe-\d+|"
    r"mitre|angriff|angreifer|schadsoftware|ataque|attaque|攻击|恶意)\b(?![\w-]{0,30}\.\w)"
)
_SAYING = re.compile(
    r"\b(?:says?|said|saying|asks?|asked|phrases?|strings?|text like|like|such as|e\.g\.|"
    r"contain(?:s|ing)?|"
    r"includ(?:es|ing)|words?|patterns?|prompts? like|messages? like|commands? like|matches|"
    r"claims?|reads?|begins? with|starts? with|tries to|trying to|attempts? to|attempting to|"
    r"instructions like|requests? to|told to)\b"
)
#: A heading or lead-in that turns what follows into a bad example.
_BAD_LEAD = re.compile(
    r"\b(?:never|do not|don't|dont|avoid|bad|wrong|incorrect|unsafe|insecure|dangerous|vulnerable|"
    r"malicious|attacks?|attackers?|exploits?|suspicious|red flags?|warning signs?|reject|refuse|"
    r"block(?:s|ed|list)?|deny|denied|denylist|forbidden|prohibited|flags?|detects?|detected|"
    r"look(?:s|ing)? for|search for|watch (?:out )?for|scan for|check for|audit for|grep for|"
    r"indicators?|signs of|"
    r"anti-?patterns?|payloads?|must not|should not|shouldn't|what not to|not allowed|nicht|"
    r"niemals|nunca|evite|jamais|不要|禁止)\b|[❌✗✘⛔🚫👎]"
)
_BAD_HEADING = re.compile(
    r"^(?:\W|\d)*(?:never\b|do not\b|don'?ts?\b|what not to|what to avoid|anti-?patterns?|bad\b|"
    r"wrong\b|avoid\b|"
    r"forbidden|prohibited|red flags?|common (?:mistakes|pitfalls)|pitfalls|rationali[sz]ations|"
    r"things? (?:to avoid|not to)|disallowed|blocked|deny|denylist|out of scope|"
    r"warning signs|malicious|attack|threats?\b|vulnerab|exploit|injection)|[❌✗✘⛔🚫]"
)
_CAUTION_HEADING = re.compile(
    r"\b(?:anti-?patterns?|mistakes|pitfalls|red flags?|attacks?|threats?|vulnerabilit(?:y|ies)|"
    r"exploits?|exploitation|injection|malicious|malware|jailbreaks?|payloads?|security|safety|"
    r"detect(?:ion|ing)?|indicators?|warnings?|test cases?|tests|fixtures?|adversarial|"
    r"hardening|incident|forensics?|abuse|risks?|guardrails?|don'?ts?)\b"
)
#: What a skill whose subject is security says of itself.
_SECURITY_SUBJECT = re.compile(
    r"\b(?:pen(?:etration)?[- ]?test\w*|red[- ]team\w*|blue[- ]team\w*|threat\w*|"
    r"vulnerabilit\w+|malware|"
    r"exploit\w*|offensive security|security (?:audit\w*|review\w*|testing|assessment|scan\w*|"
    r"analysis|research\w*)|incident response|forensic\w*|ctf|owasp|mitre|hardening|"
    r"sast|dast|yara|sigma rules?|semgrep|codeql|prompt[- ]injection|jailbreak\w*|"
    r"privilege escalation|attack\w*|reverse engineering|bug bounty|detection engineering|"
    r"social engineering|phishing|cve)\b"
)
_BAD_COMMENT = re.compile(
    r"(?:#|//|--|/\*|<!--|rem )\s*(?:\W{0,3})(?:bad|wrong|unsafe|insecure|vulnerable|never|"
    r"don'?t|do not|avoid|"
    r"malicious|dangerous|anti-?pattern|attack|exploit|incorrect)\b|[❌✗⛔🚫]"
)
_GOOD_COMMENT = re.compile(
    r"(?:#|//|--|/\*|<!--)\s*(?:\W{0,3})(?:good|right|safe|secure|correct|better|do)\b|[✅✓]"
)
_NEW_ORDER = re.compile(r"(?:,|;) (?:and|then|also|do) ")
_NEGATOR_AFTER = re.compile(
    r"(?:\s\w{1,6}){0,2}\s(?:niemals|nie|nicht|keine\w?|jamais|pas|aucun\w?|nunca|mai)\b"
)
_AFTERWARDS = re.compile(r"\b(?:before|against|risk of|risks of|attempts? to)\s(?:\w{1,14}\s)?$")
_DOUBLE_NEGATION = re.compile(
    r"\b(?:do not|don't|never) (?:forget|fail|hesitate|skip|omit|neglect)\b"
)


def negated(text: str, start: int, end: int = 0, *, own: bool = False) -> bool:
    """Tell whether the clause around ``start`` forbids what stands there in folded text.

    ``own``: the words hold a negation themselves ("do not tell the user"), so that another
    "without" or a new order before them does not turn them around. German, French and Spanish
    negate after the verb too: there the words after ``end`` are looked at.
    """
    before = text[max(0, start - 80) : start]
    breaks = [match.end() for match in _CLAUSE_BREAK.finditer(before)]
    if own:
        breaks += [match.end() for match in _NEW_ORDER.finditer(before)]
    clause = before[max(breaks) :] if breaks else before
    if _DOUBLE_NEGATION.search(clause):
        return False
    if own:
        clause = clause.replace("without", "")
    if _NEGATOR.search(clause) or _AFTERWARDS.search(clause):
        return True
    return bool(end) and bool(_NEGATOR_AFTER.match(text[end : end + 20]))


def mentioned(text: str, start: int, end: int) -> bool:
    """Tell whether folded text speaks about the words at ``start``..``end``, or quotes them."""
    if _ABOUT.search(text[:start]) or _ABOUT.search(text[end : end + 160]):
        return True
    if _quoted(text, start, end):
        return bool(_SAYING.search(text[:start])) or text[:start].count('"') >= 3
    return False


def _quoted(text: str, start: int, end: int) -> bool:
    for mark in ('"', "`", "「", "«", "“"):
        if text[:start].count(mark) % 2 and mark in text[end:]:
            return True
    return text[:start].rstrip().endswith(("'", "‘")) and "'" in text[end:]


def bad_lead(folded: str) -> bool:
    """Tell whether a lead-in ("Never do this:") makes what follows a bad example."""
    return bool(_BAD_LEAD.search(folded)) and not _DOUBLE_NEGATION.search(folded)


def bad_heading(folded: str) -> bool:
    """Tell whether a heading begins by naming mistakes or attacks."""
    return bool(_BAD_HEADING.search(folded))


def caution_heading(folded: str) -> bool:
    """Tell whether a heading is about security, tests or mistakes."""
    return bool(_CAUTION_HEADING.search(folded))


def security_subject(folded: str) -> bool:
    """Tell whether a description says that the skill's subject is security."""
    return bool(_SECURITY_SUBJECT.search(folded))


def bad_comment(line: str) -> bool:
    """Tell whether a line of code marks what follows as a bad example."""
    return bool(_BAD_COMMENT.search(line.lower()))


def good_comment(line: str) -> bool:
    """Tell whether a line of code ends a bad example."""
    return bool(_GOOD_COMMENT.search(line.lower()))
