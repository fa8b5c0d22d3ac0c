//! The gate for a checkpoint's tensors: nothing loops over them or reads them before it passed here.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{self, ENTITY_TABLE};
use super::{HeadPlan, Planned, Stored};
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::folder::limits::MAX_MODEL_BYTES;
use crate::folder::{EntityTable, TensorNames, tensor_specs};
use crate::heads::HeadSpec;

/// The model's names of the planned tensors.
struct Names<'a>(BTreeSet<&'a str>);

impl TensorNames for Names<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    fn has_under(&self, prefix: &str) -> bool {
        let start = format!("{prefix}.");
        self.0.range(start.as_str()..).next().is_some_and(|name| name.starts_with(&start))
    }
}

/// Checks that the planned tensors are those which the config and the heads need, with their shapes, and that the
/// chosen rows are in the stored tensors. Leaves out those of a type that is not read, if the model does not need them.
///
/// # Errors
/// `format` when a tensor is missing, is not known, is needed and has a type that is not read, has another shape, lacks a
/// chosen row, or fails [`Stored::check`], and when a head has too few labels; `out-of-memory` when the weights, but for a
/// large entity table, take more than [`MAX_MODEL_BYTES`].
pub fn check_tensors(
    config: &LukeConfig,
    heads: &[HeadPlan],
    stored: &[Stored],
    planned: &mut Vec<Planned>,
) -> Result<()> {
    let names = Names(planned.iter().flat_map(|tensor| &tensor.names).map(String::as_str).collect());
    let head_specs: BTreeMap<String, HeadSpec> =
        heads.iter().map(|head| (head.kind.key().to_owned(), head.spec.clone())).collect();
    let specs = tensor_specs(config, &head_specs, false, &names)?;
    let mut shapes: BTreeMap<&str, &[usize]> =
        specs.iter().map(|spec| (spec.name.as_str(), spec.shape.as_slice())).collect();
    planned.retain(|tensor| {
        let is_read = tensor.stored_in(stored).is_ok_and(|from| from.dtype.is_ok());
        is_read || tensor.names.iter().any(|name| shapes.contains_key(name.as_str()))
    });
    let (mut bytes, mut unknown) = (0u64, None);
    for tensor in planned.iter() {
        let from = tensor.stored_in(stored)?;
        from.check()?;
        if let Err(dtype) = &from.dtype {
            let reason = format!("this tensor has dtype {dtype}; F32, F16 and BF16 are read");
            return Err(LukeError::format(&from.own_name, reason));
        }
        let shape = tensor.shape(from);
        for name in &tensor.names {
            let bad = |reason: String| LukeError::format(name, reason);
            let Some(expected) = shapes.remove(name.as_str()) else {
                unknown.get_or_insert(&from.own_name);
                continue;
            };
            if shape != expected {
                return Err(bad(format!("this tensor has shape {shape:?}, the model needs {expected:?}")));
            }
            if let Some(rows) = tensor.rows.iter().find(|rows| rows.end > from.rows()) {
                return Err(bad(format!("rows {rows:?} are beyond the {} of this tensor", from.rows())));
            }
        }
        if !(tensor.is(ENTITY_TABLE) && tensor.len() > EntityTable::RESIDENT_ROWS) {
            bytes = bytes.saturating_add((tensor.len() as u64).saturating_mul(from.row_bytes() as u64));
        }
    }
    if let Some(missing) = specs.iter().find(|spec| shapes.contains_key(spec.name.as_str())) {
        return Err(plan::missing(&missing.name, stored));
    }
    if let Some(name) = unknown {
        let reason = "this tensor is not known to any head of the model; to leave it out, name it with --leave-out, or \
            under leaveOut in luke_web.json";
        return Err(LukeError::format(name, reason));
    }
    if bytes > MAX_MODEL_BYTES {
        return Err(LukeError::out_of_memory("for the weights", bytes, 1));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dtype::DType;

    fn config() -> LukeConfig {
        LukeConfig::from_value(&json!({
            "model_type": "luke", "vocab_size": 12, "entity_vocab_size": 4, "hidden_size": 8, "entity_emb_size": 4,
            "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "hidden_act": "gelu",
            "max_position_embeddings": 20, "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1,
        }))
        .unwrap()
    }

    /// A checkpoint with all tensors of the model.
    fn stored() -> Vec<Stored> {
        struct None;
        impl TensorNames for None {
            fn has(&self, _: &str) -> bool {
                false
            }
            fn has_under(&self, _: &str) -> bool {
                false
            }
        }
        let specs = tensor_specs(&config(), &BTreeMap::new(), false, &None).unwrap();
        let stored = |spec: crate::folder::TensorSpec| Stored {
            name: spec.name.clone(),
            own_name: spec.name,
            dtype: Ok(DType::F32),
            shape: spec.shape,
            file: "m".into(),
            offset: 0,
        };
        specs.into_iter().map(stored).collect()
    }

    fn check(change: impl FnOnce(&mut Vec<Stored>)) -> Result<()> {
        let mut stored = stored();
        change(&mut stored);
        check_tensors(&config(), &[], &stored, &mut plan::plan(&config(), &stored, &[], false)?)
    }

    #[test]
    fn tensors_have_the_shapes_of_the_config() {
        check(|_| {}).unwrap();
        let words = "luke.embeddings.word_embeddings.weight";
        let refused = |part: &str, change: &dyn Fn(&mut Vec<Stored>)| {
            let error = check(change).unwrap_err();
            assert_eq!(error.code(), "format");
            assert!(error.to_string().contains(part), "{part}: {error}");
        };
        let sizes =
            [vec![12, 9], vec![13, 8], vec![12], vec![], vec![12, 8, 1], vec![1 << 40, 1 << 20], vec![usize::MAX, 8]];
        for shape in sizes {
            refused("", &|all| all.iter_mut().find(|tensor| tensor.name == words).unwrap().shape = shape.clone());
        }
        // Earlier, loops over the rows came before this check.
        for shape in [vec![1 << 58, 0], vec![u32::MAX as usize, 0]] {
            refused("has no numbers", &|all| all.iter_mut().for_each(|tensor| tensor.shape = shape.clone()));
        }
        refused("this tensor is missing", &|all| all.retain(|tensor| !tensor.name.ends_with("key.weight")));
        refused("module.x: this tensor is not known", &|all| {
            let other = Stored { name: "luke.x".into(), own_name: "module.x".into(), ..all[0].clone() };
            all.push(other);
        });
        refused("is in the checkpoint twice", &|all| {
            let bare = Stored { name: all[0].name["luke.".len()..].into(), ..all[0].clone() };
            all.push(bare);
        });
    }

    #[test]
    fn a_type_that_is_not_read_matters_where_the_model_needs_the_tensor() {
        let other = |name: &str| Stored {
            name: name.into(),
            own_name: name.into(),
            dtype: Err("F64".into()),
            ..stored()[0].clone()
        };
        for name in ["luke.embeddings.position_ids", "embeddings.position_ids", "loss_fct.weight", "anything"] {
            check(|all| all.push(other(name))).unwrap();
        }
        for part in ["query.weight", "word_embeddings.weight", "LayerNorm.bias"] {
            let error = check(|all| {
                let needed = all.iter_mut().find(|tensor| tensor.name.ends_with(part)).unwrap();
                needed.dtype = Err("F64".into());
                needed.own_name = format!("module.{}", needed.name);
            });
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("module.") && error.contains("has dtype F64; F32, F16 and BF16"), "{error}");
        }
    }

    #[test]
    fn chosen_rows_are_in_the_tensor() {
        let (stored, config) = (stored(), config());
        let mut planned = plan::plan(&config, &stored, &[], false).unwrap();
        let words = planned.iter_mut().find(|tensor| tensor.is(super::super::WORD_TABLE)).unwrap();
        words.rows = [0..11, 12..13].into();
        let error = check_tensors(&config, &[], &stored, &mut planned).unwrap_err();
        assert!(error.to_string().contains("beyond the 12"), "{error}");
        planned[0].source = stored.len();
        assert!(check_tensors(&config, &[], &stored, &mut planned).is_err());
    }
}
