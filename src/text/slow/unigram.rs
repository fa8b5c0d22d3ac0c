//! SentencePiece's unigram model as XLM-RoBERTa and mLUKE use it, from `sentencepiece.bpe.model`: gives the ids of
//! `MLukeTokenizer` (`XLMRobertaConverter` of `transformers` builds the same).

use prost::Message;

use super::{Names, roberta_processing};
use crate::error::{LukeError, Result};
use crate::file_start;
use crate::text::tokenizer_json::{
    Added, Decoder, FILE as TOKENIZER_JSON, Metaspace, Model, Normalizer, Pattern, PreTokenizer, PrependScheme,
    TokenizerJson, Unigram, nmt_nfkc,
};

const FILE: &str = "sentencepiece.bpe.model";

/// The fields of `sentencepiece_model.proto` that are needed.
#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<Piece>,
    #[prost(message, optional, tag = "2")]
    trainer_spec: Option<TrainerSpec>,
    #[prost(message, optional, tag = "3")]
    normalizer_spec: Option<NormalizerSpec>,
}

#[derive(Clone, PartialEq, Message)]
struct Piece {
    #[prost(string, optional, tag = "1")]
    piece: Option<String>,
    #[prost(float, optional, tag = "2")]
    score: Option<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct TrainerSpec {
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct NormalizerSpec {
    #[prost(bytes = "vec", optional, tag = "2")]
    precompiled_charsmap: Option<Vec<u8>>,
}

/// `ModelType::UNIGRAM`
const UNIGRAM: i32 = 1;

/// fairseq's first four tokens; the model's file has three (`<unk> <s> </s>`) in their place.
const FIRST: [&str; 4] = ["<s>", "<pad>", "</s>", "<unk>"];

/// The first three tokens of a SentencePiece model.
const SENTENCEPIECE: [&str; 3] = ["<unk>", "<s>", "</s>"];

const ROLES: [(&str, &str); 5] = [
    ("bos_token", "<s>"),
    ("pad_token", "<pad>"),
    ("eos_token", "</s>"),
    ("unk_token", "<unk>"),
    ("mask_token", "<mask>"),
];

/// The tokenizer of `model`, the bytes of `sentencepiece.bpe.model`.
///
/// # Errors
/// `format` where the bytes are no unigram model, or where a special token is missing.
pub(super) fn tokenizer(model: &[u8], names: &Names) -> Result<TokenizerJson> {
    let bad = |reason: String| LukeError::format(FILE, reason);
    file_start::check(FILE, model)?;
    let model = ModelProto::decode(model).map_err(|error| bad(format!("is no SentencePiece model: {error}")))?;
    let kind = model.trainer_spec.and_then(|spec| spec.model_type).unwrap_or(UNIGRAM);
    if kind != UNIGRAM || model.pieces.len() < 4 {
        return Err(bad("is no unigram model; save the checkpoint's fast tokenizer (tokenizer.json) beside it".into()));
    }
    let pieces = model.pieces.into_iter().skip(3).map(|piece| {
        let score = piece.score.unwrap_or(0.0);
        (piece.piece.unwrap_or_default(), shortest(score))
    });
    let map = model.normalizer_spec.and_then(|spec| spec.precompiled_charsmap).filter(|map| !map.is_empty());
    let map = map.map(|map| Normalizer::Precompiled { precompiled_charsmap: base64::encode(map) });
    with_vocabulary(aligned(pieces), map, names, FILE)
}

/// From the `tokenizer.json` that transformers 5 saves for mLUKE. Its `MLukeTokenizer` leaves the pieces in SentencePiece's
/// order, so that all ids are one too small, and leaves out the normalization.
///
/// # Errors
/// `format` where a special token is missing.
pub(super) fn saved(model: Unigram, added: &[Added], names: &Names) -> Result<TokenizerJson> {
    let in_order_of_sentencepiece = model.vocab.iter().map(|(piece, _)| piece.as_str()).take(3).eq(SENTENCEPIECE);
    let vocab = match in_order_of_sentencepiece {
        true => aligned(model.vocab.into_iter().skip(3).map(|(piece, score)| {
            // It is an f32 in the file, written with the digits of an f64.
            (piece, shortest(score.to_string().parse().unwrap_or(0.0)))
        })),
        false => model.vocab,
    };
    let mut json = with_vocabulary(vocab, nmt_nfkc(), names, TOKENIZER_JSON)?;
    json.add_missing(added.iter().map(|token| token.content.as_str()));
    Ok(json)
}

/// fairseq's vocabulary, with the pieces behind SentencePiece's first three.
fn aligned(pieces: impl Iterator<Item = (String, f64)>) -> Vec<(String, f64)> {
    let first = FIRST.iter().map(|token| ((*token).to_owned(), 0.0));
    first.chain(pieces).chain([("<mask>".to_owned(), 0.0)]).collect()
}

/// A score as the shortest decimal that reads back as the same f32, not as the f32's exact value.
fn shortest(score: f32) -> f64 {
    score.to_string().parse::<f64>().unwrap_or(0.0)
}

/// A tokenizer of these pieces. `text` is done to a text first; `file` is the vocabulary's.
fn with_vocabulary(
    vocab: Vec<(String, f64)>,
    text: impl IntoIterator<Item = Normalizer>,
    names: &Names,
    file: &str,
) -> Result<TokenizerJson> {
    let id_of = |token: &str| u32::try_from(vocab.iter().position(|(piece, _)| piece == token)?).ok();
    let unk = names.get("unk_token", "<unk>");
    let missing = || LukeError::format(file, format!("has no token {unk}"));
    let unk_id = vocab.iter().position(|(piece, _)| *piece == unk).ok_or_else(missing)?;
    let tokens = names.special_tokens(file, &ROLES, id_of)?;
    let (cls, sep) = (names.pair(file, &tokens, "cls_token", "<s>")?, names.pair(file, &tokens, "sep_token", "</s>")?);
    let spaces = [
        Normalizer::Strip { strip_left: false, strip_right: true },
        Normalizer::Replace { pattern: Pattern::Regex(" {2,}".into()), content: "\u{2581}".into() },
    ];
    let metaspace = Metaspace {
        replacement: '\u{2581}',
        add_prefix_space: None,
        prepend_scheme: Some(PrependScheme::Always),
        split: Some(true),
        str_rep: None,
    };
    Ok(TokenizerJson {
        normalizer: Some(Normalizer::Sequence { normalizers: text.into_iter().chain(spaces).collect() }),
        pre_tokenizer: Some(PreTokenizer::Metaspace(metaspace.clone())),
        decoder: Some(Decoder::Metaspace(metaspace)),
        ..TokenizerJson::of(Model::Unigram(Unigram { vocab, unk_id }), tokens, roberta_processing(cls, sep))
    })
}

#[cfg(test)]
pub(in crate::text) fn charsmap_of(model: &[u8]) -> Option<Vec<u8>> {
    ModelProto::decode(model).ok()?.normalizer_spec?.precompiled_charsmap
}
