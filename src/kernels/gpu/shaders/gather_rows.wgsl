// y[i, :] = x[rows[i], :].

// A pipeline replaces this line (mod.rs).
alias T = vec4<f32>;                                                  // f32 where the width is not divisible by 4

struct Params { width: u32, count: u32, rows: array<u32> }

@group(0) @binding(0) var<storage, read> x: array<T>;                // [any, width]
@group(0) @binding(1) var<storage, read_write> y: array<T>;          // [count, width]
@group(0) @binding(2) var<storage, read> params: Params;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var i = group.x; i < params.count; i += groups.x) {
        for (var j = lane; j < params.width; j += 64u) { y[i * params.width + j] = x[params.rows[i] * params.width + j]; }
    }
}
