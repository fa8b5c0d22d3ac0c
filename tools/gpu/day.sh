#!/usr/bin/env bash
# Measures this machine's GPU with the WebGPU module, step by step, and writes a report. Linux; needs no network.
#
#   day.sh [--quick] [--out FOLDER] [STEP...]    measure; a short run with --quick; only some steps where they are named
#   day.sh --pack FOLDER                         put all that a machine with a GPU needs into a folder (in the repository, after a build)
#
# Results: $OUT, or ./gpu-day-DATE, gets day.jsonl (a line for each figure), report.md (the tables) and logs/. README.md tells more.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
archive=$here/luke-gpu-day.tar.xz

if [ "${1:-}" = --pack ]; then exec "$here/pack.sh" "${2:?usage: day.sh --pack FOLDER}"; fi

# unpack ARCHIVE FOLDER: by tar, or by Python where there is no xz.
unpack() {
  mkdir -p "$2"
  tar -xJf "$1" -C "$2" 2>/dev/null || python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$1" "$2"
}

root=$(cd "$here/../.." 2>/dev/null && pwd || true)
if [ -f "$archive" ]; then
  root=$here/unpacked
  if ! mkdir -p "$root" 2>/dev/null || [ ! -w "$root" ]; then root=$(mktemp -d); fi
  # The archive's size tells whether it was unpacked whole.
  size=$(wc -c < "$archive")
  if [ "$(cat "$root/.size" 2>/dev/null)" != "$size" ]; then
    echo "unpacking into $root"
    rm -rf "$root"; unpack "$archive" "$root"; echo "$size" > "$root/.size"
  fi
fi
node=$root/bin/node
[ -x "$node" ] || node=$(command -v node) || { echo 'day.sh: there is no node, and none was packed (day.sh --pack)' >&2; exit 1; }
exec "$node" "$root/tools/gpu/day.mjs" "$@"
