#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| drop(luke_fuzz::entity_index::run(data)));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    luke_fuzz::mutate_in_place("entity_index", data, size, max_size, seed)
});
