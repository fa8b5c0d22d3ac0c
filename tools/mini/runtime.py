"""The runtime's command line, `luke`, for what is measured as it is shipped."""
import json
import subprocess
import tempfile


class Runtime:
    def __init__(self, luke, model):
        self.luke, self.model = luke, model
        self.manifest = json.load(open(f"{model}/manifest.json", encoding="utf-8"))

    def has(self, head):
        return head in self.manifest["heads"]

    def lines(self, command, items, options=None):
        """The answers to these objects, in order; offsets are code points."""
        common = json.dumps({"offsets": "codepoint"} | (options or {})) if command != "fill-mask" else json.dumps(options or {})
        with tempfile.TemporaryFile("w+", encoding="utf-8") as f:
            f.writelines(json.dumps(item) + "\n" for item in items)
            f.seek(0)
            call = [self.luke, command, self.model, "--options", common]
            with subprocess.Popen(call, stdin=f, stdout=subprocess.PIPE, text=True, encoding="utf-8") as run:
                out = [json.loads(line) for line in run.stdout]
        assert run.returncode == 0 and len(out) == len(items), f"{call}: {run.returncode}, {len(out)} of {len(items)} lines"
        wrong = [answer for answer in out if isinstance(answer, dict) and "error" in answer]
        assert not wrong, f"{call}: {wrong[0]}"
        return out

    def eval(self, task, file, limit=None):
        """The metrics of `luke eval`."""
        call = [self.luke, "eval", self.model, file, "--task", task, *(["--limit", str(limit)] if limit else [])]
        return json.loads(subprocess.run(call, check=True, stdout=subprocess.PIPE).stdout)["metrics"]


def convert(luke, hf, to, dtype):
    """A model folder of all there is in a Hugging Face folder, to be used here alone: without a self-test."""
    call = [luke, "convert", hf, to, "--dtype", dtype, "--entities", "full", "--skip-self-test"]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
    return Runtime(luke, to)
