//! Bytes, options and text that nobody meant us to get: what finds the next fault. `fuzz/` shares all but the properties.

mod answers;
mod calls;
mod checks;
mod edit;
mod files;
mod folders;
mod limits;
mod subject;
mod texts;

#[global_allocator]
static ALLOCATOR: limits::CountingAllocator = limits::CountingAllocator;
