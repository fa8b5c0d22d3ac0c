//! Named entities by span classification (Yamada et al. 2020, section 4.3): every run of words is a `[MASK]`
//! entity, classified from its first word, its last word and itself; then greedily, best first, the spans that
//! overlap nothing already taken.

mod likely;
mod scorer;
mod sentences;
mod types;

pub use types::{Entity, NerInput, NerOptions, NerResult, SentenceRule, Sentences, Words};

use std::collections::BTreeSet;
use std::ops::Range;

use super::passes::{Limits, Pass, TokenStream, part_size, passes};
use super::softmax;
use super::words::{joins_the_word_before, split_words, with_space, word_ranges};
use crate::error::{LukeError, Result};
use crate::heads::{Candidates, NerContext};
use crate::inputs::ModelInputs;
use crate::luke::Luke;
use crate::text::Offsets;
use crate::text::{EncodeOptions, InputForm, Spanned};
use likely::filter;
use scorer::{Candidate, Scorer};

impl Luke {
    /// Finds the entities of a text or a list of words, in the order they stand there.
    pub async fn ner(&self, input: &NerInput, options: &NerOptions) -> Result<NerResult> {
        let (_, head) = self.head("ner")?;
        options.check(&head.labels, self.config.max_seq_tokens())?;
        Ok(match input {
            NerInput::Text(text) => {
                let texts = self.ner_texts(std::slice::from_ref(text), options).await?;
                NerResult::One(texts.into_iter().next().unwrap_or_default())
            }
            NerInput::Texts(texts) => NerResult::Many(self.ner_texts(texts, options).await?),
            NerInput::Words(words) => NerResult::One(self.ner_words(words, options).await?),
        })
    }

    async fn ner_texts(&self, texts: &[String], options: &NerOptions) -> Result<Vec<Vec<Entity>>> {
        let mut scorer = Scorer::new(self);
        let mut words = Vec::with_capacity(texts.len());
        for text in texts {
            let own = split_words(text);
            scorer.start_text();
            self.score_text(&mut scorer, text, &own, options).await?;
            words.push(own);
        }
        let found = texts.iter().zip(words).zip(scorer.finish().await?);
        let entities = found.map(|((text, words), candidates)| {
            let offsets = Offsets::new(text, options.offsets);
            self.entities(greedy(candidates, words.len()), options, |range| {
                let (start, end) = (words[range.start].start, words[range.end - 1].end);
                (offsets.of_byte(start), offsets.of_byte(end), text[start..end].to_owned())
            })
        });
        entities.collect()
    }

    async fn score_text(
        &self,
        scorer: &mut Scorer<'_>,
        text: &str,
        words: &[Range<usize>],
        options: &NerOptions,
    ) -> Result<()> {
        let whole = options.sentences.as_ref().is_some_and(Sentences::is_none);
        let bounds: Vec<_> = match &options.sentences {
            Some(Sentences::Spans(spans)) => {
                let offsets = Offsets::new(text, options.offsets);
                spans.iter().map(|span| offsets.span("sentences", *span)).collect::<Result<_>>()?
            }
            _ if whole => std::iter::once(0..text.len()).collect(),
            _ => sentences::sentences(text),
        };
        let sentences = word_ranges(words, &bounds)?;
        let strings: Vec<&str> = words.iter().map(|word| &text[word.clone()]).collect();
        let keep = filter(self.candidates(options), &strings, &sentences);
        if whole && self.score_whole(scorer, text, words, &keep, options).await? {
            return Ok(());
        }
        let stream = self.stream_of_text(text, words, options)?;
        self.score_sentences(scorer, &stream, &sentences, &keep, options).await
    }

    async fn ner_words(&self, input: &Words, options: &NerOptions) -> Result<Vec<Entity>> {
        let n = input.words.len();
        if let Some(empty) = input.words.iter().position(String::is_empty) {
            return Err(LukeError::input("words", format!("word {empty} is empty")));
        }
        let sentences: Vec<Range<usize>> = match &input.sentences {
            Some(spans) => spans.iter().map(|[start, end]| *start..*end).collect(),
            None => std::iter::once(0..n).collect(),
        };
        let mut last = 0;
        for s in &sentences {
            if s.start < last || s.end < s.start || s.end > n {
                let reason = format!("[{}, {}] is out of order or beyond the {n} words", s.start, s.end);
                return Err(LukeError::input("sentences", reason));
            }
            last = s.end;
        }
        let encoder = self.input_builder(options.encode());
        let mut stream = TokenStream::default();
        for word in &input.words {
            let spaced = if joins_the_word_before(word) { word.clone() } else { with_space(word) };
            let start = stream.ids.len();
            stream.ids.extend(encoder.segment(&spaced)?);
            stream.words.push(start..stream.ids.len());
        }
        let strings: Vec<&str> = input.words.iter().map(String::as_str).collect();
        let keep = filter(self.candidates(options), &strings, &sentences);
        let mut scorer = Scorer::new(self);
        scorer.start_text();
        self.score_sentences(&mut scorer, &stream, &sentences, &keep, options).await?;
        let candidates = scorer.finish().await?.into_iter().next().unwrap_or_default();
        self.entities(greedy(candidates, n), options, |range| {
            (range.start, range.end, input.words[range.clone()].join(" "))
        })
    }

    /// Tokenises a text once, cut at every word's start and end.
    fn stream_of_text(&self, text: &str, words: &[Range<usize>], options: &NerOptions) -> Result<TokenStream> {
        let boundaries: BTreeSet<usize> = words.iter().flat_map(|word| [word.start, word.end]).collect();
        let (ids, positions) = self.input_builder(options.encode()).segments(text, &boundaries)?;
        let words = words.iter().map(|word| positions[&word.start]..positions[&word.end]).collect();
        Ok(TokenStream { ids, words })
    }

    async fn score_sentences(
        &self,
        scorer: &mut Scorer<'_>,
        stream: &TokenStream,
        sentences: &[Range<usize>],
        keep: &impl Fn(&Range<usize>) -> bool,
        options: &NerOptions,
    ) -> Result<()> {
        let limits = self.limits(options);
        for sentence in sentences {
            for pass in passes(stream, sentence.clone(), limits, keep) {
                scorer.add(self.inputs_of_pass(stream, &pass), pass.spans).await?;
            }
        }
        Ok(())
    }

    fn inputs_of_pass(&self, stream: &TokenStream, pass: &Pass) -> ModelInputs {
        let mut input_ids = self.tokenizer.before.clone();
        let shift = input_ids.len() as i32 - pass.tokens.start as i32;
        input_ids.extend(&stream.ids[pass.tokens.clone()]);
        input_ids.extend(&self.tokenizer.after);
        let mut inputs = ModelInputs { input_ids, ..Default::default() };
        for span in &pass.spans {
            let start = stream.words[span.start].start as i32 + shift;
            let end = stream.words[span.end - 1].end as i32 + shift;
            inputs.entity_ids.push(self.entity_vocab.mask);
            inputs.entity_position_ids.push((start..end).collect());
            inputs.entity_start_positions.push(start as u32);
            inputs.entity_end_positions.push(end as u32 - 1);
        }
        inputs
    }

    /// Hugging Face's form for raw text: spans are counted in the sub-words of bare words, and each part is
    /// tokenised at its own spans. False where the text is too long for that: it is windowed like a long sentence.
    async fn score_whole(
        &self,
        scorer: &mut Scorer<'_>,
        text: &str,
        words: &[Range<usize>],
        keep: &impl Fn(&Range<usize>) -> bool,
        options: &NerOptions,
    ) -> Result<bool> {
        let limits = self.limits(options);
        let encoder = self.input_builder(EncodeOptions { max_mention: usize::MAX, ..options.encode() });
        let mut sizes = Vec::with_capacity(words.len());
        for word in words {
            sizes.push(encoder.segment(&text[word.clone()])?.len());
        }
        if sizes.contains(&0) {
            return Ok(false);
        }
        let mut spans = Vec::new();
        for first in 0..words.len() {
            let mut room = limits.span_tokens;
            for (length, size) in sizes[first..].iter().enumerate() {
                let Some(left) = room.checked_sub(*size) else { break };
                room = left;
                spans.push(first..first + length + 1);
            }
        }
        spans.retain(keep);
        let mut parts = Vec::new();
        for part in spans.chunks(part_size(spans.len(), limits.spans)) {
            let bytes: Vec<_> = part.iter().map(|s| words[s.start].start..words[s.end - 1].end).collect();
            let inputs = encoder.encode(Spanned { text, spans: &bytes }, InputForm::EntitySpanClassification)?;
            let cut = inputs.entity_start_positions.iter().zip(&inputs.entity_end_positions).any(|(s, e)| s > e);
            if inputs.input_ids.len() > self.max_seq_tokens(options) || cut {
                return Ok(false);
            }
            parts.push((inputs, part.to_vec()));
        }
        for (inputs, part) in parts {
            scorer.add(inputs, part).await?;
        }
        Ok(true)
    }

    fn entities(
        &self,
        kept: Vec<Candidate>,
        options: &NerOptions,
        place: impl Fn(&Range<usize>) -> (usize, usize, String),
    ) -> Result<Vec<Entity>> {
        let (_, head) = self.head("ner")?;
        let mut entities = Vec::new();
        for candidate in kept {
            let scores = softmax(&candidate.logits);
            let label = &head.labels[candidate.label];
            let score = scores[candidate.label];
            let wanted = options.labels.as_ref().is_none_or(|labels| labels.contains(label));
            if wanted && options.threshold.is_none_or(|least| score >= least) {
                let (start, end, text) = place(&candidate.words);
                let all = || head.labels.iter().cloned().zip(scores.iter().copied()).collect();
                let scores = options.all_scores.then(all);
                let logit = candidate.logits[candidate.label];
                entities.push(Entity { start, end, text, label: label.clone(), score, logit, scores });
            }
        }
        Ok(entities)
    }

    fn max_seq_tokens(&self, options: &NerOptions) -> usize {
        options.max_seq_tokens.unwrap_or_else(|| self.config.max_seq_tokens())
    }

    fn candidates(&self, options: &NerOptions) -> Candidates {
        options.candidates.or(self.manifest.heads["ner"].candidates).unwrap_or_default()
    }

    fn limits(&self, options: &NerOptions) -> Limits {
        let spec = &self.manifest.heads["ner"];
        let context = options.context.or(spec.context).unwrap_or(NerContext::Sentence);
        let most = match (options.max_seq_tokens, context, spec.context_tokens) {
            (None, NerContext::Document, Some(tokens)) => tokens.min(self.config.max_seq_tokens()),
            _ => self.max_seq_tokens(options),
        };
        let special = self.tokenizer.before.len() + self.tokenizer.after.len();
        let tokens = most - special;
        let span_tokens = options.max_span_tokens.or(spec.max_span_tokens).unwrap_or(16).min(tokens);
        Limits { tokens, span_tokens, spans: options.max_entities_per_pass.unwrap_or(Some(128)), context }
    }
}

/// Takes candidates by raw logit, best first (equal ones in their order), where no word is taken; gives them
/// in the order of the text.
fn greedy(mut candidates: Vec<Candidate>, words: usize) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.logits[b.label].total_cmp(&a.logits[a.label]));
    let mut taken = vec![false; words];
    candidates.retain(|candidate| {
        let free = !taken[candidate.words.clone()].contains(&true);
        if free {
            taken[candidate.words.clone()].fill(true);
        }
        free
    });
    candidates.sort_by_key(|candidate| candidate.words.start);
    candidates
}
