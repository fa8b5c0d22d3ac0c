// `linear.wgsl` with a weight of int8: y = activation(x w^T + bias), exact sums of integers scaled back to f32. Rows of x are
// quantized to 8 bits by the workgroup that reads them, with the same scales as on the CPU (cpu/linear_int8.rs), less 128:
// number = (integer - zero) * scale.
//
// Entry points: `tiled` for GPUs, `direct` for adapters that are a CPU. in_features is divisible by 4.

// A pipeline replaces some of these lines (linear.rs).
const ROWS = 32u;                                                     // rows of y of a workgroup
const TALL = 8u;                                                      // rows of y of an invocation: 4 or 8, in `direct` 8
const WIDE = 4u;                                                      // columns of y of an invocation: 8 in `direct`
const PARTS = 8u;                                                     // invocations that share a row while it is measured
fn dot4(a: u32, c: u32) -> i32 { return dot_of_bytes(a, c); }         // dot4I8Packed(a, c) where WGSL has it

const COLUMNS = 64u;                                                  // columns of y of a workgroup
const THREADS = COLUMNS / WIDE * ROWS / TALL;

// The second run may be empty. `feature` is the first weight row of a run.
struct Params {
    in_features: u32,
    out_features: u32,
    gelu: u32,
    first_column: u32,                                                // of y, for the first workgroup
    first_start: u32,
    first_end: u32,
    first_feature: u32,
    second_start: u32,
    second_end: u32,
    second_feature: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;         // [rows, in_features]
@group(0) @binding(1) var<storage, read> w: array<u32>;               // [features, in_features], four int8 each
@group(0) @binding(2) var<storage, read> w_scales: array<vec2<f32>>;  // [features]: a row's scale, the sum of its integers
@group(0) @binding(3) var<storage, read> bias: array<f32>;            // [features]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;         // [rows, out_features]
@group(0) @binding(5) var<uniform> params: Params;

// The first row of a workgroup, the end of its run, and the run's first weight row.
struct Run { row: u32, end: u32, feature: u32 }

fn run_of(workgroup: u32) -> Run {
    let first = (params.first_end - params.first_start + ROWS - 1u) / ROWS;
    if workgroup < first { return Run(params.first_start + workgroup * ROWS, params.first_end, params.first_feature); }
    return Run(params.second_start + (workgroup - first) * ROWS, params.second_end, params.second_feature);
}

// Abramowitz and Stegun 7.1.26, |error| < 1.5e-7; `gelu` in cpu/math.rs is the same formula.
fn gelu(v: f32) -> f32 {
    let z = abs(v) * 0.70710678;
    let t = 1.0 / (1.0 + 0.3275911 * z);
    let poly = t * (0.2548296 + t * (-0.28449674 + t * (1.4214137 + t * (-1.4531521 + t * 1.0614054))));
    let erf = sign(v) * (1.0 - poly * exp(-z * z));
    return 0.5 * v * (1.0 + erf);
}

// Stores four sums of a row, from `column` on. Rows and columns beyond the end are left out.
fn store(run: Run, row: u32, column: u32, sum: vec4<f32>) {
    if row >= run.end { return; }
    for (var j = 0u; j < 4u; j++) {
        if column + j >= params.out_features { return; }
        var v = sum[j] + bias[run.feature + column + j];
        if params.gelu != 0u { v = gelu(v); }
        y[row * params.out_features + column + j] = v;
    }
}

// Byte `i` of four, with its sign.
fn byte(four: u32, i: u32) -> i32 { return extractBits(bitcast<i32>(four), 8u * i, 8u); }

fn dot_of_bytes(a: u32, c: u32) -> i32 {
    return byte(a, 0u) * byte(c, 0u) + byte(a, 1u) * byte(c, 1u) + byte(a, 2u) * byte(c, 2u) + byte(a, 3u) * byte(c, 3u);
}

var<workgroup> extents: array<vec2<f32>, THREADS>;
var<workgroup> grids: array<vec3<f32>, ROWS>;                         // scale, 1 / scale, zero of each row of the workgroup

// Measures the workgroup's rows of x. Every invocation must call it.
fn measure(run: Run, index: u32, steps: u32) {
    for (var first = 0u; first < ROWS; first += THREADS / PARTS) {
        let row = first + index / PARTS;
        let start = min(run.row + row, run.end - 1u) * steps;
        var low = vec4<f32>();
        var high = vec4<f32>();
        for (var i = index % PARTS; i < steps; i += PARTS) {
            let v = x[start + i];
            low = min(low, v);
            high = max(high, v);
        }
        extents[index] = vec2(min(min(low.x, low.y), min(low.z, low.w)), max(max(high.x, high.y), max(high.z, high.w)));
        workgroupBarrier();
        if index % PARTS == 0u {
            var extent = extents[index];
            for (var part = 1u; part < PARTS; part++) {
                extent = vec2(min(extent.x, extents[index + part].x), max(extent.y, extents[index + part].y));
            }
            // A row of zeros has no range; any scale will do.
            var scale = 1.0;
            if extent.y > extent.x { scale = (extent.y - extent.x) / 255.0; }
            let inverse = 1.0 / scale;
            grids[row] = vec3(scale, inverse, round(-extent.x * inverse) - 128.0);
        }
        workgroupBarrier();
    }
}

// The integers of four numbers of row `row` of the workgroup.
fn integers(v: vec4<f32>, row: u32) -> vec4<f32> {
    let grid = grids[row];
    return round(clamp(v * grid.y + (grid.z + 128.0), vec4(0.0), vec4(255.0))) - 128.0;
}

// The sums of integers of a row of the workgroup and four columns, as numbers.
fn numbers(run: Run, row: u32, column: u32, sum: vec4<i32>) -> vec4<f32> {
    let grid = grids[row];
    var result: vec4<f32>;
    for (var j = 0u; j < 4u; j++) {
        let scale = w_scales[run.feature + min(column + j, params.out_features - 1u)];
        result[j] = f32(sum[j] - i32(grid.z) * i32(scale.y)) * (grid.x * scale.x);
    }
    return result;
}

fn weight(at: u32) -> vec4<f32> {
    let four = w[at];
    return vec4<f32>(vec4(byte(four, 0u), byte(four, 1u), byte(four, 2u), byte(four, 3u)));
}

// An invocation reads what it multiplies, 8 rows and 8 columns, from storage; written out as in `linear.wgsl`. Sums of up to 1024
// products are exact in f32 (128 * 127 * 1024 < 2^24), which an adapter that is a CPU computes faster than packed integers.
@compute @workgroup_size(COLUMNS / WIDE, ROWS / TALL)
fn direct(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let run = run_of(group.y);
    let steps = params.in_features / 4u;
    measure(run, index, steps);
    let tile_row = local.y * 8u;
    let row = run.row + tile_row;
    let column = params.first_column + group.x * COLUMNS + local.x * 8u;
    if row >= run.end || column >= params.out_features { return; }
    // Rows and columns beyond the end read the last one; `store` leaves them out.
    let r0 = min(row, run.end - 1u) * steps;
    let r1 = min(row + 1u, run.end - 1u) * steps;
    let r2 = min(row + 2u, run.end - 1u) * steps;
    let r3 = min(row + 3u, run.end - 1u) * steps;
    let r4 = min(row + 4u, run.end - 1u) * steps;
    let r5 = min(row + 5u, run.end - 1u) * steps;
    let r6 = min(row + 6u, run.end - 1u) * steps;
    let r7 = min(row + 7u, run.end - 1u) * steps;
    let c0 = (run.feature + min(column, params.out_features - 1u)) * steps;
    let c1 = (run.feature + min(column + 1u, params.out_features - 1u)) * steps;
    let c2 = (run.feature + min(column + 2u, params.out_features - 1u)) * steps;
    let c3 = (run.feature + min(column + 3u, params.out_features - 1u)) * steps;
    let c4 = (run.feature + min(column + 4u, params.out_features - 1u)) * steps;
    let c5 = (run.feature + min(column + 5u, params.out_features - 1u)) * steps;
    let c6 = (run.feature + min(column + 6u, params.out_features - 1u)) * steps;
    let c7 = (run.feature + min(column + 7u, params.out_features - 1u)) * steps;
    var left: array<vec4<i32>, 8>;
    var right: array<vec4<i32>, 8>;
    for (var first = 0u; first < steps; first += 256u) {
        var left_part = array<vec4<f32>, 8>();
        var right_part = array<vec4<f32>, 8>();
        for (var step = first; step < min(first + 256u, steps); step++) {
            let w0 = weight(c0 + step);
            let w1 = weight(c1 + step);
            let w2 = weight(c2 + step);
            let w3 = weight(c3 + step);
            let w4 = weight(c4 + step);
            let w5 = weight(c5 + step);
            let w6 = weight(c6 + step);
            let w7 = weight(c7 + step);
            let x0 = integers(x[r0 + step], tile_row);
            left_part[0] += vec4(dot(x0, w0), dot(x0, w1), dot(x0, w2), dot(x0, w3));
            right_part[0] += vec4(dot(x0, w4), dot(x0, w5), dot(x0, w6), dot(x0, w7));
            let x1 = integers(x[r1 + step], tile_row + 1u);
            left_part[1] += vec4(dot(x1, w0), dot(x1, w1), dot(x1, w2), dot(x1, w3));
            right_part[1] += vec4(dot(x1, w4), dot(x1, w5), dot(x1, w6), dot(x1, w7));
            let x2 = integers(x[r2 + step], tile_row + 2u);
            left_part[2] += vec4(dot(x2, w0), dot(x2, w1), dot(x2, w2), dot(x2, w3));
            right_part[2] += vec4(dot(x2, w4), dot(x2, w5), dot(x2, w6), dot(x2, w7));
            let x3 = integers(x[r3 + step], tile_row + 3u);
            left_part[3] += vec4(dot(x3, w0), dot(x3, w1), dot(x3, w2), dot(x3, w3));
            right_part[3] += vec4(dot(x3, w4), dot(x3, w5), dot(x3, w6), dot(x3, w7));
            let x4 = integers(x[r4 + step], tile_row + 4u);
            left_part[4] += vec4(dot(x4, w0), dot(x4, w1), dot(x4, w2), dot(x4, w3));
            right_part[4] += vec4(dot(x4, w4), dot(x4, w5), dot(x4, w6), dot(x4, w7));
            let x5 = integers(x[r5 + step], tile_row + 5u);
            left_part[5] += vec4(dot(x5, w0), dot(x5, w1), dot(x5, w2), dot(x5, w3));
            right_part[5] += vec4(dot(x5, w4), dot(x5, w5), dot(x5, w6), dot(x5, w7));
            let x6 = integers(x[r6 + step], tile_row + 6u);
            left_part[6] += vec4(dot(x6, w0), dot(x6, w1), dot(x6, w2), dot(x6, w3));
            right_part[6] += vec4(dot(x6, w4), dot(x6, w5), dot(x6, w6), dot(x6, w7));
            let x7 = integers(x[r7 + step], tile_row + 7u);
            left_part[7] += vec4(dot(x7, w0), dot(x7, w1), dot(x7, w2), dot(x7, w3));
            right_part[7] += vec4(dot(x7, w4), dot(x7, w5), dot(x7, w6), dot(x7, w7));
        }
        left[0] += vec4<i32>(left_part[0]);
        right[0] += vec4<i32>(right_part[0]);
        left[1] += vec4<i32>(left_part[1]);
        right[1] += vec4<i32>(right_part[1]);
        left[2] += vec4<i32>(left_part[2]);
        right[2] += vec4<i32>(right_part[2]);
        left[3] += vec4<i32>(left_part[3]);
        right[3] += vec4<i32>(right_part[3]);
        left[4] += vec4<i32>(left_part[4]);
        right[4] += vec4<i32>(right_part[4]);
        left[5] += vec4<i32>(left_part[5]);
        right[5] += vec4<i32>(right_part[5]);
        left[6] += vec4<i32>(left_part[6]);
        right[6] += vec4<i32>(right_part[6]);
        left[7] += vec4<i32>(left_part[7]);
        right[7] += vec4<i32>(right_part[7]);
    }
    store(run, row, column, numbers(run, tile_row, column, left[0]));
    store(run, row, column + 4u, numbers(run, tile_row, column + 4u, right[0]));
    store(run, row + 1u, column, numbers(run, tile_row + 1u, column, left[1]));
    store(run, row + 1u, column + 4u, numbers(run, tile_row + 1u, column + 4u, right[1]));
    store(run, row + 2u, column, numbers(run, tile_row + 2u, column, left[2]));
    store(run, row + 2u, column + 4u, numbers(run, tile_row + 2u, column + 4u, right[2]));
    store(run, row + 3u, column, numbers(run, tile_row + 3u, column, left[3]));
    store(run, row + 3u, column + 4u, numbers(run, tile_row + 3u, column + 4u, right[3]));
    store(run, row + 4u, column, numbers(run, tile_row + 4u, column, left[4]));
    store(run, row + 4u, column + 4u, numbers(run, tile_row + 4u, column + 4u, right[4]));
    store(run, row + 5u, column, numbers(run, tile_row + 5u, column, left[5]));
    store(run, row + 5u, column + 4u, numbers(run, tile_row + 5u, column + 4u, right[5]));
    store(run, row + 6u, column, numbers(run, tile_row + 6u, column, left[6]));
    store(run, row + 6u, column + 4u, numbers(run, tile_row + 6u, column + 4u, right[6]));
    store(run, row + 7u, column, numbers(run, tile_row + 7u, column, left[7]));
    store(run, row + 7u, column + 4u, numbers(run, tile_row + 7u, column + 4u, right[7]));
}

// `tiled` stages 32 numbers of each row and column in shared memory at once, four in a u32.
// vec4s from one step to the next in shared memory; one more than needed, against bank conflicts.
const X_STRIDE = ROWS / 4u + 1u;
const W_STRIDE = COLUMNS / 4u + 1u;

var<workgroup> x_tile: array<vec4<u32>, X_STRIDE * 8u>;               // [step][four rows]
var<workgroup> w_tile: array<vec4<u32>, W_STRIDE * 8u>;               // [step][four columns]

fn quantized(v: vec4<f32>, row: u32) -> u32 {
    let q = vec4<u32>(vec4<i32>(integers(v, row))) & vec4(255u);
    return q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
}

fn dots(a: u32, c: vec4<u32>) -> vec4<i32> { return vec4(dot4(a, c.x), dot4(a, c.y), dot4(a, c.z), dot4(a, c.w)); }

// An invocation multiplies TALL rows with 4 columns in registers.
@compute @workgroup_size(COLUMNS / WIDE, ROWS / TALL)
fn tiled(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let run = run_of(group.y);
    let first_column = params.first_column + group.x * COLUMNS;
    let steps = params.in_features / 4u;
    measure(run, index, steps);
    var sums: array<vec4<i32>, 8>;
    for (var start = 0u; start < steps; start += 8u) {
        // Rows and columns beyond the end read the last one and are not stored; steps beyond the end are zero.
        for (var block = index; block < ROWS * 2u; block += THREADS) {
            let step = start + block % 8u;
            let four = block / 8u;
            var part = vec4<u32>();
            if step < steps {
                let tile_row = four * 4u;
                let row = run.row + tile_row;
                let last = run.end - 1u;
                part = vec4(
                    quantized(x[min(row, last) * steps + step], tile_row),
                    quantized(x[min(row + 1u, last) * steps + step], tile_row + 1u),
                    quantized(x[min(row + 2u, last) * steps + step], tile_row + 2u),
                    quantized(x[min(row + 3u, last) * steps + step], tile_row + 3u),
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
            let at = step * X_STRIDE + local.y * (TALL / 4u);
            let a = x_tile[at];
            sums[0] += dots(a[0], b);
            sums[1] += dots(a[1], b);
            sums[2] += dots(a[2], b);
            sums[3] += dots(a[3], b);
            if TALL == 8u {
                let c = x_tile[at + 1u];
                sums[4] += dots(c[0], b);
                sums[5] += dots(c[1], b);
                sums[6] += dots(c[2], b);
                sums[7] += dots(c[3], b);
            }
        }
        workgroupBarrier();
    }
    let tile_row = local.y * TALL;
    let row = run.row + tile_row;
    let column = first_column + local.x * 4u;
    store(run, row, column, numbers(run, tile_row, column, sums[0]));
    store(run, row + 1u, column, numbers(run, tile_row + 1u, column, sums[1]));
    store(run, row + 2u, column, numbers(run, tile_row + 2u, column, sums[2]));
    store(run, row + 3u, column, numbers(run, tile_row + 3u, column, sums[3]));
    if TALL == 8u {
        store(run, row + 4u, column, numbers(run, tile_row + 4u, column, sums[4]));
        store(run, row + 5u, column, numbers(run, tile_row + 5u, column, sums[5]));
        store(run, row + 6u, column, numbers(run, tile_row + 6u, column, sums[6]));
        store(run, row + 7u, column, numbers(run, tile_row + 7u, column, sums[7]));
    }
}
