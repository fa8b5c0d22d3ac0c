//! Bytes, options and text that nobody meant us to get: what finds the next fault. `fuzz/` shares all but the properties.

mod answers;
mod calls;
mod checks;
mod edit;
mod files;
mod folders;
mod limits;
mod subject;
mod texts;

#[global_allocator]
static ALLOCATOR: limits::CountingAllocator = limits::CountingAllocator;

/// Both build into one folder in CI: with other versions, `fuzz/` would compile everything again.
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
