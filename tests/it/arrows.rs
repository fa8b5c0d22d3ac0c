//! The order of the modules: each may use only what stands to its left (ARCHITECTURE.md).

use std::path::Path;

use crate::support::repository;

const ORDER: [&str; 16] = [
    "error",
    "memory",
    "config",
    "dtype",
    "heads",
    "folder",
    "weights",
    "inputs",
    "text",
    "checkpoint",
    "backend",
    "kernels",
    "model",
    "luke",
    "tasks",
    "wasm",
];

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn modules_use_only_what_stands_before_them() {
    let root = repository().join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut checked = 0;
    for path in files {
        let relative = path.strip_prefix(&root).unwrap();
        let first = relative.iter().next().unwrap().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        let Some(place) = ORDER.iter().position(|name| *name == module) else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        for (line, content) in text.lines().enumerate() {
            for (at, _) in content.match_indices("crate::") {
                let used: String = content[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if let Some(other) = ORDER.iter().position(|name| *name == used) {
                    let place_of_line = format!("{}:{}", relative.display(), line + 1);
                    assert!(other <= place, "{place_of_line}: {module} uses {used}, which stands after it");
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 30, "only {checked} uses seen");
}

#[test]
fn some_names_stay_where_they_belong() {
    let root = repository().join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for path in files {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        for (word, homes) in [
            ("wasm_bindgen", &["wasm.rs"][..]),
            ("js_sys", &["wasm.rs"]),
            ("web_sys", &["wasm.rs"]),
            ("tokenizers::", &["text/"]),
            ("std::fs", &["bin/"]),
            ("wgpu_options", &["backend/"]),
            ("Device::flex", &["backend/"]),
        ] {
            let allowed = homes.iter().any(|home| name.starts_with(home)) || name == "lib.rs";
            assert!(allowed || !text.contains(word), "{name} names {word}");
        }
        let lines = text.lines().count();
        assert!(lines <= 400, "{name} has {lines} lines");
    }
}
