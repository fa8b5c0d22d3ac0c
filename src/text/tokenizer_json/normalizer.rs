//! Checks normalizers and builds those of the `tokenizers` crate.

use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Replace, Strip, StripAccents};
use tokenizers::{NormalizedString, NormalizerWrapper};

use super::charsmap::Charsmap;
use super::{FILE, Normalizer, Pattern};
use crate::error::{LukeError, Result};

/// Normalizers of one file.
const MAX_STEPS: usize = 8;

/// Control characters, which SentencePiece's `nmt_nfkc` removes.
const CONTROLS: &str = r"[\x{1}-\x{8}\x{B}\x{E}-\x{1F}\x{7F}\x{8F}\x{9F}]";

/// What `nmt_nfkc` makes a space. (`Nmt` of the `tokenizers` crate does it to joiners too.)
const BLANKS: &str = r"[\x{9}\x{A}\x{C}\x{D}\x{1680}\x{200B}\x{200E}\x{200F}\x{2028}\x{2029}\x{2581}\x{FEFF}\x{FFFD}]";

/// The only replacements: XLM-RoBERTa's spaces, the quotes that ALBERT's tokenizers share with it, and those of [`nmt_nfkc`].
const REPLACEMENTS: [(&str, bool, &str); 6] = [
    (" {2,}", true, "\u{2581}"),
    (" {2,}", true, " "),
    ("``", false, "\""),
    ("''", false, "\""),
    (CONTROLS, true, ""),
    (BLANKS, true, " "),
];

/// What SentencePiece's `nmt_nfkc` does, for a tokenizer that lacks its map.
pub(in crate::text) fn nmt_nfkc() -> Vec<Normalizer> {
    let replace = |(pattern, content): (&str, &str)| Normalizer::Replace {
        pattern: Pattern::Regex(pattern.to_owned()),
        content: content.to_owned(),
    };
    vec![replace((CONTROLS, "")), replace((BLANKS, " ")), Normalizer::Nfkc {}]
}

/// What is done to a text before it is cut into words.
pub(in crate::text) struct Steps(Vec<Step>);

enum Step {
    Charsmap(Charsmap),
    OfCrate(NormalizerWrapper),
}

impl tokenizers::Normalizer for Steps {
    fn normalize(&self, text: &mut NormalizedString) -> tokenizers::Result<()> {
        self.0.iter().try_for_each(|step| match step {
            Step::Charsmap(map) => map.normalize(text),
            Step::OfCrate(step) => step.normalize(text),
        })
    }
}

/// The normalizer that a file describes.
///
/// # Errors
/// `format` for more than 8 steps, and for a step that is not known, is wrong, or is a `Sequence` inside a `Sequence`.
pub(super) fn build(normalizer: &Normalizer) -> Result<Steps> {
    let Normalizer::Sequence { normalizers } = normalizer else { return Ok(Steps(vec![step(normalizer)?])) };
    if normalizers.len() > MAX_STEPS {
        return Err(bad(format!("has {} steps, at most {MAX_STEPS} are read", normalizers.len())));
    }
    Ok(Steps(normalizers.iter().map(step).collect::<Result<_>>()?))
}

fn step(normalizer: &Normalizer) -> Result<Step> {
    let Normalizer::Precompiled { precompiled_charsmap } = normalizer else {
        return Ok(Step::OfCrate(step_of_crate(normalizer)?));
    };
    let named = |reason: &str| bad(format!("precompiled_charsmap {reason}"));
    let map = base64::decode(precompiled_charsmap).map_err(|error| named(&error.to_string()))?;
    Ok(Step::Charsmap(Charsmap::new(&map).map_err(named)?))
}

fn step_of_crate(normalizer: &Normalizer) -> Result<NormalizerWrapper> {
    Ok(match normalizer {
        Normalizer::Bert { clean_text, handle_chinese_chars, strip_accents, lowercase } => {
            BertNormalizer::new(*clean_text, *handle_chinese_chars, *strip_accents, *lowercase).into()
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
        Normalizer::Sequence { .. } | Normalizer::Precompiled { .. } => {
            return Err(bad("a Sequence stands in a Sequence".into()));
        }
    })
}

/// What a normalizer makes of a token.
///
/// # Errors
/// `format` if the normalizer fails.
pub(super) fn normalized(normalizer: Option<&Steps>, token: &str) -> Result<String> {
    let mut text = NormalizedString::from(token);
    if let Some(normalizer) = normalizer {
        tokenizers::Normalizer::normalize(normalizer, &mut text).map_err(|error| bad(error.to_string()))?;
    }
    Ok(text.get().to_owned())
}

fn bad(reason: String) -> LukeError {
    LukeError::format(FILE, format!("normalizer: {reason}"))
}
