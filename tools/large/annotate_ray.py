"""Annotates a file of JSON Lines with Ray Data: each task pipes a part of the file through `luke annotate`.

    python tools/large/annotate_ray.py IN OUT --luke luke --model luke-mini-en [-- --task qa ...]

IN is a file, and OUT a folder, on a file system that all machines see: a path, or a URI that pyarrow knows, such as s3://. OUT gets
files part-00000.jsonl, part-00001.jsonl and so on, in the order of the lines. `luke` and the model folder must be at the same path
on every machine. What stands after `--` goes to `luke annotate`. A task that fails is run again by Ray, and its lines are written
once.
"""

import argparse
import subprocess

import pyarrow.fs
import ray

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("input")
parser.add_argument("output")
parser.add_argument("--luke", default="luke")
parser.add_argument("--model", required=True)
parser.add_argument("--part-bytes", type=int, default=1 << 20, help="bytes of input for each task (default: 1 MiB)")
parser.add_argument("--workers", type=int, help="cores to use (default: all of the cluster)")
parser.add_argument("options", nargs="*", help="options of `luke annotate`, after --")
arguments = parser.parse_args()

# A task of Ray has one core.
COMMAND = [arguments.luke, "annotate", "-", "-", "--model", arguments.model, "--threads", "1", "--quiet", *arguments.options]
INPUT, OUTPUT = arguments.input, arguments.output


def place(name):
    """The file system of a path or a URI, and the path in it."""
    return pyarrow.fs.FileSystem.from_uri(name) if "://" in name else (pyarrow.fs.LocalFileSystem(), name)


def parts(size):
    """Cuts the file at line ends into parts of about `size` bytes. Reads only a little at each cut."""
    files, path = place(INPUT)
    with files.open_input_file(path) as file:
        total, start, number = file.size(), 0, 0
        while start < total:
            end = line_end(file, min(start + size, total), total)
            yield {"number": number, "start": start, "end": end}
            start, number = end, number + 1


def line_end(file, after, total):
    """Where the line ends that has the byte before `after`."""
    at = after - 1
    while at < total:
        file.seek(at)
        block = file.read(1 << 16)
        if (found := block.find(b"\n")) >= 0:
            return at + found + 1
        at += len(block)
    return total


def annotate(part):
    """Annotates a part. Its file gets its name when it is whole."""
    files, path = place(INPUT)
    with files.open_input_file(path) as file:
        file.seek(part["start"])
        lines = file.read(part["end"] - part["start"])
    done = subprocess.run(COMMAND, input=lines, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"bytes {part['start']} to {part['end']} of {INPUT}: {done.stderr.decode()}")
    files, folder = place(OUTPUT)
    name = f"{folder}/part-{part['number']:05}.jsonl"
    with files.open_output_stream(f"{name}.new") as file:
        file.write(done.stdout)
    files.move(f"{name}.new", name)
    return part


def new_folder():
    """Makes the folder for the output. Parts of another run must not stand between those of this one."""
    files, folder = place(OUTPUT)
    files.create_dir(folder, recursive=True)
    if files.get_file_info(pyarrow.fs.FileSelector(folder)):
        raise SystemExit(f"{OUTPUT} is not empty")


new_folder()
ray.init(**({"num_cpus": arguments.workers} if arguments.workers else {}))
todo = list(parts(arguments.part_bytes))
count = ray.data.from_items(todo, override_num_blocks=max(len(todo), 1)).map(annotate, num_cpus=1).count()
print(f"{count} parts of {INPUT}")
