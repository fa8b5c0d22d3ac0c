// y = LayerNorm(x + residual). A workgroup computes a row: its mean, then the variance about the mean.
struct Params { rows: u32, features: u32, epsilon: f32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;           // [rows, features]
@group(0) @binding(1) var<storage, read> residual: array<f32>;    // [rows, features]
@group(0) @binding(2) var<storage, read> weight: array<f32>;      // [features]
@group(0) @binding(3) var<storage, read> bias: array<f32>;        // [features]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;     // [rows, features]
@group(0) @binding(5) var<uniform> params: Params;

const SIZE = 64u;
var<workgroup> partial: array<f32, SIZE>;

// Sum of `value` over the workgroup; every invocation gets it.
fn workgroup_sum(lane: u32, value: f32) -> f32 {
    workgroupBarrier();
    partial[lane] = value;
    workgroupBarrier();
    for (var half = SIZE / 2u; half > 0u; half /= 2u) {
        if lane < half { partial[lane] += partial[lane + half]; }
        workgroupBarrier();
    }
    return partial[0];
}

@compute @workgroup_size(SIZE)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let lane = local.x;
    let features = params.features;
    for (var row = group.x; row < params.rows; row += groups.x) {
        let start = row * features;
        var sum = 0.0;
        for (var i = lane; i < features; i += SIZE) { sum += x[start + i] + residual[start + i]; }
        let mean = workgroup_sum(lane, sum) / f32(features);

        var squares = 0.0;
        for (var i = lane; i < features; i += SIZE) {
            let centered = x[start + i] + residual[start + i] - mean;
            squares += centered * centered;
        }
        let scale = inverseSqrt(workgroup_sum(lane, squares) / f32(features) + params.epsilon);

        for (var i = lane; i < features; i += SIZE) {
            y[start + i] = (x[start + i] + residual[start + i] - mean) * scale * weight[i] + bias[i];
        }
    }
}
