//! SentencePiece's unigram model as XLM-RoBERTa and mLUKE use it, from `sentencepiece.bpe.model`: gives the ids of
//! `MLukeTokenizer` (`XLMRobertaConverter` of `transformers` builds the same).

use prost::Message;
use serde_json::{Value, json};

use super::{Names, assemble};
use crate::error::{LukeError, Result};

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

const ROLES: [(&str, &str); 5] = [
    ("bos_token", "<s>"),
    ("pad_token", "<pad>"),
    ("eos_token", "</s>"),
    ("unk_token", "<unk>"),
    ("mask_token", "<mask>"),
];

pub(super) fn tokenizer(model: &[u8], names: &Names) -> Result<Value> {
    let bad = |reason: String| LukeError::format(FILE, reason);
    let model = ModelProto::decode(model).map_err(|error| bad(format!("is no SentencePiece model: {error}")))?;
    let kind = model.trainer_spec.and_then(|spec| spec.model_type).unwrap_or(UNIGRAM);
    if kind != UNIGRAM || model.pieces.len() < 4 {
        return Err(bad("is no unigram model; save the checkpoint's fast tokenizer (tokenizer.json) beside it".into()));
    }
    let pieces = model.pieces.into_iter().skip(3).map(|piece| {
        // As the shortest decimal that reads back as the same f32, not as the f32's exact value.
        let score = piece.score.unwrap_or(0.0).to_string().parse::<f64>().unwrap_or(0.0);
        (piece.piece.unwrap_or_default(), score)
    });
    let first = FIRST.iter().map(|token| ((*token).to_owned(), 0.0));
    let vocab: Vec<(String, f64)> = first.chain(pieces).chain([("<mask>".to_owned(), 0.0)]).collect();
    let id_of = |token: &str| vocab.iter().position(|(piece, _)| piece == token).map(|id| id as u64);
    let tokens = names.special_tokens(FILE, &ROLES, id_of)?;
    let (cls, sep) = (names.pair(FILE, &tokens, "cls_token", "<s>")?, names.pair(FILE, &tokens, "sep_token", "</s>")?);

    let mut normalizers = Vec::new();
    if let Some(map) = model.normalizer_spec.and_then(|spec| spec.precompiled_charsmap).filter(|map| !map.is_empty()) {
        normalizers.push(json!({ "type": "Precompiled", "precompiled_charsmap": base64::encode(&map) }));
    }
    normalizers.push(json!({ "type": "Strip", "strip_left": false, "strip_right": true }));
    normalizers.push(json!({ "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": "▁" }));
    let metaspace = json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true });
    let mut tokenizer = assemble(
        &tokens,
        json!({ "type": "Sequence", "normalizers": normalizers }),
        metaspace.clone(),
        super::roberta_processing(json!(cls), json!(sep)),
        json!({ "type": "Unigram", "unk_id": 3, "vocab": vocab, "byte_fallback": false }),
    );
    tokenizer["decoder"] = metaspace;
    Ok(tokenizer)
}
