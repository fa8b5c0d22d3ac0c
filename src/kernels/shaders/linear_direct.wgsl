// As linear_tiled.wgsl, without shared memory: an invocation reads what it multiplies, TALL rows and 8 columns, from
// storage. For adapters that are a CPU, where a barrier costs more than it saves, and for sizes that are not divisible by 4.
// T is vec4<f32> where in_features is divisible by 4, else f32.
alias T = {{ T }};
const TALL = {{ tall }}u;

{{ common }}

@group(0) @binding(0) var<storage, read> x: array<T>;                // [rows, in_features]
@group(0) @binding(1) var<storage, read> w: array<{{ W }}>;          // [features, in_features]
@group(0) @binding(2) var<storage, read> bias: array<f32>;           // [features]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [rows, out_features]
@group(0) @binding(4) var<uniform> params: Params;

fn weight(at: u32) -> T { return {{ weight }}; }

fn product(a: T, c: T) -> f32 { return {{ product }}; }

@compute @workgroup_size({{ wide }}, {{ high }})
fn main(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let run = run_of(tile.y, {{ rows }}u);
    let steps = params.in_features / {{ lanes }}u;
    let row = run.row + local.y * TALL;
    let column = tile.x * {{ columns }}u + local.x * 8u;
    if row >= run.end || column >= params.out_features { return; }
    // Rows and columns beyond the end read the last one and are not stored.
    {{ start }}
    for (var i = 0u; i < steps; i++) {
        {{ multiply }}
    }
    {{ store }}
}
