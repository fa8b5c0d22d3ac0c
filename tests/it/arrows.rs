//! Checks which module uses which. The list in this file defines the architecture; ARCHITECTURE.md explains it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::repository;

/// The modules that each module may use. A module may use only modules above it in the list, so there is no circle.
const ALLOWED: [(&str, &[&str]); 24] = [
    // The crate `luke-compute`, whose modules are also named as `luke_compute::…`.
    ("error", &[]),
    ("memory", &["error"]),
    ("dtype", &[]),
    ("rows", &["dtype", "error", "memory"]),
    // `learn` and `taught` know no model.
    ("learn", &["error", "memory"]),
    ("packing", &[]),
    ("plan", &["packing"]),
    ("cpu", &["dtype", "error", "memory", "packing", "plan", "rows"]),
    // The crate `luke-web`.
    ("file_start", &["error"]),
    ("config", &["error"]),
    ("heads", &[]),
    // `folder` and `weights` do no IO: the caller that loads a model brings a `Source`.
    ("folder", &["config", "dtype", "error", "heads", "file_start"]),
    ("weights", &["dtype", "error", "folder", "memory", "rows"]),
    ("inputs", &["config", "error"]),
    ("taught", &["config", "error", "learn"]),
    ("text", &["error", "inputs", "file_start"]),
    ("checkpoint", &["config", "dtype", "error", "folder", "heads", "file_start", "text"]),
    ("backend", &["error"]),
    ("kernels", &["backend", "cpu", "dtype", "error", "memory", "packing", "plan", "rows", "weights"]),
    // `model` must not use `text`.
    ("model", &["config", "error", "heads", "inputs", "kernels", "weights"]),
    (
        "luke",
        &[
            "backend",
            "checkpoint",
            "config",
            "error",
            "folder",
            "heads",
            "inputs",
            "kernels",
            "memory",
            "model",
            "taught",
            "text",
            "weights",
        ],
    ),
    ("directory", &["backend", "error", "file_start", "folder", "luke", "memory"]),
    // `tasks` must not use a kernel, a tensor or a file.
    ("tasks", &["error", "heads", "inputs", "learn", "luke", "memory", "taught", "text"]),
    ("wasm", &["backend", "checkpoint", "error", "folder", "inputs", "kernels", "luke", "memory", "tasks"]),
];

/// Words that only some files may contain. Each names a library that the rest of the program must not depend on.
const HOMES: [(&str, &[&str]); 9] = [
    ("wasm_bindgen", &["wasm", "backend/scopes.rs", "backend/web.rs"]),
    ("js_sys", &["wasm", "backend/web.rs"]),
    ("web_sys", &["wasm", "backend/web.rs"]),
    ("tokenizers::", &["text/"]),
    ("unicode_segmentation", &["tasks/ner/sentences.rs"]),
    ("std::fs", &["bin/", "directory.rs"]),
    ("std::net", &[]),
    ("wgpu_options", &["backend/"]),
    ("Device::flex", &["backend/"]),
];

const MAX_LINES: usize = 400;

/// A source file: its path under `src`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The module at the root of its crate.
    fn module(&self) -> &str {
        self.path.trim_start_matches("compute/").split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// The code without comments, up to the unit tests, which may use anything.
    fn code(&self) -> String {
        let production = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = production.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.flat_map(|line| [line, "\n"]).collect()
    }
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false => found.extend(path.extension().is_some_and(|extension| extension == "rs").then_some(path)),
            }
        }
    }
    let (root, mut found) = (repository().join("src"), Vec::new());
    walk(&root, &mut found);
    let read = |path: PathBuf| Source {
        path: path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"),
        text: std::fs::read_to_string(&path).unwrap(),
    };
    found.into_iter().map(read).collect()
}

/// The names that follow `prefix` in a text. With the prefix `crate::`, `crate::a::B` gives `a`, and `crate::{a::B, c}`
/// gives `a` and `c`.
fn names_after<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let name = |text: &'a str| &text[..text.find(|c| !is_name(c)).unwrap_or(text.len())];
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices(prefix) {
        if text[..at].ends_with(|c| is_name(c) || c == ':') {
            continue;
        }
        let rest = &text[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            names.insert(name(rest));
            continue;
        };
        let (mut depth, mut expected) = (0, true);
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => expected = true,
                c if expected && is_name(c) => {
                    names.insert(name(&list[at..]));
                    expected = false;
                }
                _ => {}
            }
        }
    }
    names
}

#[test]
fn names_are_found_in_every_form_of_use() {
    let text =
        "use crate::{error::{Result, LukeError}, heads, luke::Luke};\nlet x = crate::text::Offsets; my_crate::nothing";
    assert_eq!(names_after(text, "crate::"), BTreeSet::from(["error", "heads", "luke", "text"]));
    assert_eq!(names_after("use super::links::{A, B};", "super::"), BTreeSet::from(["links"]));
    assert_eq!(names_after("use super::super::links::A;", "super::super::"), BTreeSet::from(["links"]));
}

#[test]
fn modules_use_only_what_the_list_allows() {
    for (place, (module, allowed)) in ALLOWED.iter().enumerate() {
        for used in *allowed {
            let above = ALLOWED[..place].iter().any(|(other, _)| other == used);
            assert!(above, "{used} does not stand above {module} in the list");
        }
    }
    let mut used_of: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let sources = sources();
    for source in &sources {
        let Some((module, allowed)) = ALLOWED.iter().find(|(module, _)| *module == source.module()) else {
            assert!(["lib", "bin"].contains(&source.module()), "{} is of no module in the list", source.path);
            continue;
        };
        let code = source.code();
        for name in names_after(&code, "crate::").union(&names_after(&code, "luke_compute::")).copied() {
            let name = if ["Result", "LukeError"].contains(&name) { "error" } else { name };
            assert!(name == *module || allowed.contains(&name), "{}: {module} must not use {name}", source.path);
            used_of.entry(module).or_default().insert(name.to_owned());
        }
    }
    let none = BTreeSet::new();
    for (module, allowed) in ALLOWED {
        let used = used_of.get(module).unwrap_or(&none);
        let idle: Vec<_> = allowed.iter().filter(|name| !used.contains(**name)).collect();
        assert!(idle.is_empty(), "{module} may use {idle:?} and does not: the list is longer than it has to be");
    }
}

/// Two files of a module that use each other should be one file. A folder counts as one file, with all files in it.
/// What a file uses of its parent is not counted.
#[test]
fn files_of_a_module_do_not_use_each_other_in_a_circle() {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let sources = sources();
    let folders: BTreeSet<&str> = sources.iter().filter_map(|source| Some(source.path.rsplit_once('/')?.0)).collect();
    let in_folder = |folder: &str, name: &str| {
        sources.iter().any(|source| {
            source.path == format!("{folder}/{name}.rs") || source.path.starts_with(&format!("{folder}/{name}/"))
        })
    };
    for folder in folders {
        for source in &sources {
            let Some(rest) = source.path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else { continue };
            let child = rest.split('/').next().unwrap().trim_end_matches(".rs");
            if child == "mod" {
                continue;
            }
            // From a file `depth` folders down, `super` that often is the folder; a `mod.rs` is its folder itself.
            let depth = rest.matches('/').count() + usize::from(!rest.ends_with("/mod.rs"));
            let code = source.code();
            let by_super = names_after(&code, &"super::".repeat(depth));
            let by_crate = match folder {
                "compute" => names_after(&code, "crate::"),
                _ => names_after(
                    &code,
                    &format!("crate::{}::", folder.trim_start_matches("compute/").replace('/', "::")),
                ),
            };
            for name in by_super.union(&by_crate).filter(|name| **name != child && in_folder(folder, name)) {
                arrows.entry(format!("{folder}/{child}")).or_default().insert(format!("{folder}/{name}"));
            }
        }
    }
    for start in arrows.keys() {
        let (mut open, mut seen) = (vec![start], BTreeSet::new());
        while let Some(place) = open.pop() {
            for next in arrows.get(place).into_iter().flatten() {
                assert!(next != start, "{start} uses {place}, which uses {start} in turn");
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
    }
    assert!(arrows.len() > 20, "only {} files use a file beside them", arrows.len());
}

#[test]
fn some_names_stay_where_they_belong() {
    for source in sources() {
        let Source { path, text } = &source;
        for (word, homes) in HOMES {
            let allowed = homes.iter().any(|home| path.starts_with(home)) || path == "lib.rs";
            assert!(allowed || !text.contains(word), "{path} names {word}");
        }
        // The CPU and the GPU have kernels of their own; what a device is, only these know.
        let computes = ["kernels", "model", "luke", "backend", "bin"].contains(&source.module());
        assert!(computes || !text.contains("burn::"), "{path} names a tensor");
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES, "{path} has {lines} lines");
    }
}
