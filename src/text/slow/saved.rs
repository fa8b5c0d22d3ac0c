//! A checkpoint's own `tokenizer.json`. One that transformers 5 saved for LUKE or mLUKE becomes what transformers 4 makes of
//! the vocabulary, from whose ids the models have learned.

use super::{Names, roberta_processing, unigram};
use crate::error::{LukeError, Result};
use crate::text::tokenizer_json::{Added, FILE, Model, TokenizerJson};

/// The tokenizer of a checkpoint's `tokenizer.json`, whose fields `json` are not checked yet.
///
/// # Errors
/// `format` where nothing names the special tokens around a text; else as [`unigram::saved`].
pub(super) fn tokenizer(mut json: TokenizerJson, names: &Names) -> Result<TokenizerJson> {
    if names.is_luke() {
        // Special entities that were added to the words. Where others were added behind them, they keep their ids.
        let vocabulary = json.model.ids();
        let is_word =
            |token: &Added| vocabulary.contains_key(token.content.as_str()) || !names.is_entity(&token.content);
        let words = json.added_tokens.iter().rposition(is_word).map_or(0, |last| last.saturating_add(1));
        json.added_tokens.truncate(words);
        if let Model::Unigram(model) = json.model {
            return unigram::saved(model, &json.added_tokens, names);
        }
        let mask = names.get("mask_token", "<mask>");
        for token in json.added_tokens.iter_mut().filter(|token| token.content == mask) {
            (token.lstrip, token.normalized) = (true, false);
        }
        json.post_processor = None;
    }
    if json.post_processor.is_none() {
        let special = |role: &str, default: &str| {
            let content = names.named(role).or_else(|| names.is_luke().then(|| default.to_owned()))?;
            json.added_tokens.iter().find(|token| token.content == content).map(|token| (content, token.id))
        };
        let (Some(cls), Some(sep)) = (special("cls_token", "<s>"), special("sep_token", "</s>")) else {
            return Err(LukeError::format(
                FILE,
                "has no post_processor, and tokenizer_config.json names no cls_token and sep_token",
            ));
        };
        json.post_processor = Some(roberta_processing(cls, sep));
    }
    Ok(json)
}
