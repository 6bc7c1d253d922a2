#!/usr/bin/env bash
# Looks for what a build needs before it starts, so that a missing compiler is one clear line and not a page of C errors.
set -u
missing=()
need() { # command, what it is, Debian package, Homebrew package
  command -v "$1" >/dev/null 2>&1 && return
  missing+=("$2")
  debian+=" $3"; brew+=" $4"
}
debian=""; brew=""
if ! command -v cargo >/dev/null 2>&1; then
  echo "cargo is missing: install Rust with rustup (rustup.rs), then run this again." >&2
  exit 1
fi
need cc "a C compiler (cc)" gcc gcc
need c++ "a C++ compiler (c++)" g++ gcc
need make "make" make make
if [ ${#missing[@]} -gt 0 ]; then
  printf 'missing: %s\n' "${missing[@]}" >&2
  echo "install:  sudo apt-get install -y$debian     (Debian, Ubuntu)" >&2
  echo "          brew install$brew     (macOS)" >&2
  exit 1
fi
