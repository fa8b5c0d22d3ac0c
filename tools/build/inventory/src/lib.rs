//! Takes the place of the crate `inventory`, which `pliron`, the base of CubeCL's compiler, uses on wasm32 alone: each of its
//! operations and types registers its parser, printer, verifiers and casts there, 4,900 functions that run when the module
//! starts. All of them would be in the module, 5 MB of code and tables. luke-web's GPU kernels are WGSL, so that compiler never
//! runs in a page. Here nothing is registered, and what was only registered is not linked.
#![no_std]

/// A type of registrations.
pub trait Collect: Sync + Sized + 'static {}

/// Declares a type of registrations.
#[macro_export]
macro_rules! collect {
    ($ty:ty) => {
        impl $crate::Collect for $ty {}
    };
}

/// Registers a value: not here.
#[macro_export]
macro_rules! submit {
    ($($value:tt)*) => {};
}

/// The registered values: none.
pub fn iter<T: Collect>() -> core::iter::Empty<&'static T> {
    core::iter::empty()
}
