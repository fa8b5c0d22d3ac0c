// y = LayerNorm(x + residual): of each row its mean, then the variance about the mean. A workgroup computes ROWS rows at a time.

// A pipeline replaces some of these lines (mod.rs).
const LANES = 4u;                                                     // numbers in a T
alias T = vec4<f32>;                                                  // f32 where features is not divisible by 4
fn total(v: T) -> f32 { return (v.x + v.z) + (v.y + v.w); }

struct Params { rows: u32, features: u32, epsilon: f32 }

@group(0) @binding(0) var<storage, read> x: array<T>;                 // [rows, features]
@group(0) @binding(1) var<storage, read> residual: array<T>;          // [rows, features]
@group(0) @binding(2) var<storage, read> weight: array<T>;            // [features]
@group(0) @binding(3) var<storage, read> bias: array<T>;              // [features]
@group(0) @binding(4) var<storage, read_write> y: array<T>;           // [rows, features]
@group(0) @binding(5) var<uniform> params: Params;

const THREADS = 64u;
const ROWS = LANES;                                                   // rows of a workgroup
const SIZE = THREADS / ROWS;                                          // invocations of a row
var<workgroup> partial: array<T, THREADS>;

// Sum of `value` over a row; every invocation of the row gets it. With either T there are 64 sums of a row, which are added in
// the same order.
fn row_sum(index: u32, value: T) -> f32 {
    workgroupBarrier();
    partial[index] = value;
    workgroupBarrier();
    for (var half = SIZE / 2u; half > 0u; half /= 2u) {
        if index % SIZE < half { partial[index] += partial[index + half]; }
        workgroupBarrier();
    }
    return total(partial[index / SIZE * SIZE]);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let lane = index % SIZE;
    let features = f32(params.features);
    let steps = params.features / LANES;
    for (var first = group.x * ROWS; first < params.rows; first += groups.x * ROWS) {
        // Rows beyond the end are the last one: the same is stored again.
        let start = min(first + index / SIZE, params.rows - 1u) * steps;
        var sum = T();
        for (var i = lane; i < steps; i += SIZE) { sum += x[start + i] + residual[start + i]; }
        let mean = row_sum(index, sum) / features;

        var squares = T();
        for (var i = lane; i < steps; i += SIZE) {
            let centered = x[start + i] + residual[start + i] - mean;
            squares += centered * centered;
        }
        let scale = inverseSqrt(row_sum(index, squares) / features + params.epsilon);

        for (var i = lane; i < steps; i += SIZE) {
            y[start + i] = (x[start + i] + residual[start + i] - mean) * scale * weight[i] + bias[i];
        }
    }
}
