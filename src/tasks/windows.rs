//! Texts longer than the model: windows over their tokens.

use std::ops::Range;

/// Windows of at most `room` tokens over `len` tokens, `stride` apart; the last one ends at the last token.
pub fn strided(len: usize, room: usize, stride: usize) -> Vec<Range<usize>> {
    let (room, stride) = (room.max(1), stride.max(1));
    let mut windows = Vec::new();
    let mut start = 0;
    loop {
        let end = (start + room).min(len);
        windows.push(start..end);
        if end == len {
            return windows;
        }
        start += stride.min(room);
    }
}

/// The window that shows most tokens on the poorer side of some (the first such), or `None` where none holds all of them.
pub fn most_context(windows: &[Range<usize>], tokens: &Range<usize>) -> Option<usize> {
    let context = |window: &Range<usize>| {
        let inside = window.start <= tokens.start && tokens.end <= window.end;
        inside.then(|| (tokens.start - window.start).min(window.end - tokens.end))
    };
    let sizes = windows.iter().enumerate().filter_map(|(i, window)| context(window).map(|size| (size, i)));
    sizes.max_by_key(|(size, i)| (*size, std::cmp::Reverse(*i))).map(|(_, i)| i)
}

/// A window and which of the items it is to answer for.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The tokens it shows.
    pub tokens: Range<usize>,
    /// Indices of items.
    pub items: Vec<usize>,
}

/// Windows that overlap by `overlap`, each with the items of which it shows most context; those without any are left
/// out. An item that no such window holds gets one of its own. Items must not be longer than `room`.
pub fn assign(len: usize, room: usize, overlap: usize, items: &[Range<usize>]) -> Vec<Window> {
    let mut tokens = strided(len, room, room - overlap.min(room - 1));
    for item in items {
        if most_context(&tokens, item).is_none() {
            let start = item.start.saturating_sub((room - item.len().min(room)) / 2).min(len - room.min(len));
            tokens.push(start..(start + room).min(len));
        }
    }
    let mut windows: Vec<_> =
        tokens.iter().map(|tokens| Window { tokens: tokens.clone(), items: Vec::new() }).collect();
    for (i, item) in items.iter().enumerate() {
        if let Some(window) = most_context(&tokens, item) {
            windows[window].items.push(i);
        }
    }
    windows.retain(|window| !window.items.is_empty());
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strided_windows_cover_every_token(len in 0usize..300, room in 1usize..60, stride in 1usize..80) {
            let windows = strided(len, room, stride);
            prop_assert_eq!((windows[0].start, windows[windows.len() - 1].end), (0, len));
            for pair in windows.windows(2) {
                prop_assert!(pair[0].start < pair[1].start && pair[1].start <= pair[0].end);
                prop_assert_eq!(pair[0].len(), room);
            }
        }

        /// Every item is answered for once, by a window that shows all of it.
        #[test]
        fn every_item_once(
            len in 1usize..300,
            room in 1usize..60,
            overlap in 0usize..80,
            items in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..30),
        ) {
            let items: Vec<Range<usize>> = items.iter().map(|(start, size)| {
                let start = start.index(len);
                start..start + 1 + size.index(room.min(len - start))
            }).collect();
            let mut seen = vec![0; items.len()];
            for window in assign(len, room, overlap, &items) {
                prop_assert!(window.tokens.len() <= room && window.tokens.end <= len);
                for item in window.items {
                    prop_assert!(window.tokens.start <= items[item].start && items[item].end <= window.tokens.end);
                    seen[item] += 1;
                }
            }
            prop_assert!(seen.iter().all(|times| *times == 1));
        }
    }
}
