"""Paths, names and addresses that mean something: secrets, agent settings, start-up places."""

from __future__ import annotations

import re

#: Stores of secrets. A mention alone says little: what is done with them counts.
SECRET_PATH = re.compile(
    r"(?i)\.ssh\b|id_(?:rsa|ed25519|ecdsa|dsa)\b|\.aws\b|\.gnupg|\.kube/config|\.docker/config|"
    r"\.netrc|\.npmrc|"
    r"\.pypirc|\.pgpass|git-credentials|\.config/(?:gcloud|gh|hub)|\.azure|/etc/(?:shadow|"
    r"passwd)|login data|"
    r"cookies(?:\.sqlite|\.db)?\b|logins\.json|key[34]\.db|local state|wallet|keychain|keystore|"
    r"\.bash_history|"
    r"\.zsh_history|(?:^|[/\\ \"'])\.env(?:\.\w{1,12})?(?:$|[\s\"'])|credentials?(?:\.json|"
    r"\.ya?ml|\.db)?(?:$|[\s\"'])|"
    r"metamask|exodus|electrum|1password|bitwarden|lastpass|\.clawdbot|\.openclaw|\.anthropic|"
    r"\.claude/\.credentials|"
    r"secrets?\.(?:json|ya?ml|toml)|\.vault-token|service[-_]account"
)
CONTROL_FILE = re.compile(
    r"(?:CLAUDE|AGENTS|MEMORY|SOUL|GEMINI|HEARTBEAT|IDENTITY|BOOTSTRAP|copilot-instructions)\.md\b|"
    r"\.cursorrules|\.windsurfrules|\.clinerules|\.claude[/\\ ]{1,2}(?:settings|hooks|CLAUDE|"
    r"agents|mcp|memory|projects|plugins)|\.claude\.json|\.mcp\.json|\bmcp\.json|"
    r"claude_desktop_config|\.codex[/\\]config|\.openclaw[/\\]|\.clawdbot[/\\]"
)
SETTINGS_FILE = re.compile(
    r"settings(?:\.local)?\.json|hooks\.json|\.claude\.json|mcp\.json|config\.toml|desktop_config"
)
PERSISTENCE = re.compile(
    r"(?i)\.(?:bashrc|zshrc|bash_profile|zprofile|zshenv)\b|(?:^|[/\\])\.profile\b|"
    r"launch ?(?:agents|daemons)|/etc/cron|crontab|"
    r"/etc/systemd|systemd/(?:user|system)|\.config/autostart|currentversion\\+run|"
    r"start menu\\+programs\\+startup|"
    r"/etc/rc\.local|\.git/hooks|sitecustomize\.py|usercustomize\.py|/etc/init\.d|/etc/profile"
)
ACCESS_FILE = re.compile(r"authorized_keys|/etc/sudoers|/etc/passwd|/etc/shadow|ld\.so\.preload")
LOCAL = re.compile(
    r"(?i)localhost|127\.0\.0\.1|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal|\.local\b"
)
MINING = re.compile(
    r"(?i)stratum\+(?:tcp|ssl)://|\bxmrig\b|\bminerd\b|\bcryptonight\b|\bcoinhive\b|\brandomx\b"
)
SECRET_NAME = re.compile(
    r"(?i)key|token|secret|passw|credential|private|auth|database_url|dsn|mnemonic|seed"
)
HOME = re.compile(r"(?:^|[\s\"'])(?:~|/root|/home|/Users|C:\\Users)|^/$|\$HOME|%USERPROFILE%")


def host_of(url: str) -> str:
    """Return the host named in a text, or an empty one."""
    match = re.search(r"(?:https?|wss?|ftp)://([\w.-]{1,100})", url)
    return match.group(1).lower() if match else ""


def own_service(name: str, host: str) -> bool:
    """Tell whether a variable such as OPENAI_API_KEY belongs to the service at ``host``."""
    words = [word for word in re.split(r"[_\W]+", name.lower()) if len(word) > 2]
    generic = {
        "api",
        "key",
        "token",
        "secret",
        "access",
        "auth",
        "password",
        "url",
        "base",
        "app",
        "bot",
        "client",
        "private",
        "user",
        "env",
    }
    telling = [word for word in words if word not in generic]
    return not telling or not host or any(word in host for word in telling)
