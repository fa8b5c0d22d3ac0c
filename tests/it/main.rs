//! The only integration test binary: our answers against Hugging Face's, on committed fixtures.

mod arrows;
mod checkpoints;
mod cli;
mod cloze;
mod default_model;
mod eval;
mod full_size;
mod gate;
mod heads;
mod hostile;
mod hostile_convert;
mod limits;
mod masked;
mod ner;
mod other_checkpoints;
mod paged;
mod qa;
mod raw_checkpoints;
mod shaders;
mod support;
mod tokenizer;
mod turns;
mod typing_relation;
