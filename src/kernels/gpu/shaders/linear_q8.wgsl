// `linear.wgsl` with int8 on both sides: y = activation(x w^T + bias), exact sums of integers scaled back to f32. Rows of x come
// from `quantize_rows.wgsl`: number = (integer - zero) * scale.
//
// The integers are multiplied as f32, in which sums of up to 1024 products are exact (128 * 127 * 1024 < 2^24). So every
// device computes the same, and one without an instruction for integer dot products computes fast; `linear_dot4.wgsl` is for
// one that has it.
//
// Entry points: `tiled` for GPUs, `direct` for adapters that are a CPU. in_features is divisible by 4.

// A pipeline replaces some of these lines (linear.rs).
const ROWS = 32u;                                                     // rows of y of a workgroup
const TALL = 8u;                                                      // rows of y of an invocation: 4 or 8, in `direct` 8
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

@group(0) @binding(0) var<storage, read> x: array<u32>;               // [rows, in_features], four int8 each
@group(0) @binding(1) var<storage, read> x_grids: array<vec2<f32>>;   // [rows]: a row's scale, its zero point
@group(0) @binding(2) var<storage, read> w: array<u32>;               // [features, in_features], four int8 each
@group(0) @binding(3) var<storage, read> w_grids: array<vec2<f32>>;   // [features]: a row's scale, the sum of its integers
@group(0) @binding(4) var<storage, read> bias: array<Y>;              // [features]
@group(0) @binding(5) var<storage, read_write> y: array<Y>;           // [rows, out_features]
@group(0) @binding(6) var<uniform> params: Params;

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

// What four columns need to become numbers.
struct Columns { scales: vec4<f32>, sums: vec4<i32>, biases: vec4<f32> }

// The columns from `column` on; beyond the end, the last one.
fn columns_of(run: Run, column: u32) -> Columns {
    let at = run.feature + column;
    let last = run.feature + params.out_features - 1u;
    let a = w_grids[min(at, last)];
    let b = w_grids[min(at + 1u, last)];
    let c = w_grids[min(at + 2u, last)];
    let d = w_grids[min(at + 3u, last)];
    return Columns(vec4(a.x, b.x, c.x, d.x), vec4<i32>(vec4(a.y, b.y, c.y, d.y)), bias_of(run, column));
}

// Stores the sums of integers of a row and four columns as numbers.
fn store_numbers(run: Run, row: u32, column: u32, columns: Columns, sums: vec4<i32>) {
    let grid = x_grids[min(row, run.end - 1u)];
    let numbers = vec4<f32>(sums - i32(grid.y) * columns.sums) * (grid.x * columns.scales);
    store(run, row, column, numbers + columns.biases);
}

// Four int8 as numbers.
fn int8(four: u32) -> vec4<f32> {
    return vec4<f32>(bitcast<vec4<i32>>(vec4(four << 24u, four << 16u, four << 8u, four)) >> vec4(24u));
}

// An invocation reads what it multiplies, 8 rows and 8 columns, from storage; written out as in `linear.wgsl`.
@compute @workgroup_size(COLUMNS / 8u, ROWS / 8u)
fn direct(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let run = run_of(group.y);
    let row = run.row + local.y * 8u;
    let column = params.first_column + group.x * COLUMNS + local.x * 8u;
    if row >= run.end || column >= params.out_features { return; }
    let steps = params.in_features / 4u;
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
            let w0 = int8(w[c0 + step]);
            let w1 = int8(w[c1 + step]);
            let w2 = int8(w[c2 + step]);
            let w3 = int8(w[c3 + step]);
            let w4 = int8(w[c4 + step]);
            let w5 = int8(w[c5 + step]);
            let w6 = int8(w[c6 + step]);
            let w7 = int8(w[c7 + step]);
            let x0 = int8(x[r0 + step]);
            left_part[0] += vec4(dot(x0, w0), dot(x0, w1), dot(x0, w2), dot(x0, w3));
            right_part[0] += vec4(dot(x0, w4), dot(x0, w5), dot(x0, w6), dot(x0, w7));
            let x1 = int8(x[r1 + step]);
            left_part[1] += vec4(dot(x1, w0), dot(x1, w1), dot(x1, w2), dot(x1, w3));
            right_part[1] += vec4(dot(x1, w4), dot(x1, w5), dot(x1, w6), dot(x1, w7));
            let x2 = int8(x[r2 + step]);
            left_part[2] += vec4(dot(x2, w0), dot(x2, w1), dot(x2, w2), dot(x2, w3));
            right_part[2] += vec4(dot(x2, w4), dot(x2, w5), dot(x2, w6), dot(x2, w7));
            let x3 = int8(x[r3 + step]);
            left_part[3] += vec4(dot(x3, w0), dot(x3, w1), dot(x3, w2), dot(x3, w3));
            right_part[3] += vec4(dot(x3, w4), dot(x3, w5), dot(x3, w6), dot(x3, w7));
            let x4 = int8(x[r4 + step]);
            left_part[4] += vec4(dot(x4, w0), dot(x4, w1), dot(x4, w2), dot(x4, w3));
            right_part[4] += vec4(dot(x4, w4), dot(x4, w5), dot(x4, w6), dot(x4, w7));
            let x5 = int8(x[r5 + step]);
            left_part[5] += vec4(dot(x5, w0), dot(x5, w1), dot(x5, w2), dot(x5, w3));
            right_part[5] += vec4(dot(x5, w4), dot(x5, w5), dot(x5, w6), dot(x5, w7));
            let x6 = int8(x[r6 + step]);
            left_part[6] += vec4(dot(x6, w0), dot(x6, w1), dot(x6, w2), dot(x6, w3));
            right_part[6] += vec4(dot(x6, w4), dot(x6, w5), dot(x6, w6), dot(x6, w7));
            let x7 = int8(x[r7 + step]);
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
    let left_columns = columns_of(run, column);
    let right_columns = columns_of(run, column + 4u);
    store_numbers(run, row, column, left_columns, left[0]);
    store_numbers(run, row, column + 4u, right_columns, right[0]);
    store_numbers(run, row + 1u, column, left_columns, left[1]);
    store_numbers(run, row + 1u, column + 4u, right_columns, right[1]);
    store_numbers(run, row + 2u, column, left_columns, left[2]);
    store_numbers(run, row + 2u, column + 4u, right_columns, right[2]);
    store_numbers(run, row + 3u, column, left_columns, left[3]);
    store_numbers(run, row + 3u, column + 4u, right_columns, right[3]);
    store_numbers(run, row + 4u, column, left_columns, left[4]);
    store_numbers(run, row + 4u, column + 4u, right_columns, right[4]);
    store_numbers(run, row + 5u, column, left_columns, left[5]);
    store_numbers(run, row + 5u, column + 4u, right_columns, right[5]);
    store_numbers(run, row + 6u, column, left_columns, left[6]);
    store_numbers(run, row + 6u, column + 4u, right_columns, right[6]);
    store_numbers(run, row + 7u, column, left_columns, left[7]);
    store_numbers(run, row + 7u, column + 4u, right_columns, right[7]);
}

// `tiled` stages 16 numbers of each row and column in shared memory, as in `linear.wgsl`.
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

// An invocation multiplies TALL rows with 4 columns in registers.
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
    var sums: array<vec4<i32>, 8>;
    for (var first = 0u; first < steps; first += 256u) {
        var upper = mat4x4<f32>();
        var lower = mat4x4<f32>();
        for (var start = first; start < min(first + 256u, steps); start += 4u) {
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
                        int8(w[(run.feature + min(column, last)) * steps + step]),
                        int8(w[(run.feature + min(column + 1u, last)) * steps + step]),
                        int8(w[(run.feature + min(column + 2u, last)) * steps + step]),
                        int8(w[(run.feature + min(column + 3u, last)) * steps + step]),
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
                        int8(x[min(row, last) * steps + step]),
                        int8(x[min(row + 1u, last) * steps + step]),
                        int8(x[min(row + 2u, last) * steps + step]),
                        int8(x[min(row + 3u, last) * steps + step]),
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
        sums[0] += vec4<i32>(upper[0]);
        sums[1] += vec4<i32>(upper[1]);
        sums[2] += vec4<i32>(upper[2]);
        sums[3] += vec4<i32>(upper[3]);
        sums[4] += vec4<i32>(lower[0]);
        sums[5] += vec4<i32>(lower[1]);
        sums[6] += vec4<i32>(lower[2]);
        sums[7] += vec4<i32>(lower[3]);
    }
    let row = run.row + local.y * TALL;
    let column = first_column + local.x * 4u;
    let columns = columns_of(run, column);
    store_numbers(run, row, column, columns, sums[0]);
    store_numbers(run, row + 1u, column, columns, sums[1]);
    store_numbers(run, row + 2u, column, columns, sums[2]);
    store_numbers(run, row + 3u, column, columns, sums[3]);
    if TALL == 8u {
        store_numbers(run, row + 4u, column, columns, sums[4]);
        store_numbers(run, row + 5u, column, columns, sums[5]);
        store_numbers(run, row + 6u, column, columns, sums[6]);
        store_numbers(run, row + 7u, column, columns, sums[7]);
    }
}
