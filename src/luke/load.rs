//! A model from its files, built while they come in.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Tensor;

use super::{Luke, read_one};
use crate::backend::{self, DeviceKind};
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::folder::{Manifest, Source, read_verified};
use crate::model::{Head, LukeModel};
use crate::text::EntityVocab;
use crate::text::Tokenizer;
use crate::weights::{PagedRows, WeightStore};

impl Luke {
    /// Reads the files that `manifest` names from `source`, in the manifest's order as a rule, and builds the model on a
    /// device. Runs the manifest's self-test where asked.
    pub async fn load(manifest: Manifest, source: Arc<dyn Source>, kind: DeviceKind, self_test: bool) -> Result<Self> {
        let config = LukeConfig::from_value(&manifest.config)?;
        let opened = backend::open(kind).await?;
        let device = opened.device().clone();
        #[cfg(feature = "webgpu")]
        if kind == DeviceKind::Gpu {
            let head_dim = config.hidden_size / config.num_attention_heads;
            crate::kernels::warm_up(&device, manifest.dtype, head_dim);
        }
        let tokenizer = Tokenizer::from_bytes(&read_verified(&*source, &manifest.files.tokenizer, Vec::new()).await?)?;
        if tokenizer.vocab_size() > config.vocab_size {
            let (has, table) = (tokenizer.vocab_size(), config.vocab_size);
            return Err(LukeError::format("tokenizer.json", format!("has {has} tokens, the word table {table} rows")));
        }
        let entity_vocab = read_verified(&*source, &manifest.files.entity_vocab, Vec::new()).await?;
        let entity_vocab = EntityVocab::from_bytes(&entity_vocab, config.entity_vocab_size)?;
        let pages = match &manifest.entity_table {
            Some(table) if table.rows != config.entity_vocab_size => {
                return Err(LukeError::format("manifest.json", "entityTable has other rows than config says"));
            }
            Some(table) => Some(PagedRows::new(table.clone(), config.entity_emb_size, source.clone())?),
            None => None,
        };
        let mut store = WeightStore::new(&manifest, &*source);
        let model = LukeModel::load(&mut store, &config, pages, &device).await?;
        let mut heads = BTreeMap::new();
        for (task, spec) in &manifest.heads {
            let head = Head::load(task, spec.labels.len(), &mut store, &config, &device).await?;
            heads.insert(task.clone(), head);
        }
        store.check_all_taken()?;
        let self_test_error = None;
        let mut luke =
            Luke { manifest, config, tokenizer, entity_vocab, device: kind, self_test_error, model, heads, opened };
        match self_test && luke.manifest.self_test.is_some() {
            true => luke.self_test_error = luke.self_test().await?,
            // What the device has to say of the shaders and weights comes before this.
            false => drop(read_one("nothing", Tensor::zeros([1, 1], &device)).await?),
        }
        Ok(luke)
    }
}
