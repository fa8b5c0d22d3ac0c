// y = activation(dot(x[row, :], w[feature + column, :]) + bias[feature + column]) with a weight of f32 or f16, for one or two
// runs of rows, each with its own first feature. `linear_q8.wgsl` is the same with a weight of int8.
//
// Entry points: `tiled` for GPUs; `direct` for adapters that are a CPU, where a barrier costs more than it saves, and for
// in_features that are not divisible by 4.

// A pipeline replaces some of these lines (linear.rs).
const ROWS = 32u;                                                     // rows of y of a workgroup
const TALL = 8u;                                                      // rows of y of an invocation: 4 or 8, in `direct` 8
const LANES = 4u;                                                     // numbers in a T
alias T = vec4<f32>;                                                  // f32 where in_features is not divisible by 4 (`direct`)
alias W = T;                                                          // vec2<u32> with f16
fn weight(at: u32) -> T { return w[at]; }
fn product(a: T, c: T) -> f32 { return dot(a, c); }
// Where out_features is not divisible by 4: f32, and one number at a time (linear.rs).
alias Y = vec4<f32>;
fn biases(at: u32, last: u32) -> vec4<f32> { return bias[min(at, last) / 4u]; }
fn put(at: u32, end: u32, v: vec4<f32>) { if at < end { y[at / 4u] = v; } }

const COLUMNS = 64u;                                                  // columns of y of a workgroup

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

@group(0) @binding(0) var<storage, read> x: array<T>;                 // [rows, in_features]
@group(0) @binding(1) var<storage, read> w: array<W>;                 // [features, in_features]
@group(0) @binding(2) var<storage, read> bias: array<Y>;              // [features]
@group(0) @binding(3) var<storage, read_write> y: array<Y>;           // [rows, out_features]
@group(0) @binding(4) var<uniform> params: Params;

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

// The biases of four columns, from `column` on; beyond the end, the last one's.
fn bias_of(run: Run, column: u32) -> vec4<f32> {
    return biases(run.feature + column, run.feature + params.out_features - 1u);
}

// Stores four results of a row, from `column` on. Rows and columns beyond the end are left out.
fn store(run: Run, row: u32, column: u32, result: vec4<f32>) {
    if row >= run.end { return; }
    var v = result;
    if params.gelu != 0u { v = vec4(gelu(v.x), gelu(v.y), gelu(v.z), gelu(v.w)); }
    put(row * params.out_features + column, (row + 1u) * params.out_features, v);
}

// An invocation reads what it multiplies, 8 rows and 8 columns, from storage. The rows are written out and not a loop: SwiftShader
// keeps an array in registers only where its indices are constants, and took 1.6 times as long with the loop.
@compute @workgroup_size(COLUMNS / 8u, ROWS / 8u)
fn direct(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let run = run_of(group.y);
    let row = run.row + local.y * 8u;
    let column = params.first_column + group.x * COLUMNS + local.x * 8u;
    if row >= run.end || column >= params.out_features { return; }
    // Rows and columns beyond the end read the last one; `store` leaves them out.
    let steps = params.in_features / LANES;
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
    var left: array<vec4<f32>, 8>;
    var right: array<vec4<f32>, 8>;
    for (var step = 0u; step < steps; step++) {
        let w0 = weight(c0 + step);
        let w1 = weight(c1 + step);
        let w2 = weight(c2 + step);
        let w3 = weight(c3 + step);
        let w4 = weight(c4 + step);
        let w5 = weight(c5 + step);
        let w6 = weight(c6 + step);
        let w7 = weight(c7 + step);
        let x0 = x[r0 + step];
        left[0] += vec4(product(x0, w0), product(x0, w1), product(x0, w2), product(x0, w3));
        right[0] += vec4(product(x0, w4), product(x0, w5), product(x0, w6), product(x0, w7));
        let x1 = x[r1 + step];
        left[1] += vec4(product(x1, w0), product(x1, w1), product(x1, w2), product(x1, w3));
        right[1] += vec4(product(x1, w4), product(x1, w5), product(x1, w6), product(x1, w7));
        let x2 = x[r2 + step];
        left[2] += vec4(product(x2, w0), product(x2, w1), product(x2, w2), product(x2, w3));
        right[2] += vec4(product(x2, w4), product(x2, w5), product(x2, w6), product(x2, w7));
        let x3 = x[r3 + step];
        left[3] += vec4(product(x3, w0), product(x3, w1), product(x3, w2), product(x3, w3));
        right[3] += vec4(product(x3, w4), product(x3, w5), product(x3, w6), product(x3, w7));
        let x4 = x[r4 + step];
        left[4] += vec4(product(x4, w0), product(x4, w1), product(x4, w2), product(x4, w3));
        right[4] += vec4(product(x4, w4), product(x4, w5), product(x4, w6), product(x4, w7));
        let x5 = x[r5 + step];
        left[5] += vec4(product(x5, w0), product(x5, w1), product(x5, w2), product(x5, w3));
        right[5] += vec4(product(x5, w4), product(x5, w5), product(x5, w6), product(x5, w7));
        let x6 = x[r6 + step];
        left[6] += vec4(product(x6, w0), product(x6, w1), product(x6, w2), product(x6, w3));
        right[6] += vec4(product(x6, w4), product(x6, w5), product(x6, w6), product(x6, w7));
        let x7 = x[r7 + step];
        left[7] += vec4(product(x7, w0), product(x7, w1), product(x7, w2), product(x7, w3));
        right[7] += vec4(product(x7, w4), product(x7, w5), product(x7, w6), product(x7, w7));
    }
    let left_bias = bias_of(run, column);
    let right_bias = bias_of(run, column + 4u);
    store(run, row, column, left[0] + left_bias);
    store(run, row, column + 4u, right[0] + right_bias);
    store(run, row + 1u, column, left[1] + left_bias);
    store(run, row + 1u, column + 4u, right[1] + right_bias);
    store(run, row + 2u, column, left[2] + left_bias);
    store(run, row + 2u, column + 4u, right[2] + right_bias);
    store(run, row + 3u, column, left[3] + left_bias);
    store(run, row + 3u, column + 4u, right[3] + right_bias);
    store(run, row + 4u, column, left[4] + left_bias);
    store(run, row + 4u, column + 4u, right[4] + right_bias);
    store(run, row + 5u, column, left[5] + left_bias);
    store(run, row + 5u, column + 4u, right[5] + right_bias);
    store(run, row + 6u, column, left[6] + left_bias);
    store(run, row + 6u, column + 4u, right[6] + right_bias);
    store(run, row + 7u, column, left[7] + left_bias);
    store(run, row + 7u, column + 4u, right[7] + right_bias);
}

// `tiled` stages 16 numbers of each row and column in shared memory, turned so that neighbours lie together.
const THREADS = COLUMNS / 4u * ROWS / TALL;
// The invocations after those that stage columns begin with the rows.
const X_OFFSET = THREADS - COLUMNS % THREADS;
// vec4s from one k to the next in shared memory, and from four to the next four. The latter has two more than needed, so that
// invocations that store at once use different banks.
const X_STRIDE = ROWS / 4u;
const W_STRIDE = COLUMNS / 4u;
const X_STEP = ROWS + 2u;
const W_STEP = COLUMNS + 2u;

var<workgroup> x_tile: array<vec4<f32>, X_STEP * 4u>;                 // [k / 4][k % 4][four rows]
var<workgroup> w_tile: array<vec4<f32>, W_STEP * 4u>;                 // [k / 4][k % 4][four columns]

// Column tile and row tile of a workgroup. Workgroups that run at the same time take 8 rows of tiles, so that they share weights
// as well as rows of x in the GPU's cache.
fn place(group: vec3<u32>, groups: vec3<u32>) -> vec2<u32> {
    let band = groups.x * 8u;
    let index = group.y * groups.x + group.x;
    let first = index / band * 8u;
    let high = min(groups.y - first, 8u);
    return vec2(index % band / high, first + index % band % high);
}

// The products of four rows and four columns, a row each.
fn products(a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> { return mat4x4(a.x * b, a.y * b, a.z * b, a.w * b); }

// An invocation multiplies TALL rows with 4 columns in registers. T is vec4<f32>.
@compute @workgroup_size(COLUMNS / 4u, ROWS / TALL)
fn tiled(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let tile = place(group, groups);
    let run = run_of(tile.y);
    let first_column = params.first_column + tile.x * COLUMNS;
    let steps = params.in_features / 4u;
    var upper = mat4x4<f32>();
    var lower = mat4x4<f32>();
    for (var start = 0u; start < steps; start += 4u) {
        // A block is four ks of four columns or rows. Rows and columns beyond the end read the last one and are not stored; steps
        // beyond the end are zero. All invocations have a block where they are as many as there are blocks.
        for (var block = index; block < COLUMNS; block += THREADS) {
            let step = start + block % 4u;
            let four = block / 4u;
            var part = mat4x4<f32>();
            if step < steps {
                let column = first_column + four * 4u;
                let last = params.out_features - 1u;
                part = transpose(mat4x4<f32>(
                    vec4<f32>(weight((run.feature + min(column, last)) * steps + step)),
                    vec4<f32>(weight((run.feature + min(column + 1u, last)) * steps + step)),
                    vec4<f32>(weight((run.feature + min(column + 2u, last)) * steps + step)),
                    vec4<f32>(weight((run.feature + min(column + 3u, last)) * steps + step)),
                ));
            }
            let at = block % 4u * W_STEP + four;
            w_tile[at] = part[0];
            w_tile[at + W_STRIDE] = part[1];
            w_tile[at + 2u * W_STRIDE] = part[2];
            w_tile[at + 3u * W_STRIDE] = part[3];
        }
        for (var block = (index + X_OFFSET) % THREADS; block < ROWS; block += THREADS) {
            let step = start + block % 4u;
            let four = block / 4u;
            var part = mat4x4<f32>();
            if step < steps {
                let row = run.row + four * 4u;
                let last = run.end - 1u;
                part = transpose(mat4x4<f32>(
                    vec4<f32>(x[min(row, last) * steps + step]),
                    vec4<f32>(x[min(row + 1u, last) * steps + step]),
                    vec4<f32>(x[min(row + 2u, last) * steps + step]),
                    vec4<f32>(x[min(row + 3u, last) * steps + step]),
                ));
            }
            let at = block % 4u * X_STEP + four;
            x_tile[at] = part[0];
            x_tile[at + X_STRIDE] = part[1];
            x_tile[at + 2u * X_STRIDE] = part[2];
            x_tile[at + 3u * X_STRIDE] = part[3];
        }
        workgroupBarrier();
        // Written out, because not every compiler unrolls a loop.
        let a = local.y * (TALL / 4u);
        let b = local.x;
        let b0 = w_tile[b];
        upper += products(x_tile[a], b0);
        if TALL == 8u { lower += products(x_tile[a + 1u], b0); }
        let b1 = w_tile[b + 1u * W_STRIDE];
        upper += products(x_tile[a + 1u * X_STRIDE], b1);
        if TALL == 8u { lower += products(x_tile[a + 1u + 1u * X_STRIDE], b1); }
        let b2 = w_tile[b + 2u * W_STRIDE];
        upper += products(x_tile[a + 2u * X_STRIDE], b2);
        if TALL == 8u { lower += products(x_tile[a + 1u + 2u * X_STRIDE], b2); }
        let b3 = w_tile[b + 3u * W_STRIDE];
        upper += products(x_tile[a + 3u * X_STRIDE], b3);
        if TALL == 8u { lower += products(x_tile[a + 1u + 3u * X_STRIDE], b3); }
        let b4 = w_tile[b + 1u * W_STEP];
        upper += products(x_tile[a + 1u * X_STEP], b4);
        if TALL == 8u { lower += products(x_tile[a + 1u + 1u * X_STEP], b4); }
        let b5 = w_tile[b + 1u * W_STEP + 1u * W_STRIDE];
        upper += products(x_tile[a + 1u * X_STEP + 1u * X_STRIDE], b5);
        if TALL == 8u { lower += products(x_tile[a + 1u + 1u * X_STEP + 1u * X_STRIDE], b5); }
        let b6 = w_tile[b + 1u * W_STEP + 2u * W_STRIDE];
        upper += products(x_tile[a + 1u * X_STEP + 2u * X_STRIDE], b6);
        if TALL == 8u { lower += products(x_tile[a + 1u + 1u * X_STEP + 2u * X_STRIDE], b6); }
        let b7 = w_tile[b + 1u * W_STEP + 3u * W_STRIDE];
        upper += products(x_tile[a + 1u * X_STEP + 3u * X_STRIDE], b7);
        if TALL == 8u { lower += products(x_tile[a + 1u + 1u * X_STEP + 3u * X_STRIDE], b7); }
        let b8 = w_tile[b + 2u * W_STEP];
        upper += products(x_tile[a + 2u * X_STEP], b8);
        if TALL == 8u { lower += products(x_tile[a + 1u + 2u * X_STEP], b8); }
        let b9 = w_tile[b + 2u * W_STEP + 1u * W_STRIDE];
        upper += products(x_tile[a + 2u * X_STEP + 1u * X_STRIDE], b9);
        if TALL == 8u { lower += products(x_tile[a + 1u + 2u * X_STEP + 1u * X_STRIDE], b9); }
        let b10 = w_tile[b + 2u * W_STEP + 2u * W_STRIDE];
        upper += products(x_tile[a + 2u * X_STEP + 2u * X_STRIDE], b10);
        if TALL == 8u { lower += products(x_tile[a + 1u + 2u * X_STEP + 2u * X_STRIDE], b10); }
        let b11 = w_tile[b + 2u * W_STEP + 3u * W_STRIDE];
        upper += products(x_tile[a + 2u * X_STEP + 3u * X_STRIDE], b11);
        if TALL == 8u { lower += products(x_tile[a + 1u + 2u * X_STEP + 3u * X_STRIDE], b11); }
        let b12 = w_tile[b + 3u * W_STEP];
        upper += products(x_tile[a + 3u * X_STEP], b12);
        if TALL == 8u { lower += products(x_tile[a + 1u + 3u * X_STEP], b12); }
        let b13 = w_tile[b + 3u * W_STEP + 1u * W_STRIDE];
        upper += products(x_tile[a + 3u * X_STEP + 1u * X_STRIDE], b13);
        if TALL == 8u { lower += products(x_tile[a + 1u + 3u * X_STEP + 1u * X_STRIDE], b13); }
        let b14 = w_tile[b + 3u * W_STEP + 2u * W_STRIDE];
        upper += products(x_tile[a + 3u * X_STEP + 2u * X_STRIDE], b14);
        if TALL == 8u { lower += products(x_tile[a + 1u + 3u * X_STEP + 2u * X_STRIDE], b14); }
        let b15 = w_tile[b + 3u * W_STEP + 3u * W_STRIDE];
        upper += products(x_tile[a + 3u * X_STEP + 3u * X_STRIDE], b15);
        if TALL == 8u { lower += products(x_tile[a + 1u + 3u * X_STEP + 3u * X_STRIDE], b15); }
        workgroupBarrier();
    }
    let row = run.row + local.y * TALL;
    let column = first_column + local.x * 4u;
    let added = bias_of(run, column);
    store(run, row, column, upper[0] + added);
    store(run, row + 1u, column, upper[1] + added);
    store(run, row + 2u, column, upper[2] + added);
    store(run, row + 3u, column, upper[3] + added);
    if TALL == 8u {
        store(run, row + 4u, column, lower[0] + added);
        store(run, row + 5u, column, lower[1] + added);
        store(run, row + 6u, column, lower[2] + added);
        store(run, row + 7u, column, lower[3] + added);
    }
}
