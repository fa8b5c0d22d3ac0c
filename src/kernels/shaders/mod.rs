//! The shaders: WGSL templates, and what their text depends on. Nothing here runs them, so that every test can read them.

mod linear;

pub use linear::{Linear, Storage, Tile};

use std::fmt::Debug;
use std::hash::Hash;

/// What a shader's text depends on: one pipeline for each value, so it holds no size that differs from call to call.
pub trait Variant: Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// The shader.
    fn source(self) -> String;
}

/// Fills a template's `{{ placeholders }}`; a value may hold others that come later in `values`.
pub fn fill(template: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{ {name} }}}}"), value))
}

/// What a shader reads at a time (its `T`), and the product of two of them, `a` and `c`.
fn element(vectors: bool) -> (&'static str, &'static str) {
    if vectors { ("vec4<f32>", "dot(a, c)") } else { ("f32", "a * c") }
}

/// One pipeline of `entity_attention`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntityAttention {
    /// Whether keys and values go through shared memory.
    pub tiled: bool,
    /// Floats in a `T`.
    pub lanes: usize,
    /// `T`s of a head.
    pub steps: usize,
}

impl EntityAttention {
    /// Rows of a workgroup; as in the shaders.
    pub const fn rows(self) -> usize {
        if self.tiled { 16 } else { 32 }
    }
}

impl Variant for EntityAttention {
    fn source(self) -> String {
        let template = match self.tiled {
            true => include_str!("entity_attention_tiled.wgsl"),
            false => include_str!("entity_attention_stream.wgsl"),
        };
        let (element, product) = element(self.lanes == 4);
        let values = [
            ("common", include_str!("entity_attention_common.wgsl").to_owned()),
            ("T", element.to_owned()),
            ("product", product.to_owned()),
            ("lanes", self.lanes.to_string()),
            ("steps", self.steps.to_string()),
        ];
        fill(template, &values)
    }
}

/// The pipeline of `add_layer_norm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddLayerNorm;

impl Variant for AddLayerNorm {
    fn source(self) -> String {
        include_str!("add_layer_norm.wgsl").to_owned()
    }
}

/// A pipeline of `gather_rows`; whether it reads vec4s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GatherRows(pub bool);

impl Variant for GatherRows {
    fn source(self) -> String {
        fill(include_str!("gather_rows.wgsl"), &[("T", element(self.0).0.to_owned())])
    }
}

/// A pipeline of `stack_rows`; whether it reads vec4s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StackRows(pub bool);

impl Variant for StackRows {
    fn source(self) -> String {
        fill(include_str!("stack_rows.wgsl"), &[("T", element(self.0).0.to_owned())])
    }
}

/// The source of one of each kind of shader, with its name.
#[cfg(test)]
pub fn all() -> Vec<(String, String)> {
    fn named(variant: impl Variant) -> (String, String) {
        (format!("{variant:?}"), variant.source())
    }
    let attention = [(true, 4, 16), (true, 4, 2), (false, 4, 16), (false, 1, 5)];
    let attention = attention.map(|(tiled, lanes, steps)| named(EntityAttention { tiled, lanes, steps }));
    let rows = [named(AddLayerNorm), named(GatherRows(true)), named(GatherRows(false))];
    let stacks = [named(StackRows(true)), named(StackRows(false))];
    linear::variants().map(named).chain(attention).chain(rows).chain(stacks).collect()
}
