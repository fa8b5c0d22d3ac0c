//! Random faulty files, options and texts, to find bugs. `fuzz/` shares `checks.rs`, `edit.rs`, `files.rs`, `limits.rs`
//! and `subject.rs`.

mod answers;
mod calls;
mod checks;
mod edit;
mod files;
mod folders;
pub mod limits;
mod subject;
mod texts;

#[global_allocator]
static ALLOCATOR: limits::CountingAllocator = limits::CountingAllocator;

/// The package and `fuzz/` build into one folder in CI. With other versions, `fuzz/` would compile all its dependencies
/// again.
#[test]
fn fuzz_has_the_versions_of_the_package() {
    let versions = |file: &str| -> Vec<(String, String)> {
        let text = std::fs::read_to_string(crate::support::repository().join(file)).unwrap();
        let field =
            |block: &str, name: &str| Some(block.split(&format!("{name} = \"")).nth(1)?.split('"').next()?.to_owned());
        text.split("[[package]]").filter_map(|block| Some((field(block, "name")?, field(block, "version")?))).collect()
    };
    let ours = versions("Cargo.lock");
    let known = |name: &str| ours.iter().any(|(other, _)| other == name);
    let others: Vec<_> =
        versions("fuzz/Cargo.lock").into_iter().filter(|entry| known(&entry.0) && !ours.contains(entry)).collect();
    assert_eq!(others, [], "in fuzz/Cargo.lock and not in Cargo.lock");
}
