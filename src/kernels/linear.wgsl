// y[row, col] = activation(dot(x[row, :], w[first_feature + col, :]) + b[first_feature + col])
// for rows first_row .. end_row. One invocation makes 4 x 4 results, one workgroup 32 x 32.
// T is vec4<f32> where in_features is divisible by 4, else f32.
alias T = {{ T }};

struct Params { first_row: u32, end_row: u32, in_features: u32, out_features: u32, first_feature: u32, gelu: u32 }

@group(0) @binding(0) var<storage, read> x: array<T>;            // [rows, in_features]
@group(0) @binding(1) var<storage, read> w: array<T>;            // [features, in_features]
@group(0) @binding(2) var<storage, read> b: array<f32>;          // [features]
@group(0) @binding(3) var<storage, read> params: Params;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;    // [rows, out_features]

fn product(a: T, c: T) -> f32 { return {{ product }}; }

// Abramowitz and Stegun 7.1.26, |error| < 1.5e-7; `gelu` in linear.rs is the same formula.
fn gelu(v: f32) -> f32 {
    let z = abs(v) * 0.70710678;
    let t = 1.0 / (1.0 + 0.3275911 * z);
    let poly = t * (0.2548296 + t * (-0.28449674 + t * (1.4214137 + t * (-1.4531521 + t * 1.0614054))));
    let erf = sign(v) * (1.0 - poly * exp(-z * z));
    return 0.5 * v * (1.0 + erf);
}

fn store(row: u32, col: u32, sum: vec4<f32>) {
    if row >= params.end_row { return; }
    for (var j = 0u; j < 4u; j++) {
        if col + j >= params.out_features { return; }
        var v = sum[j] + b[params.first_feature + col + j];
        if params.gelu != 0u { v = gelu(v); }
        y[row * params.out_features + col + j] = v;
    }
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let col = group.x * 32u + local.x * 4u;
    let row = params.first_row + group.y * 32u + local.y * 4u;
    let steps = params.in_features / {{ width }}u;

    // Rows and columns beyond the end read the last one and are not stored.
    let rows = min(vec4(row, row + 1u, row + 2u, row + 3u), vec4(params.end_row - 1u)) * steps;
    let cols = (params.first_feature + min(vec4(col, col + 1u, col + 2u, col + 3u), vec4(params.out_features - 1u))) * steps;

    var s0 = vec4<f32>();
    var s1 = vec4<f32>();
    var s2 = vec4<f32>();
    var s3 = vec4<f32>();
    for (var i = 0u; i < steps; i++) {
        let w0 = w[cols.x + i];
        let w1 = w[cols.y + i];
        let w2 = w[cols.z + i];
        let w3 = w[cols.w + i];
        let x0 = x[rows.x + i];
        let x1 = x[rows.y + i];
        let x2 = x[rows.z + i];
        let x3 = x[rows.w + i];
        s0 += vec4(product(x0, w0), product(x0, w1), product(x0, w2), product(x0, w3));
        s1 += vec4(product(x1, w0), product(x1, w1), product(x1, w2), product(x1, w3));
        s2 += vec4(product(x2, w0), product(x2, w1), product(x2, w2), product(x2, w3));
        s3 += vec4(product(x3, w0), product(x3, w1), product(x3, w2), product(x3, w3));
    }
    store(row, col, s0);
    store(row + 1u, col, s1);
    store(row + 2u, col, s2);
    store(row + 3u, col, s3);
}
