//! Which call runs now. Several calls may be under way in one instance: each runs until it waits for something, and then another
//! one goes on. Nothing here knows JavaScript, so the tests are native.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::LocalKey;

/// A future that finds its own value in a thread-local variable whenever it runs. When it waits, the variable has again what it
/// had before.
pub struct During<T: 'static, F> {
    variable: &'static LocalKey<RefCell<T>>,
    /// While the future waits: its value. While it runs: the one that the variable had before.
    other: T,
    future: Pin<Box<F>>,
}

impl<T, F: Future> During<T, F> {
    /// `future`, with `value` in `variable`.
    pub fn new(variable: &'static LocalKey<RefCell<T>>, value: T, future: F) -> Self {
        Self { variable, other: value, future: Box::pin(future) }
    }

    fn swap(&mut self) {
        self.variable.with_borrow_mut(|value| std::mem::swap(value, &mut self.other));
    }
}

impl<T: Unpin, F: Future> Future for During<T, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.swap();
        let polled = self.future.as_mut().poll(context);
        self.swap();
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Waker;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        static CALL: RefCell<&'static str> = const { RefCell::new("none") };
    }

    fn current() -> &'static str {
        CALL.with_borrow(|call| *call)
    }

    /// Runs in so many parts, and gives what it finds in each.
    async fn parts(count: usize) -> Vec<&'static str> {
        let mut found = vec![current()];
        for _ in 1..count {
            let mut waited = false;
            poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
            found.push(current());
        }
        found
    }

    proptest! {
        /// Calls that take turns in any order each find their own name, one that has no name finds none, and so does whoever
        /// looks between them.
        #[test]
        fn each_call_finds_itself(counts in prop::array::uniform3(1usize..6), order in prop::collection::vec(0usize..4, 0..40)) {
            let mut calls: Vec<Pin<Box<dyn Future<Output = Vec<&str>>>>> = Vec::new();
            let names = ["first", "second", "none"];
            for (name, count) in names.into_iter().zip(counts) {
                match name {
                    "none" => calls.push(Box::pin(parts(count))),
                    name => calls.push(Box::pin(During::new(&CALL, name, parts(count)))),
                }
            }
            // A call inside of a call hides it as long as it runs.
            calls.push(Box::pin(During::new(&CALL, "outer", async {
                let inner = During::new(&CALL, "inner", parts(3)).await;
                assert_eq!((current(), inner), ("outer", vec!["inner"; 3]));
                parts(2).await
            })));
            let mut results = [const { None }; 4];
            for call in order.into_iter().chain((0..4).cycle().take(40)) {
                if results[call].is_none() {
                    if let Poll::Ready(found) = calls[call].as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                        results[call] = Some(found);
                    }
                    prop_assert_eq!(current(), "none");
                }
            }
            for (result, (name, count)) in results.iter().zip(names.into_iter().zip(counts).chain([("outer", 2)])) {
                prop_assert_eq!(result.as_ref().unwrap(), &vec![name; count]);
            }
        }
    }
}
