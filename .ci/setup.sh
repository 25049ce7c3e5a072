#!/usr/bin/env bash
# Set-up shared by ./run and ./check: virtual environment, locked packages, system libraries.
# Sourced; expects to stand in the checkout. Usage: setup LOCK...   Sets PY to the environment's Python.
set -euo pipefail

VENV="${SKILL_WORKBENCH_VENV:-.venv}"
PY="$VENV/bin/python"

# Qt's libraries on Debian 12 and Ubuntu 22.04 or later: for drawing at all, and for a real window.
QT_PACKAGES="libglib2.0-0 libgl1 libegl1 libfontconfig1 libxkbcommon0 libdbus-1-3"
XCB_PACKAGES="libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1"

say() { printf '%s\n' "skill-workbench set-up: $*" >&2; }
fail() { say "$*"; exit 2; }

# install_system WHY PACKAGE...: installs as root on Debian and Ubuntu, else prints the exact command.
install_system() {
  local why="$1"; shift
  if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
      say "installing $* ($why)"
      export DEBIAN_FRONTEND=noninteractive
      apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
        { apt-get update >/dev/null && apt-get install -y --no-install-recommends "$@" >/dev/null; } ||
        fail "apt-get could not install $*. Run it by hand to see why, then start again."
      return 0
    fi
    fail "$why is missing. Run:  sudo apt-get install -y --no-install-recommends $*"
  fi
  fail "$why is missing. Install the equivalents of these Debian packages: $*"
}

find_python() {
  local name
  for name in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
    [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
    "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null &&
      { echo "$name"; return 0; }
  done
  fail "Python 3.11, 3.12 or 3.13 is needed and was not found. Install one (Debian 12: apt-get install python3)."
}

make_environment() {
  [ -x "$PY" ] && "$PY" -c 'import pip' >/dev/null 2>&1 && return 0
  local python; python="$(find_python)"
  if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    install_system "the Python module venv" python3-venv
  fi
  say "creating the virtual environment $VENV"
  "$python" -m venv "$VENV" || fail "could not create $VENV. Delete the folder and try again."
}

install_packages() {
  local stamp="$VENV/.skill-workbench-stamp" sum
  sum="$(cat "$@" pyproject.toml | sha256sum | cut -d' ' -f1) $*"
  [ -f "$stamp" ] && grep -qxF "$sum" "$stamp" && return 0
  say "installing the Python packages (once, about a minute)"
  local requirements=() lock
  for lock in "$@"; do requirements+=(-r "$lock"); done
  "$PY" -m pip install --quiet --disable-pip-version-check --require-hashes "${requirements[@]}" ||
    fail "pip could not install the packages. Check the network, then start again."
  "$PY" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ||
    fail "the package itself could not be installed. Delete $VENV and start again."
  printf '%s\n' "$sum" >>"$stamp"
}

install_qt_libraries() {
  "$PY" -c 'import PySide6.QtWidgets' >/dev/null 2>&1 || install_system "a system library of Qt" $QT_PACKAGES
  "$PY" -c 'import PySide6.QtWidgets' ||
    fail "Qt cannot be loaded (see above). Packages it needs: $QT_PACKAGES"
  [ -n "${DISPLAY:-}" ] || return 0
  local plugin
  plugin="$("$PY" -c 'import PySide6, pathlib; print(pathlib.Path(PySide6.__file__).parent / "Qt/plugins/platforms/libqxcb.so")')"
  if [ -f "$plugin" ] && ldd "$plugin" 2>/dev/null | grep -q 'not found'; then
    install_system "a library of Qt's window system plugin" $XCB_PACKAGES
  fi
}

setup() {
  make_environment
  install_packages "$@"
  install_qt_libraries
}
