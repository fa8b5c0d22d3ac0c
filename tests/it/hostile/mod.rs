//! Bytes, options and text that nobody meant us to get: what finds the next fault. `fuzz/` shares all but the properties.

mod checks;
mod edit;
mod files;
mod folders;
mod limits;
mod subject;

#[global_allocator]
static ALLOCATOR: limits::CountingAllocator = limits::CountingAllocator;
