//! Checks normalizers and builds those of the `tokenizers` crate.

use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{
    BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Replace, Sequence, Strip, StripAccents,
};
use tokenizers::{NormalizedString, NormalizerWrapper};

use super::{FILE, Normalizer, Pattern, charsmap};
use crate::error::{LukeError, Result};

/// Normalizers of one file.
const MAX_STEPS: usize = 8;

/// The only replacements: XLM-RoBERTa's spaces, and the quotes that ALBERT's tokenizers share with it.
const REPLACEMENTS: [(&str, bool, &str); 4] =
    [(" {2,}", true, "\u{2581}"), (" {2,}", true, " "), ("``", false, "\""), ("''", false, "\"")];

/// The normalizer that a file describes.
pub(super) fn build(normalizer: &Normalizer) -> Result<NormalizerWrapper> {
    let Normalizer::Sequence { normalizers } = normalizer else { return step(normalizer) };
    if normalizers.len() > MAX_STEPS {
        return Err(bad(format!("has {} steps, at most {MAX_STEPS} are read", normalizers.len())));
    }
    let steps: Vec<_> = normalizers.iter().map(step).collect::<Result<_>>()?;
    Ok(Sequence::new(steps).into())
}

fn step(normalizer: &Normalizer) -> Result<NormalizerWrapper> {
    Ok(match normalizer {
        Normalizer::Bert { clean_text, handle_chinese_chars, strip_accents, lowercase } => {
            BertNormalizer::new(*clean_text, *handle_chinese_chars, *strip_accents, *lowercase).into()
        }
        Normalizer::Precompiled { precompiled_charsmap } => {
            let named = |reason: &str| bad(format!("precompiled_charsmap {reason}"));
            let map = base64::decode(precompiled_charsmap).map_err(|error| named(&error.to_string()))?;
            charsmap::check(&map).map_err(named)?;
            Precompiled::from(&map).map_err(|error| named(&error.to_string()))?.into()
        }
        Normalizer::Strip { strip_left, strip_right } => Strip::new(*strip_left, *strip_right).into(),
        Normalizer::Replace { pattern, content } => {
            let (text, is_regex) = match pattern {
                Pattern::String(text) => (text, false),
                Pattern::Regex(text) => (text, true),
            };
            if !REPLACEMENTS.contains(&(text, is_regex, content)) {
                return Err(bad(format!("Replace of {pattern:?} by '{content}' is not known")));
            }
            let pattern =
                if is_regex { ReplacePattern::Regex(text.clone()) } else { ReplacePattern::String(text.clone()) };
            Replace::new(pattern, content).map_err(|error| bad(error.to_string()))?.into()
        }
        Normalizer::Nfc {} => NFC.into(),
        Normalizer::Nfd {} => NFD.into(),
        Normalizer::Nfkc {} => NFKC.into(),
        Normalizer::Nfkd {} => NFKD.into(),
        Normalizer::Nmt {} => Nmt.into(),
        Normalizer::Lowercase {} => Lowercase.into(),
        Normalizer::StripAccents {} => StripAccents.into(),
        Normalizer::Sequence { .. } => return Err(bad("a Sequence stands in a Sequence".into())),
    })
}

/// What a normalizer makes of a token.
pub(super) fn normalized(normalizer: Option<&NormalizerWrapper>, token: &str) -> Result<String> {
    let mut text = NormalizedString::from(token);
    if let Some(normalizer) = normalizer {
        tokenizers::Normalizer::normalize(normalizer, &mut text).map_err(|error| bad(error.to_string()))?;
    }
    Ok(text.get().to_owned())
}

fn bad(reason: String) -> LukeError {
    LukeError::format(FILE, format!("normalizer: {reason}"))
}
