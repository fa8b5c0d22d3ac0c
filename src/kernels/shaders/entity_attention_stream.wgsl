// Entity-aware attention, one invocation a row and head, for adapters that are a CPU and for other head sizes: both queries
// of the row stay in registers while the keys stream by once, with a running maximum and sum (online softmax), so nothing of
// size rows x rows exists.
// T is vec4<f32> where the head size allows it, else f32; STEPS is head_dim / lanes of T.
alias T = {{ T }};
const STEPS = {{ steps }}u;

{{ common }}

@group(0) @binding(0) var<storage, read> projected: array<T>;        // [rows, width]
@group(0) @binding(1) var<storage, read> mask: array<f32>;           // [rows]
@group(0) @binding(2) var<storage, read_write> context: array<T>;    // [rows, hidden]
@group(0) @binding(3) var<storage, read> params: Params;

fn product(a: T, c: T) -> f32 { return {{ product }}; }

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let tile = params.tiles[group.x];
    let row = tile.row + local.x;
    if row >= tile.end { return; }
    let head = group.y * STEPS;
    let scale = inverseSqrt(f32(STEPS) * f32({{ lanes }}));

    var mine = params.word;
    if tile.is_entity != 0u { mine = params.entity; }
    var to_words: array<T, STEPS>;
    var to_entities: array<T, STEPS>;
    var sum: array<T, STEPS>;
    let start = row * params.width + head;
    for (var i = 0u; i < STEPS; i++) {
        to_words[i] = projected[start + mine.to_words + i] * scale;
        to_entities[i] = projected[start + mine.to_entities + i] * scale;
        sum[i] = T();
    }

    var maximum = -3.4028234e38;
    var total = 0.0;
    let words = tile.end_word - tile.first_word;
    for (var key = 0u; key < words + tile.end_entity - tile.first_entity; key++) {
        let is_word = key < words;
        var theirs = params.entity;
        var other = tile.first_entity + key - words;
        if is_word {
            theirs = params.word;
            other = tile.first_word + key;
        }
        let base = other * params.width + head;

        var score = 0.0;
        if is_word {
            for (var i = 0u; i < STEPS; i++) { score += product(to_words[i], projected[base + theirs.key + i]); }
        } else {
            for (var i = 0u; i < STEPS; i++) { score += product(to_entities[i], projected[base + theirs.key + i]); }
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
