//! Entity titles and the rows of the entity table they stand for: half a million of them, looked up both ways.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::slow::{Lookup, json_file};
use super::sorted_strings::SortedStrings;
use super::transducer;
use crate::error::{LukeError, Result, json_reason};
use crate::file_start;

/// First bytes of an index file.
const MAGIC: &[u8; 8] = b"LUKE-EV1";

/// Entity titles by row of the entity table, and the four special ones.
///
/// As a file: `LUKE-EV1`, the number of titles (u32), the row of each title in the order of the titles' bytes (u32), and
/// a finite-state transducer (crate `fst`) whose keys are the titles; little-endian. In memory: a sorted table.
pub struct EntityVocab {
    titles: SortedStrings,
    /// Row by the title's place.
    rows: Vec<u32>,
    /// Places in the order of their rows, made when first asked for; of those that share a row, the one to show first.
    by_row: OnceLock<Vec<u32>>,
    /// `[MASK]`
    pub mask: u32,
    /// `[UNK]`
    pub unk: u32,
    /// `[PAD]`
    pub pad: u32,
    /// `[MASK2]`, which the oldest checkpoints lack.
    pub mask2: Option<u32>,
}

/// The entity vocabulary of a checkpoint as JSON: its `entity_vocab.json`, or what transformers 5 writes into
/// `tokenizer_config.json` instead.
///
/// # Errors
/// `format` where it is in neither, and those of `files`.
pub fn entity_vocab_json(files: Lookup) -> Result<Vec<u8>> {
    #[derive(Deserialize)]
    struct Config {
        entity_vocab: Option<BTreeMap<String, u32>>,
    }
    const FILE: &str = "entity_vocab.json";
    if let Some(bytes) = files(FILE)? {
        file_start::check(FILE, &bytes)?;
        return Ok(bytes);
    }
    let config: Option<Config> = json_file(files, "tokenizer_config.json")?;
    let missing = || LukeError::format(FILE, "is not in the checkpoint, and tokenizer_config.json has no entity_vocab");
    let titles = config.and_then(|config| config.entity_vocab).ok_or_else(missing)?;
    serde_json::to_vec(&titles).map_err(|error| LukeError::format(FILE, error.to_string()))
}

impl EntityVocab {
    /// Reads an index, or Hugging Face's `entity_vocab.json` (title to row). Every row must be below `rows`.
    ///
    /// # Errors
    /// `format` where the bytes are neither, a row is not below `rows`, or `[MASK]`, `[UNK]` or `[PAD]` is missing.
    pub fn from_bytes(bytes: &[u8], rows: usize) -> Result<Self> {
        let Some(index) = bytes.strip_prefix(MAGIC) else {
            let bytes = file_start::check("entity_vocab", bytes)?;
            let entries: BTreeMap<String, u32> =
                serde_json::from_slice(bytes).map_err(|error| bad(json_reason(&error)))?;
            let mut titles = SortedStrings::with_capacity(entries.len());
            if !entries.keys().all(|title| titles.push(title).is_some()) {
                return Err(bad("has more than 4 GB of titles".into()));
            }
            return Self::new(titles, entries.into_values().collect(), rows);
        };
        let cut = || bad("is cut short".into());
        let (count, rest) = index.split_first_chunk::<4>().ok_or_else(cut)?;
        let count = usize::try_from(u32::from_le_bytes(*count)).map_err(|_| cut())?;
        let (rows_of_titles, titles) = rest.split_at_checked(count.saturating_mul(4)).ok_or_else(cut)?;
        let titles = transducer::keys(titles, count).map_err(|reason| bad(format!("the index of titles {reason}")))?;
        let (rows_of_titles, _) = rows_of_titles.as_chunks::<4>();
        Self::new(titles, rows_of_titles.iter().map(|row| u32::from_le_bytes(*row)).collect(), rows)
    }

    /// The index file of these titles.
    ///
    /// # Errors
    /// `format` where there are more than 2^32 titles.
    #[cfg(any(test, feature = "cli"))]
    pub fn index_bytes(titles: &BTreeMap<String, u32>) -> Result<Vec<u8>> {
        let count = u32::try_from(titles.len()).map_err(|_| bad("has more than 2^32 titles".into()))?;
        let places = fst::Map::from_iter(titles.keys().zip(0..)).map_err(|error| bad(error.to_string()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(count.to_le_bytes());
        bytes.extend(titles.values().flat_map(|row| row.to_le_bytes()));
        bytes.extend(places.as_fst().as_bytes());
        Ok(bytes)
    }

    fn new(titles: SortedStrings, rows: Vec<u32>, rows_of_table: usize) -> Result<Self> {
        if let Some((place, row)) = rows.iter().enumerate().find(|(_, row)| **row as usize >= rows_of_table) {
            let title = titles.get(place);
            return Err(bad(format!("'{title}' is row {row}, the entity table has {rows_of_table}")));
        }
        let row = |title: &str| titles.find(title).and_then(|place| rows.get(place).copied());
        let special = |title: &str| row(title).ok_or_else(|| bad(format!("has no {title}")));
        let (mask, unk, pad) = (special("[MASK]")?, special("[UNK]")?, special("[PAD]")?);
        let mask2 = row("[MASK2]");
        Ok(Self { titles, rows, by_row: OnceLock::new(), mask, unk, pad, mask2 })
    }

    /// The row of a title; titles are exact and case-sensitive.
    pub fn row(&self, title: &str) -> Option<u32> {
        self.titles.find(title).and_then(|place| self.rows.get(place).copied())
    }

    /// The title of a row. Where several titles share one (mLUKE: the same entity in other languages), the English
    /// one (`en:`) or else the first in order.
    pub fn title(&self, row: u32) -> Option<String> {
        let by_row = self.by_row.get_or_init(|| self.places_by_row());
        let row_of = |place: u32| self.rows.get(place as usize).copied();
        let first = by_row.partition_point(|place| row_of(*place) < Some(row));
        let place = by_row.get(first).filter(|place| row_of(**place) == Some(row))?;
        Some(self.titles.get(*place as usize).to_owned())
    }

    /// How many titles there are.
    pub fn titles(&self) -> usize {
        self.rows.len()
    }

    fn places_by_row(&self) -> Vec<u32> {
        let mut places: Vec<u32> = (0..).take(self.rows.len()).collect();
        let row = |place: &u32| self.rows.get(*place as usize);
        // The last of several English titles comes first.
        let rank = |place: &u32| {
            let is_english = self.titles.get(*place as usize).starts_with("en:");
            let english = is_english.then_some(Reverse(*place));
            (english.is_none(), english, *place)
        };
        places.sort_unstable_by(|a, b| row(a).cmp(&row(b)).then_with(|| rank(a).cmp(&rank(b))));
        places
    }
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
            let index = EntityVocab::index_bytes(&titles).unwrap();
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
            let index = EntityVocab::index_bytes(&titles).unwrap();
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
        let vocab = EntityVocab::from_bytes(&EntityVocab::index_bytes(&titles).unwrap(), 5).unwrap();
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
