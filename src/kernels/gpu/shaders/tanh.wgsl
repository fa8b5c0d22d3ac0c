// y = tanh(x).

struct Params { rows: u32, columns: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [rows, columns]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;        // [rows, columns]
@group(0) @binding(2) var<storage, read> params: Params;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var row = group.x; row < params.rows; row += groups.x) {
        for (var column = lane; column < params.columns; column += 64u) {
            let i = row * params.columns + column;
            // Beyond 10 the result is 1 in f32, and some devices compute NaN for large numbers.
            y[i] = tanh(clamp(x[i], -10.0, 10.0));
        }
    }
}
