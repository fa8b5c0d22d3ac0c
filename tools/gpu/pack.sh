#!/usr/bin/env bash
# Puts all that day.sh needs on a machine without network into FOLDER: day.sh and one archive. Linux x64.
#   tools/gpu/pack.sh FOLDER      after ./build.sh test, or after the steps of it that build the modules, the fixtures and the page
# NODE is the node program to carry (default: the one that runs), LIBVULKAN the loader (default: of the system, or of Chromium).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=${1:?usage: pack.sh FOLDER}
limit=$((64 << 20))                                                                   # what may travel to the machine

die() { echo "pack.sh: $*" >&2; exit 1; }
for built in pkg/dist/index.js pkg/wasm/webgpu/luke_web_bg.wasm pkg/wasm/cpu/luke_web_bg.wasm tests/browser/.kernels/luke_web_bg.wasm tests/browser/.models/micro-span_cls-q8/manifest.json www/dist/check/meter.js node_modules/webgpu/dist/linux-x64/dawn.node; do
  [ -f "$built" ] || die "$built is missing: run ./build.sh test first"
done

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
# carry PATH...: copies files and folders to the same path, links followed.
carry() { for path in "$@"; do mkdir -p "$stage/$(dirname "$path")"; cp -rL "$path" "$stage/$path"; done; }

carry package.json pkg/package.json pkg/dist www/package.json www/serve.mjs www/dist/check www/models/luke-mini-en
carry tests/webgpu tests/browser/fixtures.mjs tests/browser/server.mjs tests/browser/specs/kernels.mjs tests/browser/.kernels tests/browser/.models tests/fixtures/heads.json tests/fixtures/case.json
carry tools/gpu tools/bench/text.mjs
for module in cpu relaxed webgpu; do [ ! -d "pkg/wasm/$module" ] || carry "pkg/wasm/$module"; done

# npm packages with what they need; of webgpu only the part for this system.
node tools/gpu/packages.mjs send compression on-headers webgpu | while read -r path; do
  [ "$path" = node_modules/webgpu ] || carry "$path"
done
carry node_modules/webgpu/package.json node_modules/webgpu/index.js node_modules/webgpu/dist/linux-x64

mkdir -p "$stage/bin" "$stage/lib"
cp -L "${NODE:-$(node -p process.execPath)}" "$stage/bin/node"
strip "$stage/bin/node" 2>/dev/null || true
loader=${LIBVULKAN:-$(for path in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib/chromium /opt/google/chrome; do [ ! -f "$path/libvulkan.so.1" ] || { echo "$path/libvulkan.so.1"; break; }; done)}
[ -n "$loader" ] || die 'there is no libvulkan.so.1 (Debian: apt-get install libvulkan1): name one in LIBVULKAN'
cp -L "$loader" "$stage/lib/libvulkan.so.1"

mkdir -p "$folder"
tar -C "$stage" -cf - . | xz -T0 -6 > "$folder/luke-gpu-day.tar.xz"
cp tools/gpu/day.sh tools/gpu/README.md "$folder/"
size=$(wc -c < "$folder/luke-gpu-day.tar.xz")
echo "$folder: $((size >> 20)) MiB, $(du -sm "$stage" | cut -f 1) MB unpacked"
[ "$size" -lt "$limit" ] || die "the archive has $size bytes, more than $limit"
