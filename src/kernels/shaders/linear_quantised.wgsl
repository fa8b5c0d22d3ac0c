// Rows of x in 8 bits as the CPU's `quantised.rs` makes them, less 128: number = (integer - zero) * scale.
const PARTS = {{ parts }}u; // invocations that share a row while it is measured

var<workgroup> extents: array<vec2<f32>, THREADS>;
var<workgroup> grids: array<vec3<f32>, ROWS>;                        // scale, 1 / scale, zero of each row of the tile

// Measures the tile's rows. Every invocation of the workgroup must call it.
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
            // A row of zeros has no step; any will do.
            var scale = 1.0;
            if extent.y > extent.x { scale = (extent.y - extent.x) / 255.0; }
            let inverse = 1.0 / scale;
            grids[row] = vec3(scale, inverse, round(-extent.x * inverse) - 128.0);
        }
        workgroupBarrier();
    }
}

// The integers of four numbers of row `row` of the tile.
fn integers(v: vec4<f32>, row: u32) -> vec4<f32> {
    let grid = grids[row];
    return round(clamp(v * grid.y + (grid.z + 128.0), vec4(0.0), vec4(255.0))) - 128.0;
}

// The sums of integers of a row and four columns as numbers. `w_scales` holds a weight row's scale and the sum of its integers.
fn numbers(run: Run, row: u32, column: u32, sum: vec4<i32>) -> vec4<f32> {
    let grid = grids[row];
    var result: vec4<f32>;
    for (var j = 0u; j < 4u; j++) {
        let scale = w_scales[run.feature + min(column + j, params.out_features - 1u)];
        result[j] = f32(sum[j] - i32(grid.z) * i32(scale.y)) * (grid.x * scale.x);
    }
    return result;
}
