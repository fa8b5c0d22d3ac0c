#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| drop(luke_fuzz::tokenizer_and_text::run(data)));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    luke_fuzz::mutate_in_place("tokenizer_and_text", data, size, max_size, seed)
});
