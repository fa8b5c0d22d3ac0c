//! Everything that reads text: the tokenizer, offsets, entity titles, and the arrays that a text becomes.

mod entity_vocab;
mod input_builder;
mod offsets;
mod tokenizer;

pub use entity_vocab::EntityVocab;
pub use input_builder::{EncodeOptions, InputBuilder, InputForm, PlacedToken, Spanned, is_python_space};
pub use offsets::{OffsetUnit, Offsets};
pub use tokenizer::{SpecialTokens, Tokenizer, is_punctuation};
