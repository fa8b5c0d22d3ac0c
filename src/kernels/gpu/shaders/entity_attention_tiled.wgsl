// Entity-aware attention for GPUs. One workgroup computes 16 rows of a head: their queries lie in shared memory, first those for
// token keys, then those for entity keys, while keys and values come by in tiles of 32, with a running maximum and sum (online
// softmax), so nothing of size rows x rows exists.

// A pipeline replaces this line (entity_attention.rs).
const STEPS = 16u;                                                    // vec4s of a head, at most 16
const ROWS = 16u;
const KEYS = 32u;
const THREADS = 64u;
// One more than needed, against bank conflicts.
const STRIDE = STEPS + 1u;
const SCORES = KEYS + 1u;
const LOWEST = -1e30;

struct Columns { token_query: u32, entity_query: u32, key: u32, value: u32 }

// Rows of one kind of one sequence, for one workgroup, and where this sequence's tokens and entities stand.
struct RowTile {
    row: u32,
    end: u32,
    is_entity: u32,
    first_token: u32,
    end_token: u32,
    first_entity: u32,
    end_entity: u32,
    unused: u32,
}

// Sizes and columns count Ts, not floats. width: Ts in a row of `projected`; hidden: Ts in a row of `context`; first_head: the
// head of the first workgroup.
struct Params { width: u32, hidden: u32, first_head: u32, token: Columns, entity: Columns, tiles: array<RowTile> }

@group(0) @binding(0) var<storage, read> projected: array<vec4<f32>>; // [rows, width]
@group(0) @binding(1) var<storage, read> mask: array<f32>;                 // [rows]
@group(0) @binding(2) var<storage, read_write> context: array<vec4<f32>>; // [rows, hidden]
@group(0) @binding(3) var<storage, read> params: Params;

var<workgroup> queries: array<vec4<f32>, ROWS * STRIDE>;             // [row][step]
var<workgroup> others: array<vec4<f32>, KEYS * STRIDE>;              // [key][step]: keys, then values
var<workgroup> scores: array<f32, ROWS * SCORES>;                    // [row][key]
var<workgroup> partial: array<f32, THREADS>;
var<workgroup> keeps: array<f32, ROWS>;
var<workgroup> totals: array<f32, ROWS>;

// Brings a column of some rows to `others`; what is beyond the end is the last row's.
fn stage(index: u32, start: u32, end: u32, column: u32) {
    for (var i = index; i < KEYS * STEPS; i += THREADS) {
        let key = min(start + i / STEPS, end - 1u);
        others[i / STEPS * STRIDE + i % STEPS] = projected[key * params.width + column + i % STEPS];
    }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let tile = params.tiles[group.x];
    let head = (params.first_head + group.y) * STEPS;
    let scale = inverseSqrt(f32(STEPS) * 4.0);
    var mine = params.token;
    if tile.is_entity != 0u { mine = params.entity; }

    // In turn an invocation scores 2 rows with 4 keys, softmaxes a quarter of one row, and sums 4 rows of one step.
    let score_row = index / 8u * 2u;
    let score_key = index % 8u;
    let soft_row = index / 4u;
    let soft_key = soft_row * SCORES + index % 4u * 8u;
    let sum_row = index / 16u * 4u;
    let sum_step = min(index % 16u, STEPS - 1u);

    var maximum = LOWEST;
    var total = 0.0;
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    for (var kind = 0u; kind < 2u; kind++) {
        var theirs = params.token;
        var query = mine.token_query;
        var first = tile.first_token;
        var end = tile.end_token;
        if kind == 1u {
            theirs = params.entity;
            query = mine.entity_query;
            first = tile.first_entity;
            end = tile.end_entity;
        }
        if first < end {
            for (var i = index; i < ROWS * STEPS; i += THREADS) {
                let row = min(tile.row + i / STEPS, tile.end - 1u);
                queries[i / STEPS * STRIDE + i % STEPS] = projected[row * params.width + query + head + i % STEPS] * scale;
            }
        }
        for (var start = first; start < end; start += KEYS) {
            stage(index, start, end, theirs.key + head);
            workgroupBarrier();
            var upper = vec4<f32>();
            var lower = vec4<f32>();
            for (var i = 0u; i < STEPS; i++) {
                let a = queries[score_row * STRIDE + i];
                let c = queries[score_row * STRIDE + STRIDE + i];
                let k0 = others[score_key * STRIDE + i];
                let k1 = others[(score_key + 8u) * STRIDE + i];
                let k2 = others[(score_key + 16u) * STRIDE + i];
                let k3 = others[(score_key + 24u) * STRIDE + i];
                upper += vec4(dot(a, k0), dot(a, k1), dot(a, k2), dot(a, k3));
                lower += vec4(dot(c, k0), dot(c, k1), dot(c, k2), dot(c, k3));
            }
            for (var j = 0u; j < 4u; j++) {
                let key = score_key + 8u * j;
                let bias = mask[min(start + key, end - 1u)];
                let inside = start + key < end;
                scores[score_row * SCORES + key] = select(LOWEST, upper[j] + bias, inside);
                scores[score_row * SCORES + SCORES + key] = select(LOWEST, lower[j] + bias, inside);
            }
            workgroupBarrier();

            // The keys have been used.
            stage(index, start, end, theirs.value + head);
            var largest = scores[soft_key];
            for (var j = 1u; j < 8u; j++) { largest = max(largest, scores[soft_key + j]); }
            partial[index] = largest;
            workgroupBarrier();
            let four = soft_row * 4u;
            let next = max(max(maximum, max(partial[four], partial[four + 1u])), max(partial[four + 2u], partial[four + 3u]));
            let keep = exp(maximum - next);
            maximum = next;
            var weights = 0.0;
            for (var j = 0u; j < 8u; j++) {
                let inside = start + index % 4u * 8u + j < end;
                let weight = select(0.0, exp(scores[soft_key + j] - next), inside);
                scores[soft_key + j] = weight;
                weights += weight;
            }
            total = total * keep + weights;
            if index % 4u == 0u { keeps[soft_row] = keep; }
            workgroupBarrier();

            sum0 *= keeps[sum_row];
            sum1 *= keeps[sum_row + 1u];
            sum2 *= keeps[sum_row + 2u];
            sum3 *= keeps[sum_row + 3u];
            for (var key = 0u; key < KEYS; key++) {
                let value = others[key * STRIDE + sum_step];
                sum0 += value * scores[sum_row * SCORES + key];
                sum1 += value * scores[sum_row * SCORES + SCORES + key];
                sum2 += value * scores[sum_row * SCORES + 2u * SCORES + key];
                sum3 += value * scores[sum_row * SCORES + 3u * SCORES + key];
            }
            workgroupBarrier();
        }
        // The queries may be replaced only when all have used them: the loop's last barrier, or no loop.
    }
    partial[index] = total;
    workgroupBarrier();
    if index % 4u == 0u { totals[soft_row] = partial[index] + partial[index + 1u] + partial[index + 2u] + partial[index + 3u]; }
    workgroupBarrier();
    if index % 16u >= STEPS { return; }
    let row = tile.row + sum_row;
    let at = row * params.hidden + head + sum_step;
    if row < tile.end { context[at] = sum0 / totals[sum_row]; }
    if row + 1u < tile.end { context[at + params.hidden] = sum1 / totals[sum_row + 1u]; }
    if row + 2u < tile.end { context[at + 2u * params.hidden] = sum2 / totals[sum_row + 2u]; }
    if row + 3u < tile.end { context[at + 3u * params.hidden] = sum3 / totals[sum_row + 3u]; }
}
