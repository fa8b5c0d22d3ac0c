//! Pauses for long work on a text: it is done in small pieces, and from time to time the source may do other work.

use crate::error::Result;
use crate::folder::Source;
use crate::text::{Tokenized, Tokenizing};

/// How much is done between two pauses, in bytes of text that are tokenized. It takes a few thousandths of a second natively, and
/// two or three times as long in a browser.
const TURN: usize = 1 << 13;

/// What every piece costs, however few bytes it has.
const PIECE: usize = 32;

/// Counts the work of one call since its last pause.
pub(crate) struct Turns<'a> {
    source: &'a dyn Source,
    done: usize,
}

impl<'a> Turns<'a> {
    /// Pauses of this source.
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, done: 0 }
    }

    /// Says that a piece of work on some bytes of text is done. Pauses where that was enough for one turn.
    ///
    /// # Errors
    /// What the source fails with at the pause: `aborted` as a rule.
    pub async fn after(&mut self, bytes: usize) -> Result<()> {
        self.done = self.done.saturating_add(bytes).saturating_add(PIECE);
        if self.done < TURN {
            return Ok(());
        }
        self.done = 0;
        self.source.pause().await
    }

    /// Takes all items of an iterator, each of which is a small piece of work.
    ///
    /// # Errors
    /// As [`after`](Self::after).
    pub async fn collect<T>(&mut self, items: impl Iterator<Item = T>) -> Result<Vec<T>> {
        let mut all = Vec::with_capacity(items.size_hint().0);
        for item in items {
            all.push(item);
            self.after(0).await?;
        }
        Ok(all)
    }

    /// Tokenizes a text.
    ///
    /// # Errors
    /// Those of [`Tokenizing::step`] and [`Tokenizing::finish`], and as [`after`](Self::after).
    pub async fn tokenize<T>(&mut self, mut text: Tokenizing<'_, T>) -> Result<Tokenized<T>> {
        while let Some(bytes) = text.step()? {
            self.after(bytes).await?;
        }
        text.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use pollster::block_on;

    use super::*;
    use crate::error::LukeError;
    use crate::folder::{FileEntry, Pausing, Reading};

    /// Counts its pauses, and ends the call at the last one.
    struct Pauses {
        left: Mutex<usize>,
    }

    impl Source for Pauses {
        fn read<'a>(&'a self, file: &'a FileEntry, _: &'a [&'a FileEntry], _: bool, _: Vec<u8>) -> Reading<'a> {
            Box::pin(async { Err(LukeError::Network { file: file.path.clone(), reason: "is not there".into() }) })
        }

        fn pause(&self) -> Pausing<'_> {
            let mut left = self.left.lock().unwrap();
            let end = left.checked_sub(1).map(|rest| *left = rest).ok_or(LukeError::Aborted);
            Box::pin(async { end })
        }
    }

    impl Turns<'static> {
        /// Turns whose pauses take no time.
        pub fn free() -> Self {
            static FREE: Pauses = Pauses { left: Mutex::new(usize::MAX) };
            Self::new(&FREE)
        }
    }

    #[test]
    fn pauses_come_after_so_much_work_whatever_its_pieces() {
        let pauses = |pieces: &[usize]| {
            let source = Pauses { left: Mutex::new(1000) };
            let mut turns = Turns::new(&source);
            for bytes in pieces {
                block_on(turns.after(*bytes)).unwrap();
            }
            1000 - *source.left.lock().unwrap()
        };
        assert_eq!(pauses(&[]), 0);
        assert_eq!(pauses(&[TURN - PIECE - 1]), 0);
        assert_eq!(pauses(&[TURN - PIECE]), 1);
        assert_eq!(pauses(&[usize::MAX, usize::MAX]), 2);
        assert_eq!(pauses(&[0; 10 * TURN / PIECE]), 10);
        assert_eq!(pauses(&[1000; 100]), 100 / TURN.div_ceil(1000 + PIECE));
    }

    #[test]
    fn a_pause_may_end_the_work() {
        let source = Pauses { left: Mutex::new(3) };
        let mut taken = 0;
        let items = (0..1_000_000).inspect(|_| taken += 1);
        assert_eq!(block_on(Turns::new(&source).collect(items)), Err(LukeError::Aborted));
        assert_eq!(taken, 4 * TURN / PIECE);
    }
}
