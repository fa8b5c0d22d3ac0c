//! Names of tensors: objects whose keys they are, and what stands before and inside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::Stored;
use super::limits::{MAX_NAME_BYTES, MAX_STORED_TENSORS};
use crate::error::{LukeError, shortened};

/// Values by the names of tensors, without `__metadata__`. Reading one fails on a name that is there twice or is too long,
/// and on too many names.
pub(super) struct ByTensor<T>(pub BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByTensor<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names(PhantomData))
    }
}

struct Names<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Names<T> {
    type Value = ByTensor<T>;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("an object whose keys are names of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tensors = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if name.len() > MAX_NAME_BYTES {
                return Err(A::Error::custom(format!("the name of tensor {} is too long", shortened(&name))));
            }
            if tensors.len() >= MAX_STORED_TENSORS {
                return Err(A::Error::custom(format!("more than {MAX_STORED_TENSORS} tensors")));
            }
            let value = map.next_value()?;
            if tensors.contains_key(&name) {
                return Err(A::Error::custom(format!("tensor {name} is there twice")));
            }
            tensors.insert(name, value);
        }
        Ok(ByTensor(tensors))
    }
}

/// Parts of names that PyTorch puts there when it compiles or shards a model, anywhere in it.
const INSIDE: [&str; 4] = ["_orig_mod", "_forward_module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];

/// Old names of parameters, which `transformers` renames too.
const OLD: [(&str, &str); 2] = [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")];

/// How the name of the word table ends in every checkpoint.
const WORDS: &str = "embeddings.word_embeddings.weight";

/// Gives tensors the names that they have in a plain model: without the parts that a trainer puts before them (`module.`,
/// `model.`) or inside them, and without old names.
pub fn unwrapped(mut stored: Vec<Stored>) -> Vec<Stored> {
    for tensor in &mut stored {
        let parts = tensor.own_name.split('.').filter(|part| !INSIDE.contains(part));
        let name = parts.collect::<Vec<_>>().join(".");
        let renamed = OLD.iter().find_map(|(old, new)| Some(format!("{}{new}", name.strip_suffix(old)?)));
        tensor.name = renamed.unwrap_or(name);
    }
    // What stands before the names of the one model that is there.
    let before = |tensor: &Stored| {
        let before = tensor.name.strip_suffix(WORDS)?;
        let before = before.strip_suffix("luke.").unwrap_or(before);
        (before.is_empty() || before.ends_with('.')).then(|| before.to_owned())
    };
    let models: BTreeSet<String> = stored.iter().filter_map(before).collect();
    if let (Some(wrapper), 1) = (models.first(), models.len()) {
        for tensor in &mut stored {
            if let Some(name) = tensor.name.strip_prefix(wrapper.as_str()) {
                tensor.name = name.to_owned();
            }
        }
    }
    stored
}

/// Leaves out tensors: those of these names in their files, and those below them.
///
/// # Errors
/// `input` for a name that no tensor has.
pub fn leave_out(stored: &mut Vec<Stored>, names: &[String]) -> crate::error::Result<()> {
    for name in names {
        let before = stored.len();
        stored.retain(|tensor| {
            let rest = tensor.own_name.strip_prefix(name.as_str());
            !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || name.ends_with('.'))
        });
        if stored.len() == before {
            let reason = format!("no tensor has the name '{}', or one below it", shortened(name));
            return Err(LukeError::input("leaveOut", reason));
        }
    }
    Ok(())
}

/// A few names that are in the files, for a message about what is not: those that are not of an encoder first.
pub(super) fn examples(stored: &[Stored]) -> String {
    let is_of_encoder = |name: &str| name.contains("encoder.layer.") || name.contains("embeddings.");
    let names = |of_encoder: bool| {
        stored.iter().map(|tensor| tensor.own_name.as_str()).filter(move |name| is_of_encoder(name) == of_encoder)
    };
    let some: Vec<String> = names(false).chain(names(true)).take(6).map(shortened).collect();
    let more = if stored.len() > some.len() { ", ..." } else { "" };
    format!("the checkpoint has {}{more}", some.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(names: &[&str]) -> Vec<Stored> {
        let tensor = |name: &&str| Stored {
            name: (*name).into(),
            own_name: (*name).into(),
            dtype: Err("I64".into()),
            shape: vec![1],
            file: "m".into(),
            offset: 0,
        };
        names.iter().map(tensor).collect()
    }

    fn names(wrapped: &[&str]) -> Vec<String> {
        unwrapped(stored(wrapped)).into_iter().map(|tensor| tensor.name).collect()
    }

    #[test]
    fn what_wraps_a_model_is_taken_off() {
        let plain = [
            "luke.embeddings.word_embeddings.weight",
            "luke.encoder.layer.0.output.LayerNorm.bias",
            "classifier.weight",
        ];
        for wrapper in [
            "",
            "_orig_mod.",
            "module.",
            "model.",
            "module._orig_mod.",
            "_orig_mod.module.",
            "model.model.",
            "_forward_module.model.",
            "_fsdp_wrapped_module.",
            "_module.module.",
            "net.0.",
        ] {
            let wrapped = plain.map(|name| format!("{wrapper}{name}"));
            assert_eq!(names(&wrapped.each_ref().map(String::as_str)), plain, "{wrapper}");
        }
        let inside = [
            "model.luke.embeddings._orig_mod.word_embeddings.weight",
            "model.luke.encoder.layer.0._checkpoint_wrapped_module.output.LayerNorm.beta",
            "model.classifier._orig_mod.weight",
        ];
        assert_eq!(names(&inside), plain);
        // What is not in the wrapper keeps its name, as does everything where there are two models.
        assert_eq!(
            names(&["bert.embeddings.word_embeddings.weight", "classifier.weight", "bert.pooler.dense.bias"]),
            ["embeddings.word_embeddings.weight", "classifier.weight", "pooler.dense.bias"]
        );
        let two = ["teacher.luke.embeddings.word_embeddings.weight", "student.luke.embeddings.word_embeddings.weight"];
        assert_eq!(names(&two), two);
        assert_eq!(
            names(&["a.LayerNorm.gamma", "LayerNorm.beta", "LayerNorm.gamma.x"]),
            ["a.LayerNorm.weight", "LayerNorm.bias", "LayerNorm.gamma.x"]
        );
    }

    #[test]
    fn tensors_are_left_out_by_their_own_names() {
        let all = ["module.loss.weight", "module.loss.bias", "module.lossy", "module.metric"];
        let kept = |out: &[&str]| {
            let mut stored = stored(&all);
            let out: Vec<String> = out.iter().map(|name| (*name).to_owned()).collect();
            leave_out(&mut stored, &out).map(|()| stored.into_iter().map(|tensor| tensor.own_name).collect::<Vec<_>>())
        };
        assert_eq!(kept(&["module.loss"]).unwrap(), ["module.lossy", "module.metric"]);
        assert_eq!(kept(&["module.loss.bias", "module.metric"]).unwrap(), ["module.loss.weight", "module.lossy"]);
        assert_eq!(kept(&[]).unwrap(), all);
        for wrong in ["loss", "module.los", "metric", "module.loss.bias.x"] {
            assert!(kept(&[wrong]).unwrap_err().to_string().contains(wrong));
        }
    }
}
