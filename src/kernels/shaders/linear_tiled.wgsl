// y[row, col] = activation(dot(x[row, :], w[feature + col, :]) + bias[feature + col]) for one or two runs of rows, each with
// its own first feature. One workgroup makes ROWS x COLUMNS results: it stages 16 numbers of each row and column in shared
// memory, turned so that neighbours lie together, and every invocation multiplies TALL rows with 4 columns in registers.
const ROWS = {{ rows }}u;
const COLUMNS = {{ columns }}u;
const TALL = {{ tall }}u;
const THREADS = {{ threads }}u;
// vec4s from one k to the next in shared memory; one more than needed, against bank conflicts.
const X_STRIDE = ROWS / 4u + 1u;
const W_STRIDE = COLUMNS / 4u + 1u;

{{ common }}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;        // [rows, in_features]
@group(0) @binding(1) var<storage, read> w: array<{{ W }}>;          // [features, in_features]
@group(0) @binding(2) var<storage, read> bias: array<f32>;           // [features]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // [rows, out_features]
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> x_tile: array<vec4<f32>, X_STRIDE * 16u>;             // [k][four rows]
var<workgroup> w_tile: array<vec4<f32>, W_STRIDE * 16u>;             // [k][four columns]

fn weight(at: u32) -> vec4<f32> { return {{ weight }}; }

@compute @workgroup_size({{ wide }}, {{ high }})
fn main(
    @builtin(workgroup_id) tile: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let run = run_of(tile.y, ROWS);
    let first_column = tile.x * COLUMNS;
    let steps = params.in_features / 4u;
    {{ start }}
    for (var start = 0u; start < steps; start += 4u) {
        // Rows and columns beyond the end read the last one and are not stored; steps beyond the end are zero.
        for (var block = index; block < ROWS; block += THREADS) {
            let step = start + block % 4u;
            let four = block / 4u;
            var part = mat4x4<f32>();
            if step < steps {
                let row = run.row + four * 4u;
                let last = run.end - 1u;
                part = transpose(mat4x4<f32>(
                    x[min(row, last) * steps + step],
                    x[min(row + 1u, last) * steps + step],
                    x[min(row + 2u, last) * steps + step],
                    x[min(row + 3u, last) * steps + step],
                ));
            }
            let at = block % 4u * 4u * X_STRIDE + four;
            x_tile[at] = part[0];
            x_tile[at + X_STRIDE] = part[1];
            x_tile[at + 2u * X_STRIDE] = part[2];
            x_tile[at + 3u * X_STRIDE] = part[3];
        }
        for (var block = index; block < COLUMNS; block += THREADS) {
            let step = start + block % 4u;
            let four = block / 4u;
            var part = mat4x4<f32>();
            if step < steps {
                let column = first_column + four * 4u;
                let last = params.out_features - 1u;
                part = transpose(mat4x4<f32>(
                    weight((run.feature + min(column, last)) * steps + step),
                    weight((run.feature + min(column + 1u, last)) * steps + step),
                    weight((run.feature + min(column + 2u, last)) * steps + step),
                    weight((run.feature + min(column + 3u, last)) * steps + step),
                ));
            }
            let at = block % 4u * 4u * W_STRIDE + four;
            w_tile[at] = part[0];
            w_tile[at + W_STRIDE] = part[1];
            w_tile[at + 2u * W_STRIDE] = part[2];
            w_tile[at + 3u * W_STRIDE] = part[3];
        }
        workgroupBarrier();
        for (var k = 0u; k < 16u; k++) {
            let b = w_tile[k * W_STRIDE + local.x];
            {{ multiply }}
        }
        workgroupBarrier();
    }
    let row = run.row + local.y * TALL;
    let column = first_column + local.x * 4u;
    {{ store }}
}
