#!/usr/bin/env bash
# Builds, serves and tests luke-web. Two commands are all a new machine needs:
#
#   ./build.sh run     install what is missing, build, serve the demo on localhost: first with the CPU module, the others follow
#   ./build.sh test    everything CI checks, ending in one `N passed, M failed` line per runner
#
# and the parts:  wasm (pkg/wasm/{cpu,relaxed,threads,webgpu})   pkg (the npm package)   www (the demo)   check (Rust only, no browser)
#             docs (the API reference of the npm package, in docs/reference)
# and `bench [--rounds N ...]`: the package against onnxruntime-web, half an hour (tools/bench/README.md); Linux only
#
# Environment
#   LUKE_NO_INSTALL=1     install nothing: name what is missing and stop
#   LUKE_WASM_TOOLCHAIN   `target` (wasm32-unknown-unknown of your rustc) or `build-std` (Debian's rustc-web); default: what is there
#   LUKE_WASM_OPT=0       leave out wasm-opt (minutes) while working on the code; sizes are not checked then
#   LUKE_CACHE            where tools are kept (default: luke-web in your cache folder)
#   CARGO_TARGET_DIR      where Rust builds (default: ./target)
#   CHROMIUM              the browser for the tests        PORT   where `run` serves
#
# This script only brings what must be there before a program of ours can run: a C compiler, Rust and Node.js. The build itself is
# tools/build/main.mjs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

MSRV=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)                           # oldest Rust that builds us
NODE_MIN=20
export RUSTUP_AUTO_INSTALL=0                                                          # we install, and say so

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }     # WANTED FOUND
has() { command -v "$1" >/dev/null 2>&1; }

# ---- installing: LUKE_MISSING and LUKE_APT_FRESH go on to tools/build/installer.mjs, which does the same for other tools ----
export LUKE_MISSING='' LUKE_APT_FRESH=

# install WHAT COMMAND...: run the command, saying so; with LUKE_NO_INSTALL=1 only note it.
install() {
  local how="${*:2}"; how=${how/apt_install/apt-get install}
  if [ "${LUKE_NO_INSTALL:-0}" = 1 ]; then LUKE_MISSING+="$1    ($how)"$'\n'; return 1; fi
  say "installing $1: $how"; "${@:2}"
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif has sudo; then sudo "$@"; else die "need root for: $*"; fi; }
apt_update() {                                                                        # once, and only when something is missing
  if [ -z "$LUKE_APT_FRESH" ] && [ "${LUKE_NO_INSTALL:-0}" != 1 ] && has apt-get; then as_root apt-get -qq update >&2 || true; LUKE_APT_FRESH=1; fi
}
apt_install() {
  has apt-get || die "please install: $* (no apt-get here)"
  apt_update; as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@" >&2
}
within() { if has timeout; then timeout "$@"; else "${@:2}"; fi; }                       # SECONDS COMMAND...
apt_version() { ! has apt-cache || apt-cache policy "$1" 2>/dev/null | sed -n 's/.*Candidate: \([0-9][^ ]*\).*/\1/p'; }

need_cc() { has cc || install 'a C compiler' apt_install gcc libc6-dev || true; }
need_node() {
  has node && at_least $NODE_MIN "$(node --version | tr -d v)" && has npm && return
  install "Node.js $NODE_MIN" apt_install nodejs npm || return 0
  at_least $NODE_MIN "$(node --version | tr -d v)" || die "Node.js $NODE_MIN or newer is needed, the package manager has $(node --version): https://nodejs.org"
}

# ---- Rust: the first cargo and rustc in PATH, of rustup or of Debian, that are new enough -------------------------------------
rust_ok() {                                                                           # DIR holds a cargo and a rustc new enough
  local v; v=$("$1/rustc" --version 2>/dev/null) && "$1/cargo" --version >/dev/null 2>&1 || return 1
  v=${v#rustc }; at_least "$MSRV" "${v%% *}"
}
# rust_in DIR: as it is, or if rustup has not the toolchain that rust-toolchain.toml names, with the one it has as its default.
rust_in() {
  rust_ok "$1" && return
  local default; default=$("$1/rustup" default 2>/dev/null) || return 1
  RUSTUP_TOOLCHAIN=${default%% *} rust_ok "$1" && export RUSTUP_TOOLCHAIN=${default%% *}
}
find_rust() {
  local dir home
  while IFS= read -r dir; do
    home=$dir/../../.rustup                                                           # rustup's proxies under another HOME than ours
    if rust_in "$dir"; then :
    elif [ -z "${RUSTUP_HOME:-}" ] && [ -d "$home/toolchains" ] && RUSTUP_HOME=$home rust_in "$dir"; then RUSTUP_HOME=$(cd "$home" && pwd); export RUSTUP_HOME
    else continue; fi
    [ "$(type -P cargo)" = "$dir/cargo" ] || export PATH="$dir:$PATH"
    return 0
  done < <({ type -aP cargo || true; echo "$HOME/.cargo/bin/cargo"; echo /usr/bin/cargo; } | sed 's|/cargo$||')
  return 1
}
need_rust() {
  find_rust && return
  local stable=(rustup toolchain install stable --profile minimal --component rustfmt --component clippy)
  if has rustup; then
    export RUSTUP_TOOLCHAIN=stable; install "Rust $MSRV" within 900 "${stable[@]}" && find_rust && return
    unset RUSTUP_TOOLCHAIN; [ "${LUKE_NO_INSTALL:-0}" != 1 ] || return 0
  fi
  apt_update
  if at_least "$MSRV" "$(apt_version rustc-web)"; then
    install "Rust $MSRV" apt_install rustc-web cargo-web rustfmt-web rust-web-clippy || return 0
  elif ! has rustup && [ -n "$(apt_version rustup)" ]; then
    install rustup apt_install rustup || return 0
    install "Rust $MSRV" "${stable[@]}" || return 0
  fi
  find_rust && return
  if [ "${LUKE_NO_INSTALL:-0}" = 1 ]; then LUKE_MISSING+="Rust $MSRV    (https://rustup.rs)"$'\n'; return; fi
  die "Rust $MSRV or newer is needed; the usual way: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
}

case "${1:-help}" in
  run | test | bench | check | wasm) need_cc; need_rust; need_node ;;
  pkg | www | docs) need_node ;;
  help | -h | --help) sed -n '2,/^set /p' "$0" | sed '/^# This script/,$d; s/^# \{0,1\}//'; exit ;;
  *) die "unknown command '$1'; try ./build.sh help" ;;
esac
if ! has node; then printf 'missing:\n%s' "$LUKE_MISSING" | sed '2,$s/^/  /' >&2; exit 1; fi
exec node tools/build/main.mjs "$@"
