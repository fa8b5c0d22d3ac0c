//! Everything that reads text: the tokenizer, offsets, entity titles, and the arrays that a text becomes.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )
)]

mod char_set;
mod entity_vocab;
mod input_builder;
mod offsets;
mod slow;
mod sorted_strings;
mod tokenizer;
mod tokenizer_json;
mod tokenizing;
mod transducer;

pub use char_set::CharSet;
pub use entity_vocab::{EntityVocab, entity_vocab_json};
pub use input_builder::{EncodeOptions, InputBuilder, InputForm};
pub use offsets::{OffsetUnit, Offsets};
pub use slow::Lookup;
pub(crate) use slow::json_file;
pub use tokenizer::{SpecialTokens, Token, Tokenizer, is_punctuation};
pub use tokenizer_json::{CheckedTokenizerJson, TokenizerJson};
pub use tokenizing::{PlacedToken, Spanned, Tokenized, Tokenizing, is_python_space};
