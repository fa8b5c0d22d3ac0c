//! The shaders. Each `.wgsl` file is valid WGSL as it stands, so every WGSL tool can read it.
//!
//! A pipeline is an entry point of a file, after some of the file's lines were replaced: whole lines that declare a `const`, an
//! `alias` or a `fn`, found by the declared name. WGSL's `override` constants would do for some of them, but CubeCL creates the
//! pipelines and passes no constants. WGSL has no imports: a declaration that two files need stands in both, and a test holds
//! the copies equal.

mod entity_attention;
mod linear;

pub use entity_attention::EntityAttentionShader;
#[cfg(any(test, feature = "kernel-tests"))]
pub use linear::TileShape;
pub use linear::{LinearShader, Storage};

use std::fmt::Debug;
use std::hash::Hash;

/// A pipeline. Each value is compiled once, so it holds no size that differs from call to call.
pub trait Shader: Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// The file.
    fn file(self) -> &'static str;

    /// The lines that this pipeline has in place of the file's.
    fn lines(self) -> Vec<String> {
        Vec::new()
    }

    /// The name of the entry point.
    fn entry_point(self) -> &'static str {
        "main"
    }

    /// The pipeline's WGSL.
    fn source(self) -> String {
        let lines = self.lines();
        let replaced = |line: &str| {
            let name = declared(line)?;
            lines.iter().map(String::as_str).find(|line| declared(line) == Some(name))
        };
        self.file().lines().flat_map(|line| [replaced(line).unwrap_or(line), "\n"]).collect()
    }
}

/// What a line declares, such as `("const", "ROWS")`.
fn declared(line: &str) -> Option<(&str, &str)> {
    let (keyword, rest) = line.split_once(' ')?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    ["const", "alias", "fn"].contains(&keyword).then(|| (keyword, &rest[..end]))
}

/// The line that makes a file's `T` an f32.
fn scalar_element() -> String {
    "alias T = f32;".into()
}

/// A pipeline of `add_layer_norm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddLayerNormShader {
    /// Whether it reads vec4s: the number of features is divisible by 4.
    pub vectors: bool,
}

impl AddLayerNormShader {
    /// Rows that a workgroup computes at a time; as in the shader.
    pub const fn rows(self) -> usize {
        if self.vectors { 4 } else { 1 }
    }
}

impl Shader for AddLayerNormShader {
    fn file(self) -> &'static str {
        include_str!("add_layer_norm.wgsl")
    }

    fn lines(self) -> Vec<String> {
        if self.vectors {
            return Vec::new();
        }
        vec!["const LANES = 1u;".into(), scalar_element(), "fn total(v: T) -> f32 { return v; }".into()]
    }
}

/// The pipeline that quantizes rows for `linear`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuantizeRowsShader;

impl QuantizeRowsShader {
    /// Rows that a workgroup computes at a time; as in the shader.
    pub const ROWS: usize = 4;
}

impl Shader for QuantizeRowsShader {
    fn file(self) -> &'static str {
        include_str!("quantize_rows.wgsl")
    }
}

/// A pipeline of `gather_rows`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GatherRowsShader {
    /// Whether it reads vec4s: the width is divisible by 4.
    pub vectors: bool,
}

impl Shader for GatherRowsShader {
    fn file(self) -> &'static str {
        include_str!("gather_rows.wgsl")
    }

    fn lines(self) -> Vec<String> {
        if self.vectors { Vec::new() } else { vec![scalar_element()] }
    }
}

/// A pipeline of `stack_rows`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StackRowsShader {
    /// Whether it reads vec4s: the width is divisible by 4.
    pub vectors: bool,
}

impl Shader for StackRowsShader {
    fn file(self) -> &'static str {
        include_str!("stack_rows.wgsl")
    }

    fn lines(self) -> Vec<String> {
        if self.vectors { Vec::new() } else { vec![scalar_element()] }
    }
}

/// The pipeline of `tanh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TanhShader;

impl Shader for TanhShader {
    fn file(self) -> &'static str {
        include_str!("tanh.wgsl")
    }
}

#[cfg(test)]
mod tests;
