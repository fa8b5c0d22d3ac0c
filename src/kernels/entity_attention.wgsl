// Entity-aware attention, one invocation a row and head: both queries of the row stay in registers while the
// keys stream by once, with a running maximum and sum (online softmax), so nothing of size rows x rows exists.
// T is vec4<f32> where the head size allows it, else f32; STEPS is head_dim / lanes of T.
alias T = {{ T }};
const STEPS = {{ steps }}u;

struct Columns { to_words: u32, to_entities: u32, key: u32, value: u32 }
// Sizes and columns count Ts, not floats. width: Ts a row of `projected`; hidden: Ts a row of `context`.
// bounds: of each row's sequence, the first word row, one past the last, the first entity row, one past the last.
struct Params {
    words: u32, rows: u32, width: u32, hidden: u32, word: Columns, entity: Columns, bounds: array<vec4<u32>>,
}

@group(0) @binding(0) var<storage, read> projected: array<T>;        // [rows, width]
@group(0) @binding(1) var<storage, read> mask: array<f32>;           // [rows]
@group(0) @binding(2) var<storage, read> params: Params;
@group(0) @binding(3) var<storage, read_write> context: array<T>;    // [rows, hidden]

fn product(a: T, c: T) -> f32 { return {{ product }}; }

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let row = group.x * 32u + local.x;
    if row >= params.rows { return; }
    let head = group.y * STEPS;
    let scale = inverseSqrt(f32(STEPS) * f32({{ width }}));

    var mine = params.word;
    if row >= params.words { mine = params.entity; }
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
    let bounds = params.bounds[row];
    let words = bounds.y - bounds.x;
    for (var key = 0u; key < words + bounds.w - bounds.z; key++) {
        let is_word = key < words;
        var theirs = params.entity;
        var other = bounds.z + key - words;
        if is_word {
            theirs = params.word;
            other = bounds.x + key;
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
