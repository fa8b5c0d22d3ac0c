//! The pipelines as text. `tests/it/shaders.rs` reads the files as they stand.

use naga::back::{hlsl, msl};

use super::*;

/// The source is valid WGSL, and naga can write it for Metal and for Direct3D, as Firefox and native programs do.
fn validate(name: &str, source: &str) {
    // What every GPU and browser has: `unpack2x16float`.
    let capabilities = naga::valid::Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    let module =
        naga::front::wgsl::parse_str(source).unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    let info = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), capabilities)
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {error:?}"));

    // The first version of Metal with all functions that we use, of macOS 10.12.
    let metal = msl::Options { lang_version: (1, 2), ..Default::default() };
    let (text, written) = msl::write_string(&module, &info, &metal, &msl::PipelineOptions::default())
        .unwrap_or_else(|error| panic!("{name}, Metal: {error:?}"));
    for entry in written.entry_point_names {
        let entry = entry.unwrap_or_else(|error| panic!("{name}, Metal: {error:?}"));
        assert!(text.contains(&format!("kernel void {entry}(")), "{name}, Metal: no {entry}");
    }

    // The oldest compiler, and the first version that has `dot4add_i8packed`.
    for shader_model in [hlsl::ShaderModel::V5_1, hlsl::ShaderModel::V6_4] {
        let options = hlsl::Options { shader_model, ..Default::default() };
        let (mut direct3d, every) = (String::new(), hlsl::PipelineOptions::default());
        let written = hlsl::Writer::new(&mut direct3d, &options, &every).write(&module, &info, None);
        let written = written.unwrap_or_else(|error| panic!("{name}, Direct3D {shader_model:?}: {error:?}"));
        for entry in written.entry_point_names {
            let entry = entry.unwrap_or_else(|error| panic!("{name}, Direct3D {shader_model:?}: {error:?}"));
            assert!(direct3d.contains(&format!("void {entry}(")), "{name}, Direct3D {shader_model:?}: no {entry}");
        }
    }
}

/// The pipeline is valid, and each line that it replaces is one whole declaration of the file.
fn check(shader: impl Shader) {
    let source = shader.source();
    validate(&format!("{shader:?}"), &source);
    assert!(source.contains(&format!("fn {}(", shader.entry_point())), "{shader:?}: no such entry point");
    let whole = |line: &str| {
        let code = line.split("//").next().unwrap_or_default().trim_end();
        code.ends_with(if code.starts_with("fn") { '}' } else { ';' })
    };
    for line in shader.lines() {
        let name = declared(&line);
        let replaced: Vec<_> = shader.file().lines().filter(|line| declared(line) == name).collect();
        assert!(name.is_some() && replaced.len() == 1, "{shader:?}: {line:?} replaces {replaced:?}");
        assert!(whole(&line) && whole(replaced[0]), "{shader:?}: {line:?} or {:?} goes on", replaced[0]);
        assert!(source.lines().any(|one| one == line), "{shader:?}: {line:?} is not in the source");
    }
}

#[test]
fn every_pipeline_is_valid_and_can_be_written_for_metal_and_direct3d() {
    linear::all().for_each(check);
    entity_attention::all().for_each(check);
    check(QuantizeRowsShader);
    check(TanhShader);
    for vectors in [true, false] {
        check(AddLayerNormShader { vectors });
        check(GatherRowsShader { vectors });
        check(StackRowsShader { vectors });
    }
}

/// A struct or a function of a file, from its first line to its last.
fn declaration<'a>(file: &'a str, start: &str) -> &'a str {
    let from = file.find(&format!("\n{start}")).unwrap_or_else(|| panic!("no {start}")) + 1;
    let (text, first) = (&file[from..], file[from..].lines().next().unwrap_or_default());
    if first.ends_with('}') || first.ends_with(';') { first } else { &text[..text.find("\n}").unwrap()] }
}

#[test]
fn copies_of_a_declaration_are_equal() {
    let linear = [include_str!("linear.wgsl"), include_str!("linear_q8.wgsl"), include_str!("linear_dot4.wgsl")];
    let of_all =
        ["alias Y", "fn biases", "fn put", "struct Params", "struct Run", "fn run_of", "fn gelu", "fn bias_of"];
    for start in of_all.into_iter().chain(["fn store(", "fn place"]) {
        assert_eq!(declaration(linear[0], start), declaration(linear[1], start));
        assert_eq!(declaration(linear[0], start), declaration(linear[2], start));
    }
    for start in ["struct Columns", "fn columns_of", "fn store_numbers"] {
        assert_eq!(declaration(linear[1], start), declaration(linear[2], start));
    }
    let attention = [include_str!("entity_attention_tiled.wgsl"), include_str!("entity_attention_stream.wgsl")];
    for start in ["struct Columns", "struct RowTile", "struct Params"] {
        assert_eq!(declaration(attention[0], start), declaration(attention[1], start));
    }
}

/// The files stand as they are, so the numbers that Rust has too are compared.
#[test]
fn numbers_are_those_of_rust() {
    let lowest = format!("{:e}", crate::kernels::MASKED);
    let tiled = declaration(include_str!("entity_attention_tiled.wgsl"), "const LOWEST");
    assert_eq!(tiled, format!("const LOWEST = {lowest};"));
    assert!(include_str!("entity_attention_stream.wgsl").contains(&format!("var maximum = {lowest};")));
    let range = declaration(include_str!("quantize_rows.wgsl"), "const LEAST_RANGE");
    assert_eq!(range, format!("const LEAST_RANGE = {:e};", luke_compute::cpu::LEAST_RANGE));
}
