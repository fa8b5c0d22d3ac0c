// `tiled` of `linear_q8.wgsl` for GPUs with an instruction for the dot product of four int8. The results are the same.

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

// Column tile and row tile of a workgroup. Workgroups that run at the same time take 8 rows of tiles, so that they share weights
// as well as rows of x in the GPU's cache.
fn place(group: vec3<u32>, groups: vec3<u32>) -> vec2<u32> {
    let band = groups.x * 8u;
    let index = group.y * groups.x + group.x;
    let first = index / band * 8u;
    let high = min(groups.y - first, 8u);
    return vec2(index % band / high, first + index % band % high);
}

// 32 numbers of each row and column are staged in shared memory at once, four in a u32.
const THREADS = COLUMNS / 4u * ROWS / TALL;
// vec4s from one step to the next in shared memory; one more than needed, against bank conflicts.
const X_STRIDE = ROWS / 4u + 1u;
const W_STRIDE = COLUMNS / 4u + 1u;

var<workgroup> x_tile: array<vec4<u32>, X_STRIDE * 8u>;               // [step][four rows]
var<workgroup> w_tile: array<vec4<u32>, W_STRIDE * 8u>;               // [step][four columns]

// The sums of four rows and four columns.
struct Sums { a: vec4<i32>, b: vec4<i32>, c: vec4<i32>, d: vec4<i32> }

fn dots(a: u32, b: vec4<u32>) -> vec4<i32> {
    return vec4(dot4I8Packed(a, b.x), dot4I8Packed(a, b.y), dot4I8Packed(a, b.z), dot4I8Packed(a, b.w));
}

// Adds the products of four rows and four columns.
fn added(sums: Sums, a: vec4<u32>, b: vec4<u32>) -> Sums {
    return Sums(sums.a + dots(a.x, b), sums.b + dots(a.y, b), sums.c + dots(a.z, b), sums.d + dots(a.w, b));
}

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
    var upper: Sums;
    var lower: Sums;
    for (var start = 0u; start < steps; start += 8u) {
        // Rows and columns beyond the end read the last one and are not stored; steps beyond the end are zero.
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
        for (var block = index; block < ROWS * 2u; block += THREADS) {
            let step = start + block % 8u;
            let four = block / 8u;
            var part = vec4<u32>();
            if step < steps {
                let row = run.row + four * 4u;
                let last = run.end - 1u;
                part = vec4(
                    x[min(row, last) * steps + step],
                    x[min(row + 1u, last) * steps + step],
                    x[min(row + 2u, last) * steps + step],
                    x[min(row + 3u, last) * steps + step],
                );
            }
            x_tile[block % 8u * X_STRIDE + four] = part;
        }
        workgroupBarrier();
        // Written out, because not every compiler unrolls a loop.
        let a = local.y * (TALL / 4u);
        let b = local.x;
        let b0 = w_tile[b];
        upper = added(upper, x_tile[a], b0);
        if TALL == 8u { lower = added(lower, x_tile[a + 1u], b0); }
        let b1 = w_tile[b + 1u * W_STRIDE];
        upper = added(upper, x_tile[a + 1u * X_STRIDE], b1);
        if TALL == 8u { lower = added(lower, x_tile[a + 1u + 1u * X_STRIDE], b1); }
        let b2 = w_tile[b + 2u * W_STRIDE];
        upper = added(upper, x_tile[a + 2u * X_STRIDE], b2);
        if TALL == 8u { lower = added(lower, x_tile[a + 1u + 2u * X_STRIDE], b2); }
        let b3 = w_tile[b + 3u * W_STRIDE];
        upper = added(upper, x_tile[a + 3u * X_STRIDE], b3);
        if TALL == 8u { lower = added(lower, x_tile[a + 1u + 3u * X_STRIDE], b3); }
        let b4 = w_tile[b + 4u * W_STRIDE];
        upper = added(upper, x_tile[a + 4u * X_STRIDE], b4);
        if TALL == 8u { lower = added(lower, x_tile[a + 1u + 4u * X_STRIDE], b4); }
        let b5 = w_tile[b + 5u * W_STRIDE];
        upper = added(upper, x_tile[a + 5u * X_STRIDE], b5);
        if TALL == 8u { lower = added(lower, x_tile[a + 1u + 5u * X_STRIDE], b5); }
        let b6 = w_tile[b + 6u * W_STRIDE];
        upper = added(upper, x_tile[a + 6u * X_STRIDE], b6);
        if TALL == 8u { lower = added(lower, x_tile[a + 1u + 6u * X_STRIDE], b6); }
        let b7 = w_tile[b + 7u * W_STRIDE];
        upper = added(upper, x_tile[a + 7u * X_STRIDE], b7);
        if TALL == 8u { lower = added(lower, x_tile[a + 1u + 7u * X_STRIDE], b7); }
        workgroupBarrier();
    }
    let row = run.row + local.y * TALL;
    let column = first_column + local.x * 4u;
    let columns = columns_of(run, column);
    store_numbers(run, row, column, columns, upper.a);
    store_numbers(run, row + 1u, column, columns, upper.b);
    store_numbers(run, row + 2u, column, columns, upper.c);
    store_numbers(run, row + 3u, column, columns, upper.d);
    if TALL == 8u {
        store_numbers(run, row + 4u, column, columns, lower.a);
        store_numbers(run, row + 5u, column, columns, lower.b);
        store_numbers(run, row + 6u, column, columns, lower.c);
        store_numbers(run, row + 7u, column, columns, lower.d);
    }
}
