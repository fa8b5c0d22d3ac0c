//! Entity titles and the rows of the entity table they stand for: half a million of them, looked up both ways
//! in an index that is used as it is stored.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use fst::Map;

use crate::error::{LukeError, Result};

/// First bytes of an index file.
const MAGIC: &[u8; 8] = b"LUKE-EV1";

/// Entity titles by row of the entity table, and the four special ones.
///
/// The titles are in a finite-state transducer (crate `fst`) that gives each its place in sorted order; a list gives
/// the row of each place. As a file: `LUKE-EV1`, the number of titles (u32), the row of each place (u32), the
/// transducer; little-endian.
pub struct EntityVocab {
    places: Map<Vec<u8>>,
    /// Row by place.
    rows: Vec<u32>,
    /// Place by row, made when first asked for; `u32::MAX` where a row has no title.
    places_by_row: OnceLock<Vec<u32>>,
    /// `[MASK]`
    pub mask: u32,
    /// `[UNK]`
    pub unk: u32,
    /// `[PAD]`
    pub pad: u32,
    /// `[MASK2]`, which the oldest checkpoints lack.
    pub mask2: Option<u32>,
}

impl EntityVocab {
    /// Reads an index, or Hugging Face's `entity_vocab.json` (title to row). Every row must be below `rows`.
    pub fn from_bytes(bytes: &[u8], rows: usize) -> Result<Self> {
        match bytes.strip_prefix(MAGIC) {
            Some(index) => Self::from_index(index, rows),
            None => {
                let titles: BTreeMap<String, u32> =
                    serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
                Self::from_index(&Self::index_bytes(titles)?[MAGIC.len()..], rows)
            }
        }
    }

    /// The index file of these titles.
    pub fn index_bytes(titles: BTreeMap<String, u32>) -> Result<Vec<u8>> {
        let broken = |error: fst::Error| bad(error.to_string());
        let places = titles.keys().enumerate().map(|(place, title)| (title, place as u64));
        let places = Map::from_iter(places).map_err(broken)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend((titles.len() as u32).to_le_bytes());
        bytes.extend(titles.values().flat_map(|row| row.to_le_bytes()));
        bytes.extend(places.as_fst().as_bytes());
        Ok(bytes)
    }

    fn from_index(index: &[u8], rows_of_table: usize) -> Result<Self> {
        let cut = || bad("is cut short".into());
        let (count, rest) = index.split_first_chunk::<4>().ok_or_else(cut)?;
        let count = u32::from_le_bytes(*count) as usize;
        let (rows, places) = rest.split_at_checked(count.saturating_mul(4)).ok_or_else(cut)?;
        let rows: Vec<u32> = rows.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let broken = |error: fst::Error| bad(error.to_string());
        let places = Map::new(places.to_vec()).map_err(broken)?;
        // A file with a checksum that holds cannot lead the transducer astray.
        places.as_fst().verify().map_err(broken)?;
        if places.len() != count {
            return Err(bad(format!("has {} titles and {count} rows", places.len())));
        }
        if let Some(place) = rows.iter().position(|row| *row as usize >= rows_of_table) {
            let (row, title) = (rows[place], title_at(&places, place).unwrap_or_default());
            return Err(bad(format!("'{title}' is row {row}, the entity table has {rows_of_table}")));
        }
        let row = |title: &str| places.get(title).and_then(|place| rows.get(place as usize).copied());
        let special = |title: &str| row(title).ok_or_else(|| bad(format!("has no {title}")));
        let (mask, unk, pad) = (special("[MASK]")?, special("[UNK]")?, special("[PAD]")?);
        let mask2 = row("[MASK2]");
        Ok(Self { mask, unk, pad, mask2, places, rows, places_by_row: OnceLock::new() })
    }

    /// The row of a title; titles are exact and case-sensitive.
    pub fn row(&self, title: &str) -> Option<u32> {
        self.places.get(title).and_then(|place| self.rows.get(place as usize).copied())
    }

    /// The title of a row. Where several titles share one (mLUKE: the same entity in other languages), the English
    /// one (`en:`) or else the first in order.
    pub fn title(&self, row: u32) -> Option<String> {
        let places_by_row = self.places_by_row.get_or_init(|| self.places_by_row());
        let place = places_by_row.get(row as usize).filter(|place| **place != u32::MAX)?;
        title_at(&self.places, *place as usize)
    }

    /// How many titles there are.
    pub fn titles(&self) -> usize {
        self.rows.len()
    }

    fn places_by_row(&self) -> Vec<u32> {
        let rows = self.rows.iter().max().map_or(0, |last| *last as usize + 1);
        let mut places = vec![u32::MAX; rows];
        for (place, row) in self.rows.iter().enumerate().rev() {
            places[*row as usize] = place as u32;
        }
        let shared = self.rows.len() > places.iter().filter(|place| **place != u32::MAX).count();
        if shared {
            use fst::{IntoStreamer, Streamer};
            let mut english = self.places.range().ge("en:").lt("en;").into_stream();
            while let Some((_, place)) = english.next() {
                if let Some(row) = self.rows.get(place as usize) {
                    places[*row as usize] = place as u32;
                }
            }
        }
        places
    }
}

fn title_at(places: &Map<Vec<u8>>, place: usize) -> Option<String> {
    String::from_utf8(places.as_fst().get_key(place as u64)?).ok()
}

fn bad(reason: String) -> LukeError {
    LukeError::format("entity_vocab", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with_special(titles: impl IntoIterator<Item = (String, u32)>) -> BTreeMap<String, u32> {
        let special = [("[MASK]", 0), ("[UNK]", 1), ("[PAD]", 2)].map(|(title, row)| (title.to_owned(), row));
        special.into_iter().chain(titles).collect()
    }

    proptest! {
        #[test]
        fn titles_and_rows_find_each_other(titles in prop::collection::btree_set(".{0,12}", 0..60)) {
            let titles = with_special(titles.into_iter().zip(3..));
            let json = serde_json::to_vec(&titles).unwrap();
            let index = EntityVocab::index_bytes(titles.clone()).unwrap();
            for bytes in [json, index] {
                let vocab = EntityVocab::from_bytes(&bytes, 100).unwrap();
                for (title, row) in &titles {
                    prop_assert_eq!(vocab.row(title), Some(*row));
                    prop_assert_eq!(vocab.title(*row), Some(title.clone()));
                }
                prop_assert_eq!(vocab.titles(), titles.len());
                prop_assert_eq!(vocab.row("\u{10FFFF} none"), None);
                prop_assert_eq!(vocab.title(99), None);
            }
        }

        #[test]
        fn bytes_that_are_no_index_are_refused(cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>()) {
            let titles = with_special((3..40).map(|row| (format!("Title {row}"), row)));
            let index = EntityVocab::index_bytes(titles).unwrap();
            prop_assert!(EntityVocab::from_bytes(&index[..cut.index(index.len())], 40).is_err());
            let mut flipped = index.clone();
            let at = MAGIC.len() + 4 + 40 * 4;
            let at = at + flip.index(index.len() - at);
            flipped[at] ^= 1;
            prop_assert!(EntityVocab::from_bytes(&flipped, 40).is_err());
        }
    }

    #[test]
    fn a_row_with_titles_in_several_languages_is_named_in_english() {
        let titles = [("ar:Tokyo", 3), ("en:Tokyo", 3), ("ja:Tokyo", 3), ("de:Bonn", 4), ("fr:Bonn", 4)];
        let titles = with_special(titles.map(|(title, row)| (title.to_owned(), row)));
        let vocab = EntityVocab::from_bytes(&EntityVocab::index_bytes(titles).unwrap(), 5).unwrap();
        assert_eq!(vocab.title(3).as_deref(), Some("en:Tokyo"));
        assert_eq!(vocab.title(4).as_deref(), Some("de:Bonn"));
        assert_eq!(["ar:Tokyo", "ja:Tokyo"].map(|title| vocab.row(title)), [Some(3), Some(3)]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |json: &str| EntityVocab::from_bytes(json.as_bytes(), 3).err().unwrap().to_string();
        assert!(error(r#"{"[MASK]":0,"[UNK]":1}"#).contains("[PAD]"));
        assert!(error(r#"{"[MASK]":0,"[UNK]":1,"[PAD]":2,"Tokyo":3}"#).contains("'Tokyo' is row 3"));
        assert!(error("[]").contains("entity_vocab"));
    }
}
