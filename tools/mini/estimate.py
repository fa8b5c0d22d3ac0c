"""How long the stages of recipe.json take, by the seconds a step that runs have measured (their logs).

    python estimate.py work/run-1-1/log.txt work/run-2-1/log.txt

It says the time as measured, and the CPU time shared by two cores: what it takes where nothing else runs.
"""
import json
import os
import re
import sys
from statistics import median

HERE = os.path.dirname(os.path.abspath(__file__))
STEP = re.compile(r"(\w+) ([\d.]+) ([\d.]+) \((\d+)\)")
CORES = 2


def measured(paths):
    """{task: (seconds, CPU seconds)}: medians of the medians in the logs, without the first of a run, which has the compiling in it."""
    found = {}
    for path in paths:
        lines = [line for line in open(path, encoding="utf-8") if line.startswith("seconds a step:")]
        for line in lines[1:] or lines:
            for task, wall, cpu, steps in STEP.findall(line):
                found.setdefault(task, []).extend([(float(wall), float(cpu))] * int(steps))
    return {task: tuple(median(column) for column in zip(*rows)) for task, rows in found.items()}


def main():
    seconds = measured(sys.argv[1:])
    for task, (wall, cpu) in sorted(seconds.items()):
        print(f"{task}: {wall:.3f} s a step, {cpu:.3f} s of CPU time")
    for stage, recipe in json.load(open(os.path.join(HERE, "recipe.json"), encoding="utf-8")).items():
        if stage == "about":
            continue
        rest = recipe["steps"] * (1 - recipe["tags"])
        steps = {"tags": recipe["steps"] * recipe["tags"]} | {task: rest * share for task, share in recipe["shares"].items()}
        missing = [task for task, n in steps.items() if n and task not in seconds]
        known = [(n * len(recipe.get("seeds", [1])), *seconds[task]) for task, n in steps.items() if task in seconds]
        wall, cpu = (sum(n * times[k] for n, *times in known) / 60 for k in (0, 1))
        print(f"stage {stage}: {wall:.0f} minutes as measured, {cpu / CORES:.0f} on {CORES} idle cores"
              f"{' without ' + ', '.join(missing) if missing else ''}; compiling, `assess` and `finish` come on top")


if __name__ == "__main__":
    main()
