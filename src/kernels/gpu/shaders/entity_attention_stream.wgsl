// Entity-aware attention for adapters that are a CPU, and for heads that `entity_attention_tiled.wgsl` does not take. One
// invocation computes a row of a head: both queries of the row stay in registers while the keys stream by once, with a running
// maximum and sum (online softmax), so nothing of size rows x rows exists.

// A pipeline replaces some of these lines (entity_attention.rs).
const STEPS = 16u;                                                    // Ts of a head
const LANES = 4u;                                                     // floats in a T
alias T = vec4<f32>;                                                  // f32 where the head or the row is not divisible by 4
fn product(a: T, c: T) -> f32 { return dot(a, c); }

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

@group(0) @binding(0) var<storage, read> projected: array<T>;        // [rows, width]
@group(0) @binding(1) var<storage, read> mask: array<f32>;           // [rows]
@group(0) @binding(2) var<storage, read_write> context: array<T>;    // [rows, hidden]
@group(0) @binding(3) var<storage, read> params: Params;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let tile = params.tiles[group.x];
    let row = tile.row + local.x;
    if row >= tile.end { return; }
    let head = (params.first_head + group.y) * STEPS;
    let scale = inverseSqrt(f32(STEPS) * f32(LANES));

    var mine = params.token;
    if tile.is_entity != 0u { mine = params.entity; }
    var token_query: array<T, STEPS>;
    var entity_query: array<T, STEPS>;
    var sum: array<T, STEPS>;
    let start = row * params.width + head;
    for (var i = 0u; i < STEPS; i++) {
        token_query[i] = projected[start + mine.token_query + i] * scale;
        entity_query[i] = projected[start + mine.entity_query + i] * scale;
        sum[i] = T();
    }

    var maximum = -1e30;
    var total = 0.0;
    let tokens = tile.end_token - tile.first_token;
    for (var key = 0u; key < tokens + tile.end_entity - tile.first_entity; key++) {
        let is_token = key < tokens;
        var theirs = params.entity;
        var other = tile.first_entity + key - tokens;
        if is_token {
            theirs = params.token;
            other = tile.first_token + key;
        }
        let base = other * params.width + head;

        var score = 0.0;
        if is_token {
            for (var i = 0u; i < STEPS; i++) { score += product(token_query[i], projected[base + theirs.key + i]); }
        } else {
            for (var i = 0u; i < STEPS; i++) { score += product(entity_query[i], projected[base + theirs.key + i]); }
        }
        score += mask[other];

        let next = max(maximum, score);
        let keep = exp(maximum - next);
        let weight = exp(score - next);
        total = total * keep + weight;
        for (var i = 0u; i < STEPS; i++) { sum[i] = sum[i] * keep + projected[base + theirs.value + i] * weight; }
        maximum = next;
    }
    for (var i = 0u; i < STEPS; i++) { context[row * params.hidden + head + i] = sum[i] / total; }
}
