//! A model from its files, built while they come in.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Device;

use super::Luke;
use super::read::read_one;
use crate::backend::{self, DeviceKind, OpenDevice};
use crate::checkpoint::RawCheckpoint;
use crate::error::{LukeError, Result};
use crate::folder::{CheckedFolder, Source, read_verified};
use crate::heads::HeadKind;
use crate::kernels::upload;
use crate::model::{Head, LukeModel};
use crate::text::{EntityVocab, Tokenizer};
use crate::weights::{PagedRows, WeightStore};

/// What a model knows of words and entities.
struct Vocabularies {
    tokenizer: Tokenizer,
    entities: EntityVocab,
}

/// See [`Luke::load`].
pub async fn folder(folder: CheckedFolder, source: Arc<dyn Source>, kind: DeviceKind, self_test: bool) -> Result<Luke> {
    let device = open(&folder, kind).await?;
    let files = &folder.manifest().files;
    let chunks = || folder.reading_order().iter().filter_map(|index| folder.chunk(*index).ok());
    let after = std::iter::once(&files.entity_vocab).chain(chunks());
    let tokenizer = read_verified(&*source, &files.tokenizer, after, Vec::new()).await?;
    let tokenizer = Tokenizer::from_bytes(&tokenizer)?;
    let entities = read_verified(&*source, &files.entity_vocab, chunks(), Vec::new()).await?;
    let entities = EntityVocab::from_bytes(&entities, folder.config().entity_vocab_size)?;
    let mut luke = build(folder, Vocabularies { tokenizer, entities }, source, kind, device).await?;
    if self_test && luke.manifest.self_test.is_some() {
        luke.self_test_error = luke.self_test().await?;
    } else {
        check_device(luke.opened.device()).await?;
    }
    Ok(luke)
}

/// See [`Luke::load_checkpoint`].
pub async fn checkpoint(checkpoint: RawCheckpoint, source: Arc<dyn Source>, kind: DeviceKind) -> Result<Luke> {
    let RawCheckpoint { folder, tokenizer, entity_vocab } = checkpoint;
    let device = open(&folder, kind).await?;
    let vocabularies = Vocabularies { tokenizer, entities: entity_vocab };
    let luke = build(folder, vocabularies, source, kind, device).await?;
    check_device(luke.opened.device()).await?;
    Ok(luke)
}

/// Opens the device and lets it build its pipelines while the files come in.
#[cfg_attr(not(feature = "webgpu"), allow(unused_variables))]
async fn open(folder: &CheckedFolder, kind: DeviceKind) -> Result<OpenDevice> {
    let device = backend::open(kind).await?;
    #[cfg(feature = "webgpu")]
    if kind == DeviceKind::Gpu {
        crate::kernels::warm_up(device.device(), folder.manifest().dtype, folder.config().head_dim());
    }
    Ok(device)
}

async fn build(
    folder: CheckedFolder,
    Vocabularies { tokenizer, entities }: Vocabularies,
    source: Arc<dyn Source>,
    kind: DeviceKind,
    opened: OpenDevice,
) -> Result<Luke> {
    let (config, device) = (folder.config(), opened.device());
    if tokenizer.vocab_size() > config.vocab_size {
        let (tokens, rows) = (tokenizer.vocab_size(), config.vocab_size);
        return Err(LukeError::format("tokenizer.json", format!("has {tokens} tokens, the word table {rows} rows")));
    }
    let pages = PagedRows::new(&folder, source.clone());
    let mut store = WeightStore::new(&folder, &*source);
    let model = LukeModel::load(&mut store, config, pages, device).await?;
    let mut heads = BTreeMap::new();
    for (key, spec) in &folder.manifest().heads {
        let unknown = || LukeError::format("manifest.json", format!("head '{key}' is not known"));
        let kind = HeadKind::from_key(key).ok_or_else(unknown)?;
        heads.insert(kind, Head::load(kind, spec.labels.len(), &mut store, config, device).await?);
    }
    store.check_all_taken()?;
    let parameters = folder.parameters();
    let (manifest, config) = folder.into_parts();
    let (device, entity_vocab) = (kind, entities);
    Ok(Luke {
        manifest,
        config,
        parameters,
        tokenizer,
        entity_vocab,
        device,
        self_test_error: None,
        model,
        heads,
        source,
        opened,
    })
}

/// Waits for what the device has to report of the shaders and the weights.
async fn check_device(device: &Device) -> Result<()> {
    read_one("nothing", upload(vec![0.0], [1, 1], device)).await.map(drop)
}
