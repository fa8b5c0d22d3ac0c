"""Runs the plain command, Spark and Ray Data with two cores each on the same lines. Prints lines a second and core, and fails where
an output is not that of the plain command, byte for byte.

    python tools/large/compare.py WORK --luke target/release/luke --model www/models/luke-mini-en --lines 100000 [--engine spark]

WORK is a folder for the files; what an earlier call left there of an engine that is not named is compared too. The times have
everything: the start of the engine, and of each process that loads the model.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORES = 2

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("work", type=Path)
parser.add_argument("--engine", action="append", choices=["plain", "spark", "ray"], help="an engine to run (default: all)")
parser.add_argument("--luke", type=Path, required=True)
parser.add_argument("--model", type=Path, required=True)
parser.add_argument("--lines", type=int, default=100_000)
arguments = parser.parse_args()
work, luke, model = arguments.work.resolve(), str(arguments.luke.resolve()), str(arguments.model.resolve())
work.mkdir(parents=True, exist_ok=True)
lines = work / f"lines-{arguments.lines}.jsonl"
if not lines.exists():
    lines.write_bytes(subprocess.run(["node", HERE / "lines.mjs", str(arguments.lines)], check=True, stdout=subprocess.PIPE).stdout)


def command(engine, to):
    """The command that annotates the lines into `to`."""
    part = max(lines.stat().st_size // (8 * CORES), 1)
    recipe = [str(lines), str(to), "--luke", luke, "--model", model, "--part-bytes", str(part)]
    return {
        "plain": [luke, "annotate", str(lines), str(to), "--model", model, "--threads", str(CORES)],
        "spark": [str(Path(sys.executable).with_name("spark-submit")), "--master", f"local[{CORES}]", str(HERE / "annotate_spark.py"), *recipe],
        "ray": [sys.executable, str(HERE / "annotate_ray.py"), *recipe, "--workers", str(CORES)],
    }[engine]


def digest(path):
    """Hash of the file, or of the parts of the folder in order, and the number of line ends."""
    parts = sorted(path.glob("part-*")) if path.is_dir() else [path]
    found, ends = hashlib.sha256(), 0
    for part in parts:
        data = part.read_bytes()
        found.update(data)
        ends += data.count(b"\n")
    return found.hexdigest(), ends


environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
for engine in arguments.engine or ["plain", "spark", "ray"]:
    to = work / f"{engine}-{arguments.lines}"
    for old in (to, to.with_name(f"{to.name}.annotate.json")):
        shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    start = time.monotonic()
    subprocess.run(command(engine, to), check=True, env=environment)
    seconds = time.monotonic() - start
    rate = arguments.lines / seconds / CORES
    print(json.dumps({"engine": engine, "lines": arguments.lines, "seconds": round(seconds, 1), "linesPerSecondAndCore": round(rate, 1)}), flush=True)

digests = {engine: digest(path) for engine in ("plain", "spark", "ray") if (path := work / f"{engine}-{arguments.lines}").exists()}
print(json.dumps({engine: {"sha256": found, "lines": ends} for engine, (found, ends) in digests.items()}))
if len(set(digests.values())) != 1 or next(iter(digests.values()))[1] != arguments.lines:
    raise SystemExit("the outputs differ")
