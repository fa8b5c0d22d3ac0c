// linear_direct.wgsl with a weight of int8. Sums of up to 1024 products are exact in f32 (128 * 127 * 1024 < 2^24), which an
// adapter that is a CPU does faster than packed integers.
const ROWS = {{ rows }}u;
const THREADS = {{ threads }}u;
const TALL = {{ tall }}u;

{{ common }}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;        // [rows, in_features]
@group(0) @binding(1) var<storage, read> w: array<u32>;              // [features, in_features], four int8 each
@group(0) @binding(2) var<storage, read> w_scales: array<vec2<f32>>; // [features]
@group(0) @binding(3) var<storage, read> bias: array<f32>;           // [features]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;        // [rows, out_features]
@group(0) @binding(5) var<uniform> params: Params;

{{ quantised }}

fn weight(at: u32) -> vec4<f32> {
    let four = bitcast<i32>(w[at]);
    return vec4<f32>(vec4(extractBits(four, 0u, 8u), extractBits(four, 8u, 8u), extractBits(four, 16u, 8u), extractBits(four, 24u, 8u)));
}

@compute @workgroup_size({{ wide }}, {{ high }})
fn main(
    @builtin(workgroup_id) tile: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let run = run_of(tile.y, ROWS);
    let steps = params.in_features / 4u;
    measure(run, index, steps);
    let own = local.y * TALL;
    let row = run.row + own;
    let column = tile.x * {{ columns }}u + local.x * 8u;
    if row >= run.end || column >= params.out_features { return; }
    // Rows and columns beyond the end read the last one and are not stored.
    {{ start }}
    for (var first = 0u; first < steps; first += 256u) {
        {{ begin }}
        for (var i = first; i < min(first + 256u, steps); i++) {
            {{ multiply }}
        }
        {{ end }}
    }
    {{ store }}
}
