"""Annotates a file of JSON Lines with Ray Data: each task pipes a part of the file through `luke annotate`.

    python tools/large/annotate_ray.py IN OUT --luke luke --model luke-mini-en [-- --task qa ...]

IN is a file, and OUT a folder, on a file system that all machines see: a path, or a URI that pyarrow knows, such as s3://. OUT gets
files part-00000.jsonl, part-00001.jsonl and so on, in the order of the lines. `luke` and the model folder must be at the same path
on every machine. What stands after `--` goes to `luke annotate`. A task that fails is run again by Ray, and its lines are written
once.
"""

import argparse
import subprocess
import sys

import pyarrow.fs
import ray

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("input")
parser.add_argument("output")
parser.add_argument("--luke", default="luke")
parser.add_argument("--model", required=True)
parser.add_argument("--part-bytes", type=int, default=1 << 20, help="bytes of input for each task (default: 1 MiB)")
parser.add_argument("--workers", type=int, help="cores to use (default: all of the cluster)")
# What stands after `--` is for `luke annotate`.
words = [*sys.argv[1:], "--"]
end = words.index("--")
arguments, options = parser.parse_args(words[:end]), words[end + 1 : -1]

# A task of Ray has one core.
COMMAND = [arguments.luke, "annotate", "-", "-", "--model", arguments.model, "--threads", "1", "--quiet", *options]
INPUT, OUTPUT = arguments.input, arguments.output
GROUP = 64


def place(name):
    """The file system of a path or a URI, and the path in it."""
    return pyarrow.fs.FileSystem.from_uri(name) if "://" in name else (pyarrow.fs.LocalFileSystem(), name)


def parts(size):
    """Cuts the file into parts of about `size` bytes. They begin at multiples of 64 lines, as the groups of `luke annotate` do: the
    texts of a group share passes of the model, so with any model the output is that of one command on the whole file."""
    files, path = place(INPUT)
    start = end = lines = number = 0
    with files.open_input_stream(path) as file:
        while block := file.read(1 << 20):
            at = 0
            while (at := block.find(b"\n", at) + 1) > 0:
                lines += 1
                if lines % GROUP == 0 and end + at - start >= size:
                    yield {"number": number, "start": start, "end": end + at}
                    start, number = end + at, number + 1
            end += len(block)
    if end > start:
        yield {"number": number, "start": start, "end": end}


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
# Rows are taken, because `count` alone need not run the tasks: a map does not change the number of rows.
done = ray.data.from_items(todo, override_num_blocks=max(len(todo), 1)).map(annotate, num_cpus=1).take_all()
print(f"{len(done)} parts of {INPUT}")
