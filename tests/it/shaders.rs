//! Checks that each shader file is valid WGSL without changes.

use naga::valid::{Capabilities, ValidationFlags, Validator};

use crate::support::repository;

#[test]
fn every_shader_file_is_valid_as_it_stands() {
    let entries = std::fs::read_dir(repository().join("src/kernels/gpu/shaders")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "wgsl")).collect();
    assert!(files.len() >= 7, "{files:?}");
    for path in files {
        let (name, source) = (path.display(), std::fs::read_to_string(&path).unwrap());
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        // What every GPU and browser has: `unpack2x16float`.
        Validator::new(ValidationFlags::all(), Capabilities::SHADER_FLOAT16_IN_FLOAT32)
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
}
