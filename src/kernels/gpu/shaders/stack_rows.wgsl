// y = the rows of upper, then those of lower.

// A pipeline replaces this line (mod.rs).
alias T = vec4<f32>;                                                  // f32 where the width is not divisible by 4

struct Params { upper: u32, both: u32 }                              // Ts

@group(0) @binding(0) var<storage, read> upper: array<T>;
@group(0) @binding(1) var<storage, read> lower: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < params.both; i += groups.x * 64u) {
        if i < params.upper { y[i] = upper[i]; } else { y[i] = lower[i - params.upper]; }
    }
}
