// Rows of x in 8 bits, with the same scales as on the CPU (cpu/linear_int8.rs), less 128: number = (integer - zero) * scale. A
// workgroup computes four rows at a time.
struct Params { rows: u32, steps: u32 }                               // steps: vec4s of a row

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;         // [rows, steps]
@group(0) @binding(1) var<storage, read_write> integers: array<u32>;  // [rows, steps], four int8 each
@group(0) @binding(2) var<storage, read_write> grids: array<vec2<f32>>; // [rows]: scale, zero
@group(0) @binding(3) var<uniform> params: Params;

// A row whose numbers have a smaller range becomes zeros. Without the limit 1 / scale could be infinite.
const LEAST_RANGE = 1e-30;
const ROWS = 4u;
const SIZE = 16u;                                                     // invocations of a row
var<workgroup> extents: array<vec2<f32>, ROWS * SIZE>;

@compute @workgroup_size(ROWS * SIZE)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let lane = index % SIZE;
    let steps = params.steps;
    for (var first = group.x * ROWS; first < params.rows; first += groups.x * ROWS) {
        // Rows beyond the end are the last one: the same is stored again.
        let row = min(first + index / SIZE, params.rows - 1u);
        let start = row * steps;
        var low = vec4<f32>();
        var high = vec4<f32>();
        for (var i = lane; i < steps; i += SIZE) {
            let v = x[start + i];
            low = min(low, v);
            high = max(high, v);
        }
        workgroupBarrier();
        extents[index] = vec2(min(min(low.x, low.y), min(low.z, low.w)), max(max(high.x, high.y), max(high.z, high.w)));
        workgroupBarrier();
        var extent = vec2<f32>();
        for (var i = index - lane; i < index - lane + SIZE; i++) {
            extent = vec2(min(extent.x, extents[i].x), max(extent.y, extents[i].y));
        }
        var scale = 1.0;
        if extent.y - extent.x > LEAST_RANGE { scale = (extent.y - extent.x) / 255.0; }
        let inverse = 1.0 / scale;
        let zero = round(-extent.x * inverse);
        if lane == 0u { grids[row] = vec2(scale, zero - 128.0); }
        for (var i = lane; i < steps; i += SIZE) {
            let q = vec4<u32>(round(clamp(x[start + i] * inverse + zero, vec4(0.0), vec4(255.0))));
            // The highest bit of a byte says whether it is at least 128.
            integers[start + i] = (q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u)) ^ 0x80808080u;
        }
    }
}
