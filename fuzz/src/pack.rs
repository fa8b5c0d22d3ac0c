//! Several files in one input: `### NAME LENGTH`, a line end, the bytes, a line end.

use fastrand::Rng;

use crate::edit::Edit;
use crate::files::{Files, repair};

/// The files of an input, as far as it can be read.
pub fn unpack(mut data: &[u8]) -> Files {
    let mut files = Files::new();
    while let Some((name, length, rest)) = header(data) {
        let (bytes, after) = rest.split_at(length.min(rest.len()));
        files.insert(name.to_owned(), bytes.to_vec());
        data = after.strip_prefix(b"\n").unwrap_or(after);
    }
    files
}

fn header(data: &[u8]) -> Option<(&str, usize, &[u8])> {
    let end = data.iter().take(300).position(|byte| *byte == b'\n')?;
    let (name, length) = std::str::from_utf8(&data[..end]).ok()?.strip_prefix("### ")?.rsplit_once(' ')?;
    Some((name, length.parse().ok()?, &data[end + 1..]))
}

/// The input of some files.
pub fn pack(files: &Files) -> Vec<u8> {
    let mut data = Vec::with_capacity(files.values().map(|bytes| bytes.len() + 100).sum());
    for (name, bytes) in files {
        data.extend(format!("### {name} {}\n", bytes.len()).bytes());
        data.extend(bytes);
        data.push(b'\n');
    }
    data
}

/// Changes one to four values or places of the files; at times a file of another input comes in.
pub fn mutate(data: &[u8], others: &[u8], random: &mut Rng, edit: fn(&mut Files, Edit) -> String) -> Vec<u8> {
    let mut files = unpack(data);
    if files.is_empty() {
        files.insert("manifest.json".into(), data.to_vec());
    }
    if random.u8(..20) == 0 {
        let mut others = unpack(others);
        if let Some(name) = random.choice(others.keys().cloned().collect::<Vec<_>>()) {
            files.insert(name.clone(), others.remove(&name).unwrap_or_default());
        }
    }
    for _ in 0..1 + random.u8(..16).trailing_zeros().min(3) {
        edit(&mut files, crate::edit(random));
    }
    // Files that are not as promised are refused before anything else is looked at.
    if random.u8(..16) > 0 {
        repair(&mut files);
    }
    pack(&files)
}
