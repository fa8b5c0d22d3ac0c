// linear_tiled.wgsl with a weight of int8: 32 numbers of each row and column are staged at once, four in a u32.
const ROWS = {{ rows }}u;
const COLUMNS = {{ columns }}u;
const TALL = {{ tall }}u;
const THREADS = {{ threads }}u;
// vec4s from one step to the next in shared memory; one more than needed, against bank conflicts.
const X_STRIDE = ROWS / 4u + 1u;
const W_STRIDE = COLUMNS / 4u + 1u;

{{ common }}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;        // [rows, in_features]
@group(0) @binding(1) var<storage, read> w: array<u32>;              // [features, in_features], four int8 each
@group(0) @binding(2) var<storage, read> w_scales: array<vec2<f32>>; // [features]
@group(0) @binding(3) var<storage, read> bias: array<f32>;           // [features]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;        // [rows, out_features]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> x_tile: array<vec4<u32>, X_STRIDE * 8u>;              // [step][four rows]
var<workgroup> w_tile: array<vec4<u32>, W_STRIDE * 8u>;              // [step][four columns]

{{ quantised }}

fn quantised(v: vec4<f32>, row: u32) -> u32 {
    let q = vec4<u32>(vec4<i32>(integers(v, row))) & vec4(255u);
    return q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
}

fn dot4(a: u32, c: u32) -> i32 { return {{ dot4 }}; }

fn dots(a: u32, c: vec4<u32>) -> vec4<i32> { return vec4(dot4(a, c.x), dot4(a, c.y), dot4(a, c.z), dot4(a, c.w)); }

@compute @workgroup_size({{ wide }}, {{ high }})
fn main(
    @builtin(workgroup_id) tile: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let run = run_of(tile.y, ROWS);
    let first_column = tile.x * COLUMNS;
    let steps = params.in_features / 4u;
    measure(run, index, steps);
    {{ start }}
    for (var start = 0u; start < steps; start += 8u) {
        // Rows and columns beyond the end read the last one and are not stored; steps beyond the end are zero.
        for (var block = index; block < ROWS * 2u; block += THREADS) {
            let step = start + block % 8u;
            let four = block / 8u;
            var part = vec4<u32>();
            if step < steps {
                let own = four * 4u;
                let row = run.row + own;
                let last = run.end - 1u;
                part = vec4(
                    quantised(x[min(row, last) * steps + step], own),
                    quantised(x[min(row + 1u, last) * steps + step], own + 1u),
                    quantised(x[min(row + 2u, last) * steps + step], own + 2u),
                    quantised(x[min(row + 3u, last) * steps + step], own + 3u),
                );
            }
            x_tile[block % 8u * X_STRIDE + four] = part;
        }
        for (var block = index; block < COLUMNS * 2u; block += THREADS) {
            let step = start + block % 8u;
            let four = block / 8u;
            var part = vec4<u32>();
            if step < steps {
                let column = first_column + four * 4u;
                let last = params.out_features - 1u;
                part = vec4(
                    w[(run.feature + min(column, last)) * steps + step],
                    w[(run.feature + min(column + 1u, last)) * steps + step],
                    w[(run.feature + min(column + 2u, last)) * steps + step],
                    w[(run.feature + min(column + 3u, last)) * steps + step],
                );
            }
            w_tile[block % 8u * W_STRIDE + four] = part;
        }
        workgroupBarrier();
        for (var step = 0u; step < 8u; step++) {
            let b = w_tile[step * W_STRIDE + local.x];
            {{ multiply }}
        }
        workgroupBarrier();
    }
    let own = local.y * TALL;
    let row = run.row + own;
    let column = first_column + local.x * 4u;
    {{ store }}
}
