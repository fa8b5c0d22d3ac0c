//! Texts of all scripts, as lists of pieces that repeat, so that a failing text is printed in one line.

use proptest::prelude::*;
use proptest::sample::select;

/// Pieces and how often each stands there.
#[derive(Clone, Debug)]
pub struct Text(Vec<(String, usize)>);

impl Text {
    pub fn get(&self) -> String {
        self.0.iter().map(|(piece, times)| piece.repeat(*times)).collect()
    }
}

/// Words of several scripts, special tokens of all tokenizers, and what sentences, words and characters are cut at.
const PIECES: [&str; 48] = [
    "Ana ",
    "Tokyo",
    " in ",
    "Los Angeles",
    "U.S. ",
    "He left. ",
    "don't",
    "3.14",
    "e\u{301}",
    "ẞß",
    "İi",
    "ﬀ",
    "東京",
    "한국",
    "ไทย",
    "القاهرة ",
    "שלום\u{200f}",
    "Ωμέγα",
    "\u{202e}evil\u{202c}",
    "👩\u{200d}👧",
    "🇯🇵🇩🇪",
    "❤\u{fe0f}",
    "𝔏𝔬𝔫",
    "\u{1F3FB}",
    "<mask>",
    "[MASK]",
    "</s>",
    "<s>",
    "<pad>",
    "[CLS]",
    "[UNK]",
    "<ent>",
    "<ent2>",
    "@highlight",
    "@placeholder",
    "##",
    "\u{2581}",
    "\u{0}",
    "\u{1c}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{feff}",
    "\u{fffd}",
    "\u{10ffff}",
    "\r\n",
    "\t",
    "\u{2028}",
];

/// What stands many times in a row: spaces, closing signs, digits, letters, marks, joiners, jamo, flags, ideographs,
/// emoji.
const RUNS: [&str; 22] = [
    " ",
    ")",
    "\"",
    ".",
    "?",
    "1",
    "a",
    "A",
    "aB ",
    "\u{301}",
    "\u{200d}",
    "\u{1100}",
    "\u{1F1E6}",
    "中",
    "👍\u{1F3FF}",
    "\n",
    "\u{3000}",
    "<mask>",
    "-",
    "'s",
    "\u{0}",
    "ø",
];

fn piece() -> impl Strategy<Value = (String, usize)> {
    prop_oneof![
        6 => select(&PIECES[..]).prop_map(|piece| (piece.to_owned(), 1)),
        2 => (any::<char>(), 1usize..3).prop_map(|(c, times)| (c.to_string(), times)),
        1 => "\\PC{1,6}".prop_map(|piece| (piece, 1)),
        1 => (select(&RUNS[..]), 2usize..300).prop_map(|(piece, times)| (piece.to_owned(), times)),
    ]
}

/// A text of up to some hundred characters.
pub fn text() -> impl Strategy<Value = Text> {
    prop::collection::vec(piece(), 0..12).prop_map(Text)
}

/// A text with a run of up to a few thousand; of spaces and closing signs after a sentence, more.
pub fn long_text() -> impl Strategy<Value = Text> {
    let run = prop_oneof![
        4 => (select(&RUNS[..]), 100usize..3000).prop_map(|(piece, times)| vec![(piece.to_owned(), times)]),
        1 => (select(vec![" ", ")", "1", "\u{301}"]), 2000usize..30_000)
            .prop_map(|(piece, times)| vec![("He left.".to_owned(), 1), (piece.to_owned(), times)]),
    ];
    let few = || prop::collection::vec(piece(), 0..4);
    (few(), run, few()).prop_map(|(before, run, after)| Text([before, run, after].concat()))
}
