//! The only integration test binary. Most tests compare results with those of Hugging Face in committed fixtures.

mod arrows;
mod checkpoints;
mod cli;
mod cloze;
mod default_model;
mod eval;
mod field;
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
