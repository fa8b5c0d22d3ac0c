//! Fuzz targets: `run` takes any bytes, and panics where something happens that must not. They run under libFuzzer
//! (`fuzz_targets/`) and, with `main.rs`, on a stable compiler.

pub mod entity_index;
pub mod manifest_and_load;
pub mod pack;
pub mod pickle;
pub mod safetensors_header_and_plan;
pub mod tokenizer_and_text;

// Shared with the property tests of the package; each uses a part.
#[path = "../../tests/it/hostile/checks.rs"]
mod checks;
#[path = "../../tests/it/hostile/edit.rs"]
mod edit;
#[allow(dead_code)]
#[path = "../../tests/it/hostile/files.rs"]
mod files;
#[path = "../../tests/it/hostile/limits.rs"]
pub mod limits;
#[allow(dead_code)]
#[path = "../../tests/it/hostile/subject.rs"]
mod subject;

#[allow(dead_code)]
#[path = "../../src/bin/luke/folder.rs"]
mod folder;
mod convert;

use fastrand::Rng;

/// What is fuzzed, and how its inputs are changed.
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Runs an input; gives the error it met, or what it was. Inputs that give something new are kept and changed further.
    pub run: fn(&[u8]) -> String,
    /// Makes another input of one, with parts of `others`.
    pub mutate: fn(&[u8], others: &[u8], &mut Rng) -> Vec<u8>,
}

/// All targets.
pub const TARGETS: [Target; 5] = [
    Target { name: "manifest_and_load", run: manifest_and_load::run, mutate: manifest_and_load::mutate },
    Target {
        name: "safetensors_header_and_plan",
        run: safetensors_header_and_plan::run,
        mutate: safetensors_header_and_plan::mutate,
    },
    Target { name: "tokenizer_and_text", run: tokenizer_and_text::run, mutate: tokenizer_and_text::mutate },
    Target { name: "entity_index", run: entity_index::run, mutate: entity_index::mutate },
    Target { name: "pickle", run: pickle::run, mutate: pickle::mutate },
];

/// libFuzzer's custom mutator: changes the first `size` bytes of `data`, and gives how many there are then.
pub fn mutate_in_place(target: &str, data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let Some(target) = TARGETS.iter().find(|known| known.name == target) else { return size };
    let input = &data[..size];
    let changed = (target.mutate)(input, input, &mut Rng::with_seed(seed.into()));
    let size = changed.len().min(max_size);
    data[..size].copy_from_slice(&changed[..size]);
    size
}

/// Four random numbers, which choose a change.
fn edit(random: &mut Rng) -> edit::Edit {
    std::array::from_fn(|_| random.u64(..))
}

/// An error without its numbers and names: inputs whose errors differ in more than that are worth keeping.
fn kind(error: &impl std::fmt::Display) -> String {
    error.to_string().chars().filter(|c| !c.is_ascii_digit()).take(60).collect()
}
