// Two runs of rows; the second may be empty. `feature` is the first weight row of a run.
struct Params {
    in_features: u32,
    out_features: u32,
    gelu: u32,
    first_start: u32,
    first_end: u32,
    first_feature: u32,
    second_start: u32,
    second_end: u32,
    second_feature: u32,
}

// The rows from `row` to `end` that a tile has to do with.
struct Run { row: u32, end: u32, feature: u32 }

fn run_of(tile: u32, rows: u32) -> Run {
    let tiles = (params.first_end - params.first_start + rows - 1u) / rows;
    if tile < tiles { return Run(params.first_start + tile * rows, params.first_end, params.first_feature); }
    return Run(params.second_start + (tile - tiles) * rows, params.second_end, params.second_feature);
}

// Abramowitz and Stegun 7.1.26, |error| < 1.5e-7; `gelu` in math.rs is the same formula.
fn gelu(v: f32) -> f32 {
    let z = abs(v) * 0.70710678;
    let t = 1.0 / (1.0 + 0.3275911 * z);
    let poly = t * (0.2548296 + t * (-0.28449674 + t * (1.4214137 + t * (-1.4531521 + t * 1.0614054))));
    let erf = sign(v) * (1.0 - poly * exp(-z * z));
    return 0.5 * v * (1.0 + erf);
}

fn store(run: Run, row: u32, column: u32, sum: vec4<f32>) {
    if row >= run.end { return; }
    for (var j = 0u; j < 4u; j++) {
        if column + j >= params.out_features { return; }
        var v = sum[j] + bias[run.feature + column + j];
        if params.gelu != 0u { v = gelu(v); }
        y[row * params.out_features + column + j] = v;
    }
}
