//! Entity links: where the mentions of a dictionary stand among tokens (`_detect_mentions` of studio-ousia/luke,
//! `examples/legacy/reading_comprehension/utils/feature.py`: greedy, longest first, from the start of a word to the end
//! of one).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::Result;
use crate::luke::Turns;
use crate::text::{Token, Tokenizer, is_python_space};

/// Most tokens of a mention.
const MAX_MENTION: usize = 30;

/// Titles by mention.
#[derive(Clone, Debug, Default)]
pub struct MentionDictionary {
    /// Entity rows by mention; none where the title is unknown, which still keeps shorter mentions from its place.
    rows: BTreeMap<String, Option<u32>>,
    /// The mentions with final sigmas made plain: whether Greek has one depends on what follows.
    folded: BTreeSet<String>,
}

/// A run of tokens that a dictionary knows, and its row of the entity table.
pub type FoundMention = (Range<usize>, Option<u32>);

/// All mentions among tokens, overlapping ones too.
#[derive(Clone, Debug, Default)]
pub struct FoundMentions {
    /// By start, the longest first.
    found: Vec<FoundMention>,
    /// Whether each token continues a word.
    continues: Vec<bool>,
}

impl MentionDictionary {
    /// From mentions and titles; `row` knows the entity vocabulary. Mentions of white space alone, and mentions that
    /// are the same in lower case and have different titles, are left out.
    ///
    /// # Errors
    /// Those of [`Turns::after`]: `aborted` as a rule.
    pub async fn new(
        entities: &BTreeMap<String, String>,
        row: impl Fn(&str) -> Option<u32>,
        turns: &mut Turns<'_>,
    ) -> Result<Self> {
        let mut titles: BTreeMap<String, Option<&str>> = BTreeMap::new();
        for (mention, title) in entities {
            match titles.entry(normalized(mention)) {
                Entry::Vacant(place) => drop(place.insert(Some(title))),
                Entry::Occupied(mut place) if *place.get() != Some(title) => drop(place.insert(None)),
                Entry::Occupied(_) => {}
            }
            turns.after(mention.len()).await?;
        }
        let mut dictionary = Self::default();
        for (mention, title) in titles {
            if let Some(title) = title.filter(|_| !mention.is_empty()) {
                dictionary.folded.insert(folded(&mention));
                dictionary.rows.insert(mention, row(title));
            }
            turns.after(0).await?;
        }
        Ok(dictionary)
    }

    /// Finds every mention of up to 30 tokens that begins where a word does. It may end inside a word, and mentions may
    /// overlap: [`FoundMentions::within`] chooses among them.
    ///
    /// # Errors
    /// `format` of [`Tokenizer::decode`], and those of [`Turns::after`]: `aborted` as a rule.
    pub async fn find(&self, tokens: &[Token], tokenizer: &Tokenizer, turns: &mut Turns<'_>) -> Result<FoundMentions> {
        if self.rows.is_empty() {
            return Ok(FoundMentions::default());
        }
        let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
        let continues = turns.collect(ids.iter().map(|id| tokenizer.continues_word(*id))).await?;
        let mut found = Vec::new();
        for start in (0..tokens.len()).filter(|start| !continues[*start]) {
            let mut here = Vec::new();
            for end in start + 1..=tokens.len().min(start + MAX_MENTION) {
                let text = normalized(&tokenizer.decode(&ids[start..end])?);
                if let Some(row) = self.rows.get(&text) {
                    here.push((start..end, *row));
                }
                turns.after(0).await?;
                if !self.begins_mention(&text) {
                    break;
                }
            }
            found.extend(here.into_iter().rev());
        }
        Ok(FoundMentions { found, continues })
    }

    /// Whether some mention begins with `text`, whose last character may not be whole yet.
    fn begins_mention(&self, text: &str) -> bool {
        let start = folded(text.trim_end_matches(|c| c == '\u{fffd}' || is_python_space(c)));
        self.folded.range(start.clone()..).next().is_some_and(|mention| mention.starts_with(&start))
    }
}

impl FoundMentions {
    /// The mentions to link in a window of tokens: each start takes the longest that ends with a word (or with the window, as in
    /// the authors' code) and goes on behind it. Those of unknown titles are left out after that.
    pub fn within(&self, window: &Range<usize>) -> Vec<(Range<usize>, u32)> {
        let first = self.found.partition_point(|(mention, _)| mention.start < window.start);
        let (mut linked, mut free) = (Vec::new(), window.start);
        for (mention, row) in self.found[first..].iter().take_while(|(mention, _)| mention.start < window.end) {
            let inside = free <= mention.start && mention.end <= window.end;
            if inside && (mention.end == window.end || !self.continues[mention.end]) {
                free = mention.end;
                linked.extend(row.map(|row| (mention.clone(), row)));
            }
        }
        linked
    }
}

fn normalized(mention: &str) -> String {
    mention.to_lowercase().trim_matches(is_python_space).to_owned()
}

fn folded(mention: &str) -> String {
    mention.replace('ς', "σ")
}
