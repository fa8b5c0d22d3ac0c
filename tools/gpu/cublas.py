"""Times the linear layers with cuBLAS, by torch: f32, TF32 and f16. Prints JSON Lines. The argument is the step's JSON."""

import json
import sys


def main() -> None:
    shapes = json.loads(sys.argv[1])["options"]["linear"]
    try:
        import torch
    except ImportError as error:
        print(json.dumps({"kind": "skipped", "reason": f"no torch: {error}"}))
        return
    if not torch.cuda.is_available():
        print(json.dumps({"kind": "skipped", "reason": "torch sees no CUDA device"}))
        return
    print(json.dumps({"kind": "torch", "version": torch.__version__, "device": torch.cuda.get_device_name(0)}))
    for rows, k, n in shapes:
        for name, dtype, tf32 in [("f32", torch.float32, False), ("tf32", torch.float32, True), ("f16", torch.float16, False)]:
            torch.backends.cuda.matmul.allow_tf32 = tf32
            ms = time_linear(torch, rows, k, n, dtype)
            line = {"kind": "cublas", "rows": rows, "in": k, "out": n, "dtype": name, "gpuMs": ms, "gflops": 2 * rows * k * n / ms / 1e6}
            print(json.dumps(line), flush=True)


def time_linear(torch, rows: int, k: int, n: int, dtype, launches: int = 64) -> float:
    """Milliseconds of one layer with bias, by CUDA events over many launches."""
    x = torch.randn(rows, k, device="cuda", dtype=dtype)
    weight = torch.randn(n, k, device="cuda", dtype=dtype)
    bias = torch.randn(n, device="cuda", dtype=dtype)
    run = lambda: torch.nn.functional.linear(x, weight, bias)  # noqa: E731
    for _ in range(5):
        run()
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    for _ in range(launches):
        run()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / launches


main()
