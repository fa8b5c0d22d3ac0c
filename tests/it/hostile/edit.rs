//! Changes of files that may show a bug: one value of a JSON file, or some bytes. Shared with `fuzz/`.

use serde_json::{Map, Value, json};

/// Four numbers choose a change: of which file, where, which kind, and with what.
pub type Edit = [u64; 4];

/// Changes a JSON document, and says how.
pub fn edit_json(root: &mut Value, [_, place, kind, choice]: Edit) -> String {
    let path = find(root, place);
    let name = name(root, &path);
    match kind % 20 {
        0..=8 => {
            let to = interesting(choice);
            let said = short(&to);
            *at(root, &path) = to;
            format!("{name} = {said}")
        }
        9 => remove(root, &path, &name),
        10 => twice(root, &path, &name),
        11 | 12 => nudge(root, &path, choice, &name),
        13 | 14 => replace_everywhere(root, &path, choice, &name),
        15 => {
            let from = find(root, choice);
            let value = at(root, &from).clone();
            let said = format!("{name} = a copy of {}", self::name(root, &from));
            *at(root, &path) = value;
            said
        }
        16 => {
            let depth = 1 << (choice % 12);
            let inner = at(root, &path).take();
            *at(root, &path) = (0..depth).fold(inner, |inner, _| Value::Array(vec![inner]));
            format!("{name} is put into {depth} arrays")
        }
        17 => rename(root, &path, choice, &name),
        _ => insert(root, &path, choice, &name),
    }
}

/// Changes bytes, and says how.
pub fn edit_bytes(bytes: &mut Vec<u8>, [_, place, kind, choice]: Edit) -> String {
    let length = bytes.len();
    if length == 0 {
        bytes.push(choice as u8);
        return "one byte where there was none".into();
    }
    let at = (place % length as u64) as usize;
    let end = at + 1 + (choice >> 8) as usize % (length - at).min(64);
    let word = |bytes: &mut Vec<u8>, word: u32| {
        let at = at / 4 * 4;
        bytes.iter_mut().skip(at).zip(word.to_le_bytes()).for_each(|(to, from)| *to = from);
        format!("{word:#x} at {at}")
    };
    match kind % 12 {
        0..=2 => {
            bytes[at] ^= 1 << (choice % 8);
            format!("bit {} of {at} turned", choice % 8)
        }
        3 => {
            bytes[at] = choice as u8;
            format!("{} at {at}", choice as u8)
        }
        4 => word(bytes, WORDS[choice as usize % WORDS.len()]),
        5 | 6 => word(bytes, FLOATS[choice as usize % FLOATS.len()]),
        7 => {
            bytes.truncate(at);
            format!("cut to {at} bytes")
        }
        8 => {
            let (more, byte) = (1 + (choice >> 8) as usize % 5000, choice as u8);
            bytes.resize(length + more, byte);
            format!("{more} bytes of {byte} more")
        }
        9 => {
            bytes.drain(at..end);
            format!("{at}..{end} left out")
        }
        10 => {
            let copy = bytes[at..end].to_vec();
            let to = (choice >> 16) as usize % length;
            bytes.splice(to..to, copy);
            format!("{at}..{end} once more at {to}")
        }
        _ => {
            bytes[at..end].fill(choice as u8);
            format!("{at}..{end} filled with {}", choice as u8)
        }
    }
}

const WORDS: [u32; 8] = [0, 1, 2, 0xff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, u32::MAX];

/// NaN, infinities, the largest numbers, a subnormal; the last two are pairs of f16 (NaN, infinity).
const FLOATS: [u32; 8] =
    [0x7fc0_0000, 0x7f80_0000, 0xff80_0000, 0x7f7f_ffff, 0xff7f_ffff, 0x0000_0001, 0x7e00_7e00, 0x7c00_fc00];

/// The way to a value: which child at each level.
type Path = Vec<usize>;

/// A value of the document. Every child of an object or array is as likely as the next, so what stands near the root is
/// as likely as what stands in a long list.
fn find(root: &Value, mut place: u64) -> Path {
    let (mut value, mut path) = (root, Path::new());
    loop {
        let children = match value {
            Value::Array(items) => items.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        } as u64;
        // One in nine times the container itself.
        let stops = !path.is_empty() && place % 9 == 8;
        place /= 9;
        if children == 0 || stops {
            return path;
        }
        let child = (place % children) as usize;
        place = (place / children).wrapping_add(place << 40);
        path.push(child);
        value = match value {
            Value::Array(items) => &items[child],
            Value::Object(map) => map.values().nth(child).unwrap(),
            _ => return path,
        };
    }
}

fn at<'a>(root: &'a mut Value, path: &[usize]) -> &'a mut Value {
    path.iter().fold(root, |value, child| match value {
        Value::Array(items) => &mut items[*child],
        Value::Object(map) => map.values_mut().nth(*child).unwrap(),
        other => other,
    })
}

/// The value's JSON pointer.
fn name(root: &Value, path: &[usize]) -> String {
    let (mut value, mut name) = (root, String::new());
    for child in path {
        match value {
            Value::Array(items) => {
                name += &format!("/{child}");
                value = &items[*child];
            }
            Value::Object(map) => {
                let (key, inner) = map.iter().nth(*child).unwrap();
                name += &format!("/{}", key.chars().take(40).collect::<String>());
                value = inner;
            }
            _ => {}
        }
    }
    name
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

fn remove(root: &mut Value, path: &[usize], name: &str) -> String {
    let Some((last, parent)) = path.split_last() else { return "nothing".into() };
    match at(root, parent) {
        Value::Array(items) => drop(items.remove(*last)),
        Value::Object(map) => {
            let key = map.keys().nth(*last).unwrap().clone();
            map.remove(&key);
        }
        _ => {}
    }
    format!("{name} left out")
}

fn twice(root: &mut Value, path: &[usize], name: &str) -> String {
    let Some((last, parent)) = path.split_last() else { return "nothing".into() };
    match at(root, parent) {
        Value::Array(items) => items.insert(*last, items[*last].clone()),
        Value::Object(map) => {
            let copy = map.values().nth(*last).unwrap().clone();
            let next = (*last + 1) % map.len();
            *map.values_mut().nth(next).unwrap() = copy;
        }
        _ => {}
    }
    format!("{name} once more in its neighbor's place")
}

/// A number or text that is nearly the same.
fn nudge(root: &mut Value, path: &[usize], choice: u64, name: &str) -> String {
    let value = at(root, path);
    *value = match value.take() {
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(number), _) => match choice % 6 {
                0 => json!(number.wrapping_add(1)),
                1 => json!(number.wrapping_sub(1)),
                2 => json!(number.wrapping_mul(2)),
                3 => json!(number / 2),
                4 => json!(number.wrapping_add(1 << 32)),
                _ => json!(number as f64 + 0.5),
            },
            (None, number) => json!(number.unwrap_or(0.0) * -1e30),
        },
        Value::String(text) => match choice % 4 {
            0 => json!(text.to_uppercase()),
            1 => json!(text.chars().skip(1).collect::<String>()),
            2 => json!(format!("{text}\u{301}")),
            _ => json!(text.repeat(1 + (choice >> 8) as usize % 400)),
        },
        Value::Bool(flag) => json!(!flag),
        Value::Array(items) => items.into_iter().rev().collect(),
        other => other,
    };
    format!("{name} nudged to {}", short(value))
}

/// Puts another value wherever this one stands, so that what must be equal stays equal.
fn replace_everywhere(root: &mut Value, path: &[usize], choice: u64, name: &str) -> String {
    fn replace(value: &mut Value, from: &Value, to: &Value) {
        match value {
            value if value == from => *value = to.clone(),
            Value::Array(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
            Value::Object(map) => map.values_mut().for_each(|item| replace(item, from, to)),
            _ => {}
        }
    }
    let from = at(root, path).clone();
    let to = interesting(choice);
    if path.is_empty() {
        return "nothing".into();
    }
    replace(root, &from, &to);
    format!("wherever the document has {} (as at {name}): {}", short(&from), short(&to))
}

fn rename(root: &mut Value, path: &[usize], choice: u64, name: &str) -> String {
    let Some((last, parent)) = path.split_last() else { return "nothing".into() };
    let key = KEYS[choice as usize % KEYS.len()];
    if let Value::Object(map) = at(root, parent) {
        let old = map.keys().nth(*last).unwrap().clone();
        if let Some(value) = map.remove(&old) {
            map.insert(key.into(), value);
        }
    }
    format!("{name} is called '{key}'")
}

fn insert(root: &mut Value, path: &[usize], choice: u64, name: &str) -> String {
    let (value, key) = (interesting(choice), KEYS[(choice >> 32) as usize % KEYS.len()]);
    let said = short(&value);
    match at(root, path) {
        Value::Array(items) => items.push(value),
        Value::Object(map) => drop(map.insert(key.into(), value)),
        other => *other = Value::Object(Map::from_iter([(key.to_owned(), value)])),
    }
    format!("{name} gains {key}: {said}")
}

const KEYS: [&str; 24] = [
    "",
    "ner",
    "qa",
    "mlm",
    "cloze",
    "typing",
    "relation",
    "tokenClassification",
    "multipleChoice",
    "labels",
    "tokens",
    "maxSpanTokens",
    "contextTokens",
    "rows",
    "offset",
    "sha256",
    "0",
    "-1",
    "normalizer",
    "post_processor",
    "[MASK]",
    "[MASK2]",
    "\u{0}",
    "luke.x",
];

/// A size that checks forget.
pub fn size(choice: usize) -> u64 {
    let numbers: [u64; 22] = [
        0,
        1,
        2,
        3,
        4,
        5,
        31,
        64,
        255,
        256,
        512,
        65_535,
        65_536,
        1 << 20,
        1 << 24,
        (1 << 24) + 1,
        1 << 31,
        (1 << 32) - 1,
        1 << 32,
        1 << 53,
        1 << 58,
        u64::MAX,
    ];
    numbers[choice % numbers.len()]
}

/// A value that checks forget.
pub fn interesting(choice: u64) -> Value {
    let floats = [-1.0, -0.0, 0.5, 1e-45, 1e-30, 1e38, 1e39, 1e308, -1e30, -1e308, 9_007_199_254_740_993.0];
    let texts = [
        "",
        "a",
        "\u{0}",
        "NaN",
        "Infinity",
        "-1",
        "../x",
        "f32",
        "f16",
        "bf16",
        "q8",
        "q4",
        "ner",
        "qa",
        "mlm",
        "model",
        "likely",
        "sentence",
        "[MASK]",
        "</s>",
        "##",
        "\u{2581}",
        "chunks/0000.bin",
        "model.safetensors",
        "luke-web",
    ];
    let place = (choice >> 8) as usize;
    match choice % 12 {
        0..=4 => json!(size(place)),
        5 | 6 => json!(floats[place % floats.len()]),
        7 | 8 => json!(texts[place % texts.len()]),
        9 => [json!(null), json!(true), json!(false), json!([]), json!({}), json!([0, 0]), json!([[]]), json!({"": 0})]
            [place % 8]
            .clone(),
        10 => json!(["Tokyo ", "a", "\u{301}", " ", "𝒳"][place % 5].repeat([40, 700, 4000][place / 5 % 3])),
        _ => component(place),
    }
}

/// Parts of a `tokenizer.json` that are dear, or that the `tokenizers` crate trusts.
fn component(place: usize) -> Value {
    let replace = |from: &str, to: &str| json!({"type": "Replace", "pattern": {"String": from}, "content": to});
    let split =
        |regex: &str| json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false});
    let a_thousand = replace("a", &"a".repeat(1000));
    let template = |pieces: Value, tokens: Value| json!({"type": "TemplateProcessing", "single": pieces, "pair": pieces, "special_tokens": tokens});
    let parts = [
        json!({"type": "Sequence", "normalizers": vec![a_thousand.clone(); 6]}),
        a_thousand,
        replace("", "x"),
        split("(?:a+)+(?!x)b"),
        split(""),
        json!({"type": "Prepend", "prepend": "a".repeat(100_000)}),
        json!({"type": "Precompiled", "precompiled_charsmap": "////"}),
        json!({"type": "Lowercase"}),
        json!({"type": "Metaspace", "replacement": "ab", "prepend_scheme": "always", "split": true}),
        json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}),
        template(json!([{"SpecialToken": {"id": "none", "type_id": 0}}]), json!({})),
        template(json!([{"Sequence": {"id": "B", "type_id": 0}}]), json!({})),
        json!({"type": "WordPiece", "unk_token": "", "continuing_subword_prefix": "", "max_input_chars_per_word": 1e9 as u64, "vocab": {}}),
        json!({"type": "Unigram", "unk_id": 9, "vocab": [["", -1e308]], "byte_fallback": true}),
        json!({"type": "WordLevel", "vocab": {"a": 4_000_000_000_u32}, "unk_token": "a"}),
        json!({"direction": "Right", "max_length": 0, "strategy": "LongestFirst", "stride": 9}),
        json!({"id": 0, "content": "", "single_word": false, "lstrip": true, "rstrip": true, "normalized": true, "special": true}),
        json!({"id": 3_000_000_000_u32, "content": "a", "single_word": true, "lstrip": true, "rstrip": true, "normalized": true, "special": false}),
    ];
    parts[place % parts.len()].clone()
}
