//! The part of `ner` before the model: splits a text into words, sentences and tokens, and makes passes of them.

use std::borrow::Cow;
use std::ops::Range;

use super::abbreviations::sentence_ends;
use super::capitals::{are_capitals, lower};
use super::likely::SpanFilter;
use super::lines::join_lines;
use super::passes::{Limits, Pass, TokenStream, part_size, passes, word_windows};
use super::sentences::{PIECE, unicode_ends};
use super::types::{NerOptions, SentenceRule, Sentences, Words};
use crate::error::{LukeError, Result};
use crate::heads::{Capitals, HeadKind, HeadSpec, NerContext};
use crate::inputs::{MAX_ENTITY_POSITIONS, ModelInputs};
use crate::luke::{Luke, Turns};
use crate::tasks::limits;
use crate::tasks::words::{joins_the_word_before, split_words, with_space, word_ranges};
use crate::text::{EncodeOptions, InputForm, Offsets, Spanned, Tokenized};

/// The inputs of a forward pass, and the words of each of its entities.
pub type NerPass = (ModelInputs, Vec<Range<usize>>);

/// Words that are read without entities.
pub struct WordWindow {
    /// What the model reads.
    pub inputs: ModelInputs,
    /// The words, by their numbers in the document, each with the places of its tokens in `inputs`: one at least.
    pub words: Vec<(usize, Range<usize>)>,
}

/// Reads texts for one call.
pub struct Reader<'a> {
    pub(super) luke: &'a Luke,
    pub(super) head: &'a HeadSpec,
    pub(super) options: &'a NerOptions,
    limits: Limits,
    /// Whether no spans are asked of the model; then a text that is one sentence is tokenized like any other.
    words_alone: bool,
}

/// A text or a list of words, as tokens.
pub struct Document {
    /// The bytes of each word in a text; of a list of words there are none.
    pub words: Vec<Range<usize>>,
    stream: TokenStream,
    /// Word ranges.
    pub sentences: Vec<Range<usize>>,
    filter: SpanFilter,
    /// The passes of a text that is one sentence, if the model can read it whole.
    whole: Option<Vec<NerPass>>,
}

impl<'a> Reader<'a> {
    /// Makes a reader for one call, and checks the options of the call.
    ///
    /// # Errors
    /// - `task-unavailable` if the model has no head `ner`
    /// - `input` if an option is out of its range, or names a label that the head does not have
    pub fn new(luke: &'a Luke, options: &'a NerOptions) -> Result<Self> {
        let (_, head) = luke.head(HeadKind::Ner)?;
        Self::with_head(luke, head, options)
    }

    /// As [`new`](Self::new), for a head that is not the model's and reads words alone.
    ///
    /// # Errors
    /// `input` as [`new`](Self::new)
    pub fn of_words(luke: &'a Luke, head: &'a HeadSpec, options: &'a NerOptions) -> Result<Self> {
        Ok(Self { words_alone: true, ..Self::with_head(luke, head, options)? })
    }

    fn with_head(luke: &'a Luke, head: &'a HeadSpec, options: &'a NerOptions) -> Result<Self> {
        options.check(&head.labels, luke.config.max_seq_tokens())?;
        let context = options.context.or(head.context).unwrap_or(NerContext::Sentence);
        let model = luke.config.max_seq_tokens();
        let seq_tokens = match (options.max_seq_tokens, context, head.context_tokens) {
            (None, NerContext::Document, Some(tokens)) => tokens.min(model),
            _ => options.max_seq_tokens.unwrap_or(model),
        };
        let tokens = seq_tokens.saturating_sub(luke.tokenizer.before.len() + luke.tokenizer.after.len());
        let span_tokens = options.max_span_tokens.or(head.max_span_tokens).unwrap_or(16).min(tokens);
        let spans = options.max_entities_per_pass.unwrap_or(Some(128)).unwrap_or(*limits::ENTITIES_PER_PASS.end());
        // An input of the model holds so many entities, and so many of their positions.
        let spans = spans.min(MAX_ENTITY_POSITIONS / span_tokens.max(1)).max(1);
        let limits = Limits { tokens, span_tokens, spans, context };
        Ok(Self { luke, head, options, limits, words_alone: false })
    }

    /// How many numbers a state of the model has.
    pub fn hidden(&self) -> usize {
        self.luke.config.hidden_size
    }

    /// Pauses for work on a text.
    pub(crate) fn turns(&self) -> Turns<'_> {
        self.luke.turns()
    }

    /// Reads a text.
    ///
    /// # Errors
    /// `input` for sentences that do not fit the text; what the model's source fails with at a pause.
    pub async fn text(&self, text: &str) -> Result<Document> {
        let turns = &mut self.luke.turns();
        let joined = match &self.options.sentences {
            None | Some(Sentences::Rule(SentenceRule::Auto)) => join_lines(text),
            _ => Cow::Borrowed(text),
        };
        let text: &str = &joined;
        let words = turns.collect(split_words(text)).await?;
        let bounds = self.bounds(text, turns).await?;
        let sentences = turns.collect(word_ranges(&words, bounds.into_iter())).await?;
        let sentences = sentences.into_iter().collect::<Result<Vec<_>>>()?;
        let strings: Vec<&str> = words.iter().map(|word| &text[word.clone()]).collect();
        let filter = self.filter(&strings, &sentences, turns).await?;
        let read = self.without_capitals(text, &words, &sentences, turns).await?;
        let whole = match &self.options.sentences {
            Some(rule) if rule.is_none() && !self.words_alone => self.whole_text(&read, &words, &filter, turns).await?,
            _ => None,
        };
        let stream = match whole {
            None => self.stream_of_text(&read, &words, turns).await?,
            Some(_) => TokenStream::default(),
        };
        Ok(Document { words, stream, sentences, filter, whole })
    }

    /// The text as the model reads it: sentences in capitals in small letters, if the model wants them so. Every word is where it was.
    async fn without_capitals<'t>(
        &self,
        text: &'t str,
        words: &[Range<usize>],
        sentences: &[Range<usize>],
        turns: &mut Turns<'_>,
    ) -> Result<Cow<'t, str>> {
        let (mut read, mut copied) = (String::new(), 0);
        for sentence in self.lowered(sentences) {
            let words = &words[sentence.clone()];
            if let (Some(first), Some(last)) = (words.first(), words.last())
                && are_capitals(words.iter().map(|word| &text[word.clone()]))
            {
                read.push_str(&text[copied..first.start]);
                read.push_str(&lower(&text[first.start..last.end]));
                copied = last.end;
            }
            turns.after(words.len()).await?;
        }
        if copied == 0 {
            return Ok(Cow::Borrowed(text));
        }
        read.push_str(&text[copied..]);
        Ok(Cow::Owned(read))
    }

    /// The sentences that are read in small letters if they are in capitals.
    fn lowered<'s>(&self, sentences: &'s [Range<usize>]) -> &'s [Range<usize>] {
        match self.options.capitals.or(self.head.capitals).unwrap_or_default() {
            Capitals::Lower => sentences,
            Capitals::Keep => &[],
        }
    }

    /// The sentences of a text in bytes.
    async fn bounds(&self, text: &str, turns: &mut Turns<'_>) -> Result<Vec<Range<usize>>> {
        match &self.options.sentences {
            Some(Sentences::Spans(spans)) => {
                let offsets = Offsets::new(text, self.options.offsets);
                let bytes = spans.iter().map(|span| offsets.span("sentences", *span));
                turns.collect(bytes).await?.into_iter().collect()
            }
            Some(rule) if rule.is_none() => Ok(std::iter::once(0..text.len()).collect()),
            rule => {
                let (mut sentences, mut start) = (Vec::new(), 0);
                let ends: Box<dyn Iterator<Item = Vec<usize>>> = match rule {
                    Some(Sentences::Rule(SentenceRule::Unicode)) => Box::new(unicode_ends(text)),
                    _ => Box::new(sentence_ends(text)),
                };
                for ends in ends {
                    for end in ends {
                        sentences.push(start..end);
                        start = end;
                    }
                    turns.after(PIECE).await?;
                }
                Ok(sentences)
            }
        }
    }

    /// Reads a list of words.
    ///
    /// # Errors
    /// `input` for an empty word, and for sentences that are out of order or end behind the last word; what the model's source
    /// fails with at a pause.
    pub async fn words(&self, input: &Words) -> Result<Document> {
        let n = input.words.len();
        if let Some(empty) = input.words.iter().position(String::is_empty) {
            return Err(LukeError::input("words", format!("word {empty} is empty")));
        }
        let sentences: Vec<Range<usize>> = match &input.sentences {
            Some(spans) => spans.iter().map(|[start, end]| *start..*end).collect(),
            None => std::iter::once(0..n).collect(),
        };
        let mut last = 0;
        for sentence in &sentences {
            if sentence.start < last || sentence.end < sentence.start || sentence.end > n {
                let reason = format!("[{}, {}] is out of order or beyond the {n} words", sentence.start, sentence.end);
                return Err(LukeError::input("sentences", reason));
            }
            last = sentence.end;
        }
        let (builder, turns) = (self.luke.input_builder(self.options.encode()), &mut self.luke.turns());
        let mut stream = TokenStream::default();
        let mut capitals = vec![false; n];
        for sentence in self.lowered(&sentences) {
            if are_capitals(input.words[sentence.clone()].iter().map(String::as_str)) {
                capitals[sentence.clone()].fill(true);
            }
            turns.after(sentence.len()).await?;
        }
        for (word, is_capital) in input.words.iter().zip(capitals) {
            let read = if is_capital { Cow::Owned(lower(word)) } else { Cow::Borrowed(word) };
            let spaced = if joins_the_word_before(&read) { read.into_owned() } else { with_space(&read) };
            let start = stream.tokens.len();
            stream.tokens.extend(turns.tokenize(builder.tokenizing(Spanned::plain(&spaced))).await?.tokens);
            stream.words.push(start..stream.tokens.len());
        }
        let strings: Vec<&str> = input.words.iter().map(String::as_str).collect();
        let filter = self.filter(&strings, &sentences, turns).await?;
        Ok(Document { words: Vec::new(), stream, sentences, filter, whole: None })
    }

    /// The forward passes of a document, in the order of its text. The iterator makes them one by one, so they are
    /// never all in memory. Only those of a text that is read as one sentence were made before.
    pub fn passes<'b>(&'b self, document: &'b Document) -> Box<dyn Iterator<Item = NerPass> + 'b> {
        if let Some(whole) = &document.whole {
            return Box::new(whole.iter().cloned());
        }
        let of_sentence = |sentence: &Range<usize>| {
            passes(&document.stream, sentence.clone(), self.limits, |span| document.filter.keeps(span))
        };
        let inputs = |pass: Pass| (self.inputs(&document.stream, &pass), pass.spans);
        Box::new(document.sentences.iter().flat_map(of_sentence).map(inputs))
    }

    /// The windows in which the words of a sentence are read without entities.
    pub fn word_windows(&self, document: &Document, sentence: Range<usize>) -> Vec<WordWindow> {
        let before = self.luke.tokenizer.before.len();
        let window = |(tokens, words): (Range<usize>, Vec<usize>)| {
            let place = |word: usize| {
                let own = &document.stream.words[word];
                (word, before + own.start - tokens.start..before + own.end - tokens.start)
            };
            let words = words.into_iter().map(place).collect();
            WordWindow { inputs: self.inputs(&document.stream, &Pass { tokens, spans: Vec::new() }), words }
        };
        word_windows(&document.stream, sentence, self.limits).into_iter().map(window).collect()
    }

    async fn filter(&self, words: &[&str], sentences: &[Range<usize>], turns: &mut Turns<'_>) -> Result<SpanFilter> {
        let candidates = self.options.candidates.or(self.head.candidates).unwrap_or_default();
        SpanFilter::new(candidates, words, sentences, turns).await
    }

    /// Tokenizes a text once, cut at every word's start and end.
    async fn stream_of_text(&self, text: &str, words: &[Range<usize>], turns: &mut Turns<'_>) -> Result<TokenStream> {
        let builder = self.luke.input_builder(self.options.encode());
        let Tokenized { tokens, spans } = turns.tokenize(builder.tokenizing(Spanned { text, spans: words })).await?;
        Ok(TokenStream { tokens, words: spans })
    }

    fn inputs(&self, stream: &TokenStream, pass: &Pass) -> ModelInputs {
        let tokenizer = &self.luke.tokenizer;
        let shift = tokenizer.before.len() as i32 - pass.tokens.start as i32;
        let mut inputs = tokenizer.inputs(&[&tokenizer.before, &stream.tokens[pass.tokens.clone()], &tokenizer.after]);
        for span in &pass.spans {
            let tokens = stream.tokens_of(span);
            let (start, end) = (tokens.start as i32 + shift, tokens.end as i32 + shift);
            inputs.entity_ids.push(self.luke.entity_vocab.mask);
            inputs.entity_position_ids.push((start..end).collect());
            inputs.entity_start_positions.push(start as u32);
            inputs.entity_end_positions.push(end as u32 - 1);
        }
        inputs
    }

    /// Hugging Face's form for raw text: spans are counted in the tokens of bare words, and each part is tokenized at its
    /// own spans. `None` where the text is too long for that: it is then read in windows, like a long sentence.
    async fn whole_text(
        &self,
        text: &str,
        words: &[Range<usize>],
        filter: &SpanFilter,
        turns: &mut Turns<'_>,
    ) -> Result<Option<Vec<NerPass>>> {
        let builder = self.luke.input_builder(EncodeOptions { max_mention: usize::MAX, ..self.options.encode() });
        let mut sizes = Vec::with_capacity(words.len());
        for word in words {
            sizes.push(turns.tokenize(builder.tokenizing(Spanned::plain(&text[word.clone()]))).await?.tokens.len());
        }
        if sizes.contains(&0) {
            return Ok(None);
        }
        let runs = |first: usize| {
            let mut left = self.limits.span_tokens;
            let fits = move |size: &&usize| left.checked_sub(**size).map(|rest| left = rest).is_some();
            let length = sizes[first..].iter().take_while(fits).count();
            (first + 1..=first + length).map(move |end| first..end).filter(|span| filter.keeps(span))
        };
        let mut count = 0;
        for first in 0..words.len() {
            count += runs(first).count();
            turns.after(self.limits.span_tokens).await?;
        }
        let (mut spans, mut parts) = ((0..words.len()).flat_map(runs), Vec::new());
        let max = self.options.max_seq_tokens.unwrap_or_else(|| self.luke.config.max_seq_tokens());
        let max = max.saturating_sub(self.luke.tokenizer.before.len() + self.luke.tokenizer.after.len());
        loop {
            let part: Vec<_> = spans.by_ref().take(part_size(count, self.limits.spans)).collect();
            if part.is_empty() {
                return Ok(Some(parts));
            }
            let bytes: Vec<_> = part.iter().map(|span| words[span.start].start..words[span.end - 1].end).collect();
            let mut tokens = builder.tokenizing(Spanned { text, spans: &bytes });
            while let Some(bytes) = tokens.step()? {
                if tokens.count() > max {
                    return Ok(None);
                }
                turns.after(bytes).await?;
            }
            let inputs = builder.arrange(tokens.finish()?, InputForm::EntitySpanClassification)?;
            if inputs.entity_start_positions.iter().zip(&inputs.entity_end_positions).any(|(s, e)| s > e) {
                return Ok(None);
            }
            parts.push((inputs, part));
        }
    }
}
