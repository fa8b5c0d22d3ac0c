//! A `tokenizer.json` and a text, and a file `token_types` where the tokens have types. A tokenizer is kept while only the text
//! changes.

use std::cell::RefCell;

use fastrand::Rng;
use luke_web::text::{SpecialTokens, Tokenizer};

use crate::edit::{edit_bytes, edit_json};
use crate::files::Files;
use crate::kind;
use crate::pack::{pack, unpack};

thread_local! {
    static LAST: RefCell<(Vec<u8>, bool, Option<Tokenizer>)> = const { RefCell::new((Vec::new(), false, None)) };
}

/// Reads the tokenizer that `data` packs, and gives it the text.
pub fn run(data: &[u8]) -> String {
    let mut files = unpack(data);
    let json = files.remove("tokenizer.json").unwrap_or_default();
    let typed = files.contains_key("token_types");
    let text = files.remove("text").unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let last = LAST.take();
    let tokenizer = match last {
        (of, types, Some(tokenizer)) if types == typed && of == json => tokenizer,
        _ => match Tokenizer::from_bytes(&json) {
            Ok(tokenizer) if typed => tokenizer.with_case_types(),
            Ok(tokenizer) => tokenizer,
            Err(error) => return kind(&error),
        },
    };
    let outcome = encode(&tokenizer, &text);
    LAST.set((json, typed, Some(tokenizer)));
    outcome
}

fn encode(tokenizer: &Tokenizer, text: &str) -> String {
    let mut outcome = "encoded".to_owned();
    for special in [SpecialTokens::Match, SpecialTokens::Text] {
        match (tokenizer.encode(text, special), tokenizer.encode_with_offsets(text, special)) {
            (Ok(tokens), Ok(placed)) => {
                assert!(tokens.iter().eq(placed.iter().map(|(token, _)| token)), "other tokens with offsets");
                for (token, bytes) in placed {
                    let piece = text.get(bytes.clone());
                    assert!(piece.is_some(), "{token:?} is at {bytes:?}, the text has {}", text.len());
                    let is_capital = piece.unwrap_or_default().contains(char::is_uppercase);
                    assert!(token.token_type == 0 || token.token_type < 3 && is_capital, "{token:?} is {piece:?}");
                }
                let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
                if let Err(error) = tokenizer.decode(&ids) {
                    outcome = kind(&error);
                }
                ids.first().map(|id| tokenizer.continues_word(*id));
            }
            (Err(error), _) | (_, Err(error)) => outcome = kind(&error),
        }
    }
    outcome
}

/// Pieces that tokenizers treat in ways of their own.
const PIECES: [&str; 18] = [
    "<mask>",
    "</s>",
    "[MASK]",
    " ",
    "  ",
    "\n",
    "\u{301}",
    "é",
    "東",
    "👩\u{200d}👧",
    "\u{0}",
    "\u{2581}",
    "##",
    "'s",
    "Ana",
    "ANA",
    "\u{24b6}",
    "ab",
];

/// Changes the text, or one time in four the tokenizer.
pub fn mutate(data: &[u8], others: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut files = unpack(data);
    let json = files.get("tokenizer.json").and_then(|json| serde_json::from_slice(json).ok());
    match json {
        Some(mut value) if random.u8(..4) == 0 => {
            edit_json(&mut value, crate::edit(random));
            files.insert("tokenizer.json".into(), value.to_string().into_bytes());
        }
        Some(_) => edit_text(&mut files, random),
        None => {
            drop(files.insert("tokenizer.json".into(), unpack(others).remove("tokenizer.json").unwrap_or_default()))
        }
    }
    pack(&files)
}

fn edit_text(files: &mut Files, random: &mut Rng) {
    let text = files.entry("text".into()).or_default();
    text.truncate(400);
    for _ in 0..1 + random.u8(..3) {
        if random.bool() {
            edit_bytes(text, crate::edit(random));
        } else {
            let piece = random.choice(PIECES).unwrap_or_default().repeat(1 + random.usize(..3) * random.usize(..20));
            let at = random.usize(..=text.len());
            text.splice(at..at, piece.into_bytes());
        }
    }
}
