#!/usr/bin/env bash
# Builds, serves and tests luke-web. Two commands are all a new machine needs:
#
#   ./build.sh run     install what is missing, build, serve the demo on localhost
#   ./build.sh test    everything CI checks, ending in one `N passed, M failed` line per runner
#
# and the parts:  wasm (pkg/wasm/{cpu,relaxed,threads,webgpu})   pkg (the npm package)   www (the demo)   check (Rust only, no browser)
# and `bench [--rounds N ...]`: the package against onnxruntime-web, half an hour (tools/bench/README.md); Linux only
#
# Environment
#   LUKE_NO_INSTALL=1     install nothing: name what is missing and stop
#   LUKE_WASM_TOOLCHAIN   `target` (wasm32-unknown-unknown of your rustc) or `build-std` (Debian's rustc-web); default: see find_wasm
#   LUKE_WASM_OPT=0       leave out wasm-opt (minutes) while working on the code; sizes are not checked then
#   LUKE_CACHE            where tools are kept (default: luke-web in your cache folder)
#   CARGO_TARGET_DIR      where Rust builds (default: ./target)
#   CHROMIUM              the browser for the tests        PORT   where `run` serves
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

LUKE_CACHE=${LUKE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/luke-web}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
export PUPPETEER_SKIP_DOWNLOAD=1 PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
BINARYEN=132.0.0                                                                      # npm package that holds wasm-opt
PEERS='onnxruntime-web@1.30.0 @huggingface/transformers@4.3.1'                        # npm packages that the benchmark runs beside ours
MSRV=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)                           # oldest Rust that builds us
BINDGEN=$(awk '/^name = "wasm-bindgen"$/ {getline; gsub(/"/, ""); print $3}' Cargo.lock)  # the CLI must be exactly the crate's version
NODE_MIN=20

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }     # WANTED FOUND
has() { command -v "$1" >/dev/null 2>&1; }

# ---- steps: each is timed, kept alive with a progress line, and listed at the end -----------------------------------
STEPS=() FAILED=0 RC=0 TICKER=
LOGS=$CARGO_TARGET_DIR/luke-logs                                                      # output of the test runners

# step NAME COMMAND...: run it in a subshell; a failure is counted and the next step still runs.
step() {
  local name=$1 start=$SECONDS; shift
  say "$name"; ticker "$name" & TICKER=$!
  set +e; (set -e; "$@"); RC=$?; set -e
  { kill "$TICKER" && wait "$TICKER"; } 2>/dev/null || true; TICKER=
  if [ "$RC" = 0 ]; then note "$name" ok "$start"; else note "$name" FAILED "$start"; FAILED=$((FAILED + 1)); fi
}
must() { step "$@"; [ "$RC" = 0 ] || finish; }                                        # a step without which the rest makes no sense
note() { STEPS+=("$(printf '%-46s %6s s  %s' "$1" "$((SECONDS - $3))" "$2")"); }
ticker() {
  local s=0; trap 'kill $! 2>/dev/null; exit 0' TERM
  while :; do sleep 30 & wait $!; s=$((s + 30)); printf '    ... %s: %s s\n' "$1" "$s" >&2; done
}
trap '[ -z "$TICKER" ] || kill "$TICKER" 2>/dev/null || true' EXIT

# count RUNNER COMMAND...: run a test runner and keep its output, which finish turns into `RUNNER: N passed, M failed`.
count() {
  local log=$LOGS/$1.log rc=0; shift
  mkdir -p "$LOGS"; "$@" 2>&1 | tee "$log" || rc=$?
  echo "exit $rc" >> "$log"; return "$rc"
}
# The table of steps, then one plain line for each test runner.
finish() {
  local log
  printf '\n%-46s %6s\n' step seconds; printf '%s\n' ${STEPS[@]+"${STEPS[@]}"}; printf '%-46s %6s s\n\n' total "$SECONDS"
  for log in "$LOGS"/*.log; do
    [ ! -f "$log" ] || awk -v runner="$(basename "$log" .log)" '
      /^test result:/ { p += $4; f += $6; s += $8 }                                                                       # cargo test
      /^(#|ℹ) (pass|fail|skipped) [0-9]+$/ { if ($2 == "pass") p += $3; else if ($2 == "fail") f += $3; else s += $3 }    # node --test
      /^([a-z-]+: )?[0-9]+ passed, [0-9]+ failed/ { sub(/^[a-z-]+: /, ""); p += $1; f += $3; s += $5 }                    # plain
      /^exit [0-9]+$/ { if ($2 > 0 && !f) f = 1 }                                                                         # it crashed
      END { printf "%s: %d passed, %d failed%s\n", runner, p, f, s ? ", " s " skipped" : "" }' "$log"
  done
  [ "$FAILED" = 0 ] || { printf '%s step(s) FAILED\n' "$FAILED"; exit 1; }
  exit 0
}

# ---- what must be there, and how it gets there -----------------------------------------------------------------------
MISSING=() APT_FRESH=

# install WHAT COMMAND...: run the command, saying so; with LUKE_NO_INSTALL=1 only note it.
install() {
  local how="${*:2}"; how=${how/apt_install/apt-get install}; how=${how/cargo_install/cargo install --root}
  if [ "${LUKE_NO_INSTALL:-0}" = 1 ]; then MISSING+=("$1    ($how)"); return 1; fi
  say "installing $1: $how"; "${@:2}"
}
not_there() { [ "${LUKE_NO_INSTALL:-0}" = 1 ] || MISSING+=("$1    (could not be installed, see above)"); }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif has sudo; then sudo "$@"; else die "need root for: $*"; fi; }
apt_update() {                                                                        # once, and only when something is missing
  if [ -z "$APT_FRESH" ] && [ "${LUKE_NO_INSTALL:-0}" != 1 ] && has apt-get; then as_root apt-get -qq update >&2 || true; APT_FRESH=1; fi
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
need_chromium() {
  local c
  for c in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'; do
    if [ -n "$c" ] && has "$c"; then CHROMIUM=$(command -v "$c"); export CHROMIUM; return; fi
  done
  if install Chromium apt_install chromium; then CHROMIUM=$(command -v chromium); export CHROMIUM; fi
}

need_python() {
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || install 'Python 3.11 with venv' apt_install python3 python3-venv || true
}

# ---- Rust -------------------------------------------------------------------------------------------------------------
RUST_BIN=                                                                             # folder of the cargo and rustc we use
rust_ok() {                                                                           # DIR holds a cargo and a rustc new enough
  local v; v=$("$1/rustc" --version 2>/dev/null) && "$1/cargo" --version >/dev/null 2>&1 || return 1
  v=${v#rustc }; at_least "$MSRV" "${v%% *}"
}
find_rust() {
  local dir home
  while IFS= read -r dir; do
    if rust_ok "$dir"; then RUST_BIN=$dir; break; fi
    home=$dir/../../.rustup                                                           # rustup's proxies under another HOME than ours
    if [ -z "${RUSTUP_HOME:-}" ] && [ -d "$home/toolchains" ] && RUSTUP_HOME=$home rust_ok "$dir"; then
      RUSTUP_HOME=$(cd "$home" && pwd); export RUSTUP_HOME; RUST_BIN=$dir; break
    fi
  done < <({ type -aP cargo || true; echo "$HOME/.cargo/bin/cargo"; echo /usr/bin/cargo; } | sed 's|/cargo$||')
  [ -n "$RUST_BIN" ] && { [ "$(type -P cargo)" = "$RUST_BIN/cargo" ] || export PATH="$RUST_BIN:$PATH"; }
}
need_rust() {
  find_rust && return
  local stable=(rustup toolchain install stable --profile minimal --component rustfmt --component clippy)
  if has rustup; then
    export RUSTUP_TOOLCHAIN=stable; install "Rust $MSRV" within 900 "${stable[@]}" && find_rust && return
    unset RUSTUP_TOOLCHAIN
  fi
  apt_update
  if at_least "$MSRV" "$(apt_version rustc-web)"; then
    install "Rust $MSRV" apt_install rustc-web cargo-web rustfmt-web rust-web-clippy || return 0
  elif ! has rustup && [ -n "$(apt_version rustup)" ]; then
    install rustup apt_install rustup || return 0
    install "Rust $MSRV" "${stable[@]}" || return 0
  fi
  find_rust || die "Rust $MSRV or newer is needed; the usual way: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
}
need_rust_checks() {                                                                  # cargo fmt and cargo clippy
  if [ -z "$RUST_BIN" ] || { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then return; fi
  if [ "$RUST_BIN" = /usr/bin ]; then install 'rustfmt and clippy' apt_install rustfmt-web rust-web-clippy || true
  else install 'rustfmt and clippy' rustup component add rustfmt clippy || true; fi
}

# Two ways to compile for wasm32. `target`: rustc's own wasm32-unknown-unknown, from rustup. `build-std`: Debian's rustc-web
# and its library sources; cargo then compiles std too (2 minutes, once). What is installed already goes first, so that a
# machine stays with one of them and its build folder stays warm.
WASM=
deb_rust() { rust_ok /usr/bin && [ "$(/usr/bin/rustc --print sysroot)" = /usr ] && [ -d /usr/lib/rustlib/src/rust/library ]; }
find_lld() {                                                                          # a wasm linker: rustc's own, or LLVM's newest
  local f
  for f in "$SYSROOT"/lib/rustlib/*/bin/rust-lld $(type -aP wasm-ld || true) $(printf '%s\n' /usr/bin/wasm-ld-* | sort -Vr); do
    if [ -x "$f" ]; then LLD=$f; return; fi
  done
  return 1
}
find_wasm() {
  local want=${LUKE_WASM_TOOLCHAIN:-any}; LLD=
  SYSROOT=$(rustc --print sysroot)
  case $want in any | target) [ ! -d "$SYSROOT/lib/rustlib/wasm32-unknown-unknown/lib" ] || { WASM=target; return; } ;; esac
  case $want in any | build-std) if deb_rust && find_lld; then WASM=build-std; return; fi ;; esac
  return 1
}
need_wasm() {
  [ -n "$RUST_BIN" ] || return 0
  find_wasm && return
  if [ "${LUKE_WASM_TOOLCHAIN:-target}" = target ] && has rustup && [ "$RUST_BIN" != /usr/bin ]; then
    install 'the wasm32-unknown-unknown target' within 600 rustup target add wasm32-unknown-unknown && find_wasm && return
  fi
  if [ "${LUKE_WASM_TOOLCHAIN:-build-std}" = build-std ] && apt_update && at_least "$MSRV" "$(apt_version rustc-web)"; then
    deb_rust || install "Debian's Rust with library sources" apt_install rustc-web cargo-web rust-web-src || return 0
    find_lld || install 'a wasm linker' apt_install "$(apt-cache search --names-only '^lld-[0-9]+$' | sort -V | tail -n 1 | cut -d ' ' -f 1)" || return 0
  fi
  find_wasm || die 'no Rust here can compile for wasm32-unknown-unknown (usual way: rustup target add wasm32-unknown-unknown)'
}
# The module with threads needs a std with atomics, which nobody ships.
need_wasm_std() {
  [ "$WASM" = target ] && [ ! -d "$SYSROOT/lib/rustlib/src/rust/library" ] || return 0
  has rustup || die "the library sources of $(rustc --version) are needed to build std with atomics: $SYSROOT/lib/rustlib/src/rust (usual way: rustup component add rust-src)"
  install "Rust's library sources" within 600 rustup component add rust-src || true
}
need_wasm_clippy() { [ "$WASM" != build-std ] || [ -x /usr/bin/clippy-driver ] || install 'clippy for wasm32' apt_install rust-web-clippy || true; }
# cargo for wasm32: `wasm_cargo rustc ...`. The same RUSTFLAGS and profile for every module but that with threads, so that
# shared crates compile once.
wasm_cargo() {
  local verb=$1 args=(--locked --profile wasm --target wasm32-unknown-unknown); shift
  local -x RUSTFLAGS="-C target-feature=+simd128${WASM_THREADS:+ $WASM_THREADS}"
  if [ "$WASM" = build-std ]; then
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$LLD /usr/bin/cargo "$verb" "${args[@]}" -Zbuild-std=std,panic_abort "$@"
  elif [ -n "${WASM_THREADS:-}" ]; then
    RUSTC_BOOTSTRAP=1 cargo "$verb" "${args[@]}" -Zbuild-std=std,panic_abort "$@"     # std comes without atomics
  else
    cargo "$verb" "${args[@]}" "$@"
  fi
}
# Atomics, and what wasm-bindgen needs to start threads in one memory, of up to 4 GiB.
THREADS_FLAGS='-C target-feature=+atomics,+bulk-memory,+mutable-globals -C link-args=--shared-memory -C link-args=--import-memory -C link-args=--max-memory=4294967296'
for symbol in __heap_base __wasm_init_tls __tls_size __tls_align __tls_base; do THREADS_FLAGS="$THREADS_FLAGS -C link-args=--export=$symbol"; done
need_wasm_tools() {
  WASM_BINDGEN=wasm-bindgen
  if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $BINDGEN" ]; then
    local root=$LUKE_CACHE/tools/wasm-bindgen-$BINDGEN; WASM_BINDGEN=$root/bin/wasm-bindgen
    # Without its default features the CLI needs no TLS library; only its test runner, which we do not build, would.
    [ -x "$WASM_BINDGEN" ] || [ -z "$RUST_BIN" ] ||
      install "wasm-bindgen $BINDGEN, 2 to 8 minutes, once" cargo_install "$root" wasm-bindgen-cli --version "=$BINDGEN" --bin wasm-bindgen --no-default-features || not_there "wasm-bindgen $BINDGEN"
  fi
  WASM_OPT=$LUKE_CACHE/tools/binaryen-$BINARYEN/node_modules/binaryen/bin/wasm-opt
  [ -f "$WASM_OPT" ] || install "wasm-opt $BINARYEN" npm install --loglevel=error --no-audit --no-fund --prefix "${WASM_OPT%/node_modules/*}" "binaryen@$BINARYEN" || not_there "wasm-opt $BINARYEN"
}
# With the tool's own lock file where the registry has all of it, else with the newest compatible crates.
cargo_install() {
  local root=$1; shift
  local CARGO_TARGET_DIR=$LUKE_CACHE/tools/build
  { cargo install --root "$root" --locked "$@" || cargo install --root "$root" "$@"; } && rm -rf "$CARGO_TARGET_DIR"
}
need() {                                                                              # rust rust_checks wasm ... : all, then stop if any is missing
  local start=$SECONDS n
  for n in "$@"; do "need_$n"; done; rm -rf "$LOGS"
  [ ${#MISSING[@]} = 0 ] || { printf 'missing:\n'; printf '  %s\n' "${MISSING[@]}"; exit 1; } >&2
  note tools ok "$start"
}

# ---- the wasm modules -------------------------------------------------------------------------------------------------
RAW=$CARGO_TARGET_DIR/wasm32-unknown-unknown/wasm/luke_web.wasm
WASM_FEATURES='--enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue'

# compile NAME FEATURES: -> target/luke-raw/NAME.wasm
compile() {
  wasm_cargo rustc --lib --crate-type cdylib --no-default-features --features "$2"
  mkdir -p "$CARGO_TARGET_DIR/luke-raw"; cp "$RAW" "$CARGO_TARGET_DIR/luke-raw/$1.wasm"
}
bindgen() { "$WASM_BINDGEN" "$1" --target web --experimental-reset-state-function --out-name luke_web --remove-name-section --remove-producers-section --out-dir "$2"; }
# pack NAME LEVEL: wasm-bindgen and wasm-opt (minutes for the WebGPU module) -> pkg/wasm/NAME; results are kept by input.
pack() {
  local raw=$CARGO_TARGET_DIR/luke-raw/$1.wasm level=$2 key kept
  [ "${LUKE_WASM_OPT:-1}" != 0 ] || level=none
  key=$({ cat "$raw"; echo "$BINDGEN $BINARYEN $level $WASM_FEATURES"; } |
    node -e 'console.log(require("crypto").createHash("sha256").update(require("fs").readFileSync(0)).digest("hex").slice(0, 16))')
  kept=$CARGO_TARGET_DIR/luke-packed/$1-$key
  if [ ! -d "$kept" ]; then
    rm -rf "$kept.part"; bindgen "$raw" "$kept.part"
    if [ "$level" = none ]; then echo 0 > "$kept.brotli"; else optimise "$kept.part/luke_web_bg.wasm" "$level" > "$kept.brotli"; fi
    mv "$kept.part" "$kept"
    find "${kept%/*}" -maxdepth 1 -name "$1-*" -mtime +7 -exec rm -rf {} +            # old ones
  fi
  if ! diff -rq "$kept" "pkg/wasm/$1" >/dev/null 2>&1; then rm -rf "pkg/wasm/$1"; mkdir -p pkg/wasm; cp -R "$kept" "pkg/wasm/$1"; fi
  cp "$kept.brotli" "${kept%/*}/$1.brotli"
}
optimise() {                                                                          # FILE LEVEL, in place; prints its size with brotli
  # shellcheck disable=SC2086  # the features are words
  node "$WASM_OPT" "$2" $WASM_FEATURES --strip-debug --strip-producers "$1" -o "$1.opt" >&2
  mv "$1.opt" "$1"
  node -e 'const z = require("zlib"), wasm = require("fs").readFileSync(process.argv[1]);
    console.log(z.brotliCompressSync(wasm, { params: { [z.constants.BROTLI_PARAM_QUALITY]: 11, [z.constants.BROTLI_PARAM_LGWIN]: 24 } }).length)' "$1"
}
# The WebGPU module first: its wasm-opt (one core, minutes) then runs beside the CPU module's compilation.
build_wasm() {
  local state=$CARGO_TARGET_DIR/luke-packed/webgpu.state
  must 'compile wasm, WebGPU (first time 15 to 30 min)' compile webgpu webgpu
  rm -f "$state"; mkdir -p "${state%/*}"
  { set +e; (set -e; pack webgpu -Oz); echo $? > "$state"; } > "$state.log" 2>&1 &
  must 'compile wasm, CPU' compile cpu cpu
  must 'pack wasm, CPU' pack cpu -O3
  # The same for engines with relaxed SIMD. Only functions of ours use it, so nothing but our crate compiles again.
  must 'compile wasm, CPU with relaxed SIMD' compile relaxed relaxed-simd
  local WASM_FEATURES="$WASM_FEATURES --enable-relaxed-simd"
  must 'pack wasm, CPU with relaxed SIMD' pack relaxed -O3
  # That again with atomics and a shared memory, for which every crate compiles once more.
  WASM_THREADS=$THREADS_FLAGS must 'compile wasm, CPU with threads (first time 5 min)' compile threads threads
  WASM_FEATURES="$WASM_FEATURES --enable-threads" must 'pack wasm, CPU with threads' pack threads -O3
  must 'pack wasm, WebGPU (first time 5 min)' wait_for "$state"
}
wait_for() {                                                                          # STATE file of a job in the background
  while [ ! -f "$1" ]; do sleep 1; done
  cat "$1.log"; [ "$(cat "$1")" = 0 ]
}
budget() {                                                                            # brotli sizes against budget.json
  # shellcheck disable=SC2016  # JavaScript
  node -e '
    const fs = require("fs"), limits = JSON.parse(fs.readFileSync("budget.json")).brotli; let over = 0;
    for (const [name, limit] of Object.entries(limits)) {
      const bytes = Number(fs.readFileSync(`${process.argv[1]}/${name}.brotli`)), ok = bytes <= limit; over += !ok;
      console.log(bytes ? `${name}: ${bytes} bytes with brotli, limit ${limit}${ok ? "" : ": TOO BIG"}` : `${name}: not measured (LUKE_WASM_OPT=0)`);
    }
    process.exit(over ? 1 : 0)' "$CARGO_TARGET_DIR/luke-packed"
}

# ---- the npm package and the demo ---------------------------------------------------------------------------------------
npm_ci() {                                                                            # what package-lock.json says; skipped while unchanged
  ! cmp -s package-lock.json node_modules/.luke-lock || return 0
  [ "${LUKE_NO_INSTALL:-0}" != 1 ] || die 'missing: npm packages    (npm ci)'
  npm ci --no-audit --no-fund && cp package-lock.json node_modules/.luke-lock
}
npm_run() { npm run --silent --workspace "$1" "$2"; }                                 # PACKAGE SCRIPT

# ---- tests ----------------------------------------------------------------------------------------------------------------
# The micro checkpoints as model folders for the browser, made by the command line itself.
convert_fixtures() {
  local d out
  cargo build --locked --release --bin luke
  for d in tests/fixtures/checkpoints/*/; do
    [ -f "$d/model.safetensors" ] || continue                                         # a tokenizer only
    out=tests/browser/.models/$(basename "$d"); rm -rf "$out"
    "$CARGO_TARGET_DIR/release/luke" convert "$d" "$out" --entities full
  done
  out=tests/browser/.models/micro-span_cls-q8; rm -rf "$out"
  "$CARGO_TARGET_DIR/release/luke" convert tests/fixtures/checkpoints/micro-span_cls "$out" --dtype q8
}
# The WebGPU module again with `kernelTest` exported; not optimised. clippy's own rustc compiles it where there is one, as
# `cargo clippy` would: that lints the wasm-only code for the price of one crate.
compile_kernels() {
  local driver=$SYSROOT/bin/clippy-driver; [ "$WASM" = target ] || driver=/usr/bin/clippy-driver
  if [ -x "$driver" ]; then export RUSTC_WORKSPACE_WRAPPER=$driver; fi
  wasm_cargo rustc --lib --crate-type cdylib --no-default-features --features webgpu,kernel-tests -- -D warnings
  rm -rf tests/browser/.kernels; bindgen "$RAW" tests/browser/.kernels
}
rust_checks() {
  step 'cargo fmt --check' cargo fmt --check
  step 'cargo clippy' cargo clippy --locked --release --all-targets -- -D warnings
  step 'cargo test (first time 10 min)' count rust cargo test --locked --release --no-fail-fast
  step 'cargo doc' env RUSTDOCFLAGS='-D warnings' cargo doc --locked --release --no-deps
}

# ---- the benchmark --------------------------------------------------------------------------------------------------------
BENCH=$LUKE_CACHE/bench                                                               # 6 GB of tools and 3 GB of models
BENCH_DTYPES='f32 q8'                                                                 # of our model folders

# kept STAMP WANTED COMMAND...: run the command unless the file says that it was done with the same wish.
kept() {
  local stamp=$1 wanted=$2; shift 2
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  [ "${LUKE_NO_INSTALL:-0}" != 1 ] || die "missing: $*"
  say "installing: $*"; "$@" && echo "$wanted" > "$stamp"
}
bench_peers() {
  # shellcheck disable=SC2086  # the packages are words
  kept "$BENCH/npm.done" "$PEERS" npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$BENCH/npm" $PEERS
}
bench_python() { kept "$BENCH/venv.done" "$(cat tools/bench/requirements.txt)" make_venv "$BENCH/venv" tools/bench/requirements.txt; }
make_venv() { rm -rf "$1"; python3 -m venv "$1" && "$1/bin/pip" install --quiet -r "$2"; }
bench_models() {
  local dtype
  "$BENCH/venv/bin/python" tools/bench/export_onnx.py "$BENCH"
  cargo build --locked --release --bin luke
  for dtype in $BENCH_DTYPES; do
    [ "$BENCH/models/$dtype/manifest.json" -nt "$CARGO_TARGET_DIR/release/luke" ] ||
      "$CARGO_TARGET_DIR/release/luke" convert "$BENCH/checkpoints/base" "$BENCH/models/$dtype" --dtype "$dtype" --name "luke-base-random-$dtype"
  done
}

case "${1:-help}" in
  run)
    need cc rust node wasm wasm_std wasm_tools; build_wasm
    must 'npm packages' npm_ci; must 'npm package' npm_run pkg build; must 'demo' npm_run www build
    exec node www/serve.mjs ;;
  test)
    need cc rust rust_checks node chromium wasm wasm_std wasm_clippy wasm_tools
    rust_checks
    must 'luke convert of the fixtures' convert_fixtures
    build_wasm
    step 'size budget' budget
    step 'wasm32: clippy, kernel test module' compile_kernels
    must 'npm packages' npm_ci
    must 'npm package: tsc' npm_run pkg build
    step 'demo: tsc' npm_run www build
    step 'npm package: unit tests' count node npm test --silent --workspace pkg
    step 'benchmark: unit tests' count bench node --test tools/bench/*.test.mjs
    step 'browser tests' count browser node tests/browser/run.mjs
    finish ;;
  bench)
    need cc rust node chromium wasm wasm_std wasm_tools python; build_wasm
    must 'npm packages' npm_ci; must 'npm package' npm_run pkg build
    mkdir -p "$BENCH/models"
    must 'peers from npm' bench_peers; must 'Python with PyTorch (3 GB)' bench_python; must 'models and ONNX files (3 min)' bench_models
    step 'benchmark' node tools/bench/bench.mjs "$BENCH" "${@:2}"
    finish ;;
  check) need cc rust rust_checks; rust_checks; finish ;;
  wasm)  need cc rust node wasm wasm_std wasm_tools; build_wasm; step 'size budget' budget; finish ;;
  pkg)   need node; must 'npm packages' npm_ci; must 'npm package' npm_run pkg build; finish ;;
  www)   need node; must 'npm packages' npm_ci; must 'npm package' npm_run pkg build; must 'demo' npm_run www build; finish ;;
  help | -h | --help) sed -n '2,/^set /p' "$0" | sed '$d; s/^# \{0,1\}//' ;;
  *) die "unknown command '$1'; try ./build.sh help" ;;
esac
