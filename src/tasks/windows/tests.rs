//! Both rules against their definitions, and that no token, item or answer is lost.

use proptest::prelude::*;

use super::*;

/// The authors' rule for answers, word for word: windows until one reaches the end, and the first window of most context.
fn authors(tokens: usize, size: usize, stride: usize) -> (Vec<Range<usize>>, Vec<usize>) {
    let (mut spans, mut start) = (Vec::new(), 0);
    while start < tokens {
        let length = size.min(tokens - start);
        spans.push(start..start + length);
        if start + length == tokens {
            break;
        }
        start += length.min(stride);
    }
    let owner = |position: usize| {
        let mut best: Option<(f64, usize)> = None;
        for (i, span) in spans.iter().enumerate().filter(|(_, span)| span.contains(&position)) {
            let (left, right) = (position - span.start, span.end - 1 - position);
            let score = left.min(right) as f64 + 0.01 * span.len() as f64;
            if best.is_none_or(|(known, _)| score > known) {
                best = Some((score, i));
            }
        }
        best.unwrap().1
    };
    let owners = (0..tokens).map(owner).collect();
    (spans, owners)
}

/// How many spans of up to `longest` tokens the authors lose; ours are all found, in a window that holds them.
fn check(tokens: usize, size: usize, stride: usize, longest: usize) -> usize {
    let (what, windows) = (format!("{tokens} {size} {stride}"), Windows::strided(tokens, size, stride));
    let (spans, owners) = authors(tokens, size, stride);
    assert_eq!(windows.ranges(), spans, "{what}");
    let mut lost = 0;
    for (start, owner) in owners.into_iter().enumerate() {
        assert_eq!(windows.most_context(&(start..start + 1)), Some(owner), "{what}: the window of most context");
        for end in start + 1..=tokens.min(start + longest) {
            let scored =
                windows.most_context(&(start..end)).unwrap_or_else(|| panic!("{what}: {start}..{end} is lost"));
            assert!(spans[scored].start <= start && end <= spans[scored].end, "{what}: {start}..{end} is cut");
            match end <= spans[owner].end {
                true => assert_eq!(scored, owner, "{what}: {start}..{end}"),
                false => lost += 1,
            }
        }
    }
    lost
}

/// [`Windows::most_text`] by its definition.
fn most_text(windows: &Windows, tokens: &Range<usize>) -> Option<usize> {
    let text = |window: &Range<usize>| {
        let inside = window.start <= tokens.start && tokens.end <= window.end;
        inside.then(|| (tokens.start - window.start).min(window.end - tokens.end))
    };
    let sizes = windows.ranges().iter().enumerate().filter_map(|(i, window)| text(window).map(|size| (size, i)));
    sizes.max_by_key(|(size, i)| (*size, std::cmp::Reverse(*i))).map(|(_, i)| i)
}

/// [`Windows::most_context`] by its definition.
fn most_context(windows: &Windows, tokens: &Range<usize>) -> Option<usize> {
    let context = |window: &Range<usize>| {
        let nearer_side = (tokens.start - window.start).min(window.end - 1 - tokens.start);
        nearer_side as f64 + 0.01 * window.len() as f64
    };
    let holding = windows.ranges().iter().enumerate();
    let holding = holding.filter(|(_, window)| window.start <= tokens.start && tokens.end <= window.end);
    holding.reduce(|best, next| if context(next.1) > context(best.1) { next } else { best }).map(|(i, _)| i)
}

#[test]
fn every_answer_of_a_long_context_is_scored_whole_at_the_defaults() {
    // 512 tokens less 4 special ones and questions of 0, 20 and 64 tokens.
    for size in [508, 488, 444] {
        assert_eq!(check(10_000, size, 128, 30), 0, "the authors' rule finds them too");
        // One token more than a whole number of steps: the authors lose every longer answer at the end.
        assert!(check(size + 10 * 128 + 1, size, 128, 30) > 0);
    }
}

#[test]
fn no_tokens_are_in_no_window() {
    assert_eq!(Windows::strided(0, 10, 3).ranges(), std::slice::from_ref(&(0..0)));
    assert_eq!(Windows::default().most_context(&(0..1)), None);
    assert_eq!(Windows::strided(0, 10, 3).most_text(&(0..1)), None);
}

proptest! {
    #[test]
    fn every_answer_is_scored_whole_at_any_stride_allowed(
        tokens in 1usize..300, size in 1usize..60, answer in 1usize..40, stride in 1usize..60,
    ) {
        let answer = answer.min(size);
        check(tokens, size, stride.min(size - answer + 1), answer);
    }

    /// The search finds what looking at every window finds.
    #[test]
    fn the_best_window_is_found(
        len in 1usize..300, size in 1usize..60, stride in 1usize..80, more in 0usize..300, start in 0usize..300, width in 1usize..70,
    ) {
        let mut windows = Windows::strided(len, size, stride);
        let place = more.min(len.saturating_sub(size));
        if len > size && windows.ranges().iter().all(|window| window.start != place) {
            windows.insert(place..place + size);
        }
        let tokens = start..start + width;
        prop_assert_eq!(windows.most_text(&tokens), most_text(&windows, &tokens));
        prop_assert_eq!(windows.hold(&tokens), most_text(&windows, &tokens).is_some());
        prop_assert_eq!(windows.most_context(&tokens), most_context(&windows, &tokens));
    }

    #[test]
    fn strided_windows_cover_every_token(len in 0usize..300, size in 1usize..60, stride in 1usize..80) {
        let windows = Windows::strided(len, size, stride);
        let windows = windows.ranges();
        prop_assert_eq!((windows[0].start, windows[windows.len() - 1].end), (0, len));
        for pair in windows.windows(2) {
            prop_assert!(pair[0].start < pair[1].start && pair[1].start <= pair[0].end);
            prop_assert_eq!(pair[0].len(), size);
        }
    }

    /// Every item is answered for once, by a window that shows all of it.
    #[test]
    fn every_item_once(
        len in 1usize..300,
        size in 1usize..60,
        overlap in 0usize..80,
        items in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..30),
    ) {
        let items: Vec<Range<usize>> = items.iter().map(|(start, width)| {
            let start = start.index(len);
            start..start + 1 + width.index(size.min(len - start))
        }).collect();
        let mut seen = vec![0; items.len()];
        for window in assign(len, size, overlap, &items) {
            prop_assert!(window.tokens.len() <= size && window.tokens.end <= len);
            for item in window.items {
                prop_assert!(window.tokens.start <= items[item].start && items[item].end <= window.tokens.end);
                seen[item] += 1;
            }
        }
        prop_assert!(seen.iter().all(|times| *times == 1));
    }
}
