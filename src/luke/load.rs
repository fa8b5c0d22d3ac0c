//! A model from its files, built while they come in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::Luke;
use super::canary::Canary;
use super::pass_cache::{self, PassCache};
use super::taught::AddedHead;
use crate::backend::{self, DeviceKind, OpenDevice};
use crate::checkpoint::RawCheckpoint;
use crate::config::TokenTypes;
use crate::error::{LukeError, Result};
#[cfg(feature = "webgpu")]
use crate::folder::Measured;
use crate::folder::{CheckedFolder, Source, read_verified};
use crate::heads::HeadKind;
use crate::model::{Head, LukeModel};
use crate::text::{EntityVocab, Tokenizer};
use crate::weights::{PagedRows, WeightStore};

/// What a model knows of words and entities.
struct Vocabularies {
    tokenizer: Tokenizer,
    entities: EntityVocab,
}

/// See [`Luke::load`].
///
/// # Errors
/// As [`Luke::load`].
pub async fn folder(folder: CheckedFolder, source: Arc<dyn Source>, kind: DeviceKind, self_test: bool) -> Result<Luke> {
    let device = open(&folder, &*source, kind).await?;
    let files = &folder.manifest().files;
    let chunks = || folder.reading_order().iter().filter_map(|index| folder.chunk(*index).ok());
    let heads = || folder.manifest().head_files();
    let after = std::iter::once(&files.entity_vocab).chain(heads()).chain(chunks());
    let tokenizer = read_verified(&*source, &files.tokenizer, after, Vec::new()).await?;
    let tokenizer = Tokenizer::from_bytes(&tokenizer)?;
    let entities = read_verified(&*source, &files.entity_vocab, heads().chain(chunks()), Vec::new()).await?;
    let entities = EntityVocab::from_bytes(&entities, folder.config().entity_vocab_size)?;
    let taught_heads = AddedHead::read_all(&folder, &*source, chunks()).await?;
    let mut luke = build(folder, Vocabularies { tokenizer, entities }, source, kind, device).await?;
    luke.taught_heads = taught_heads;
    if self_test {
        luke.self_test_error = luke.self_test().await?;
    }
    Ok(luke)
}

/// See [`Luke::load_checkpoint`].
///
/// # Errors
/// As [`Luke::load_checkpoint`].
pub async fn checkpoint(checkpoint: RawCheckpoint, source: Arc<dyn Source>, kind: DeviceKind) -> Result<Luke> {
    let RawCheckpoint { folder, tokenizer, entity_vocab } = checkpoint;
    let device = open(&folder, &*source, kind).await?;
    let vocabularies = Vocabularies { tokenizer, entities: entity_vocab };
    build(folder, vocabularies, source, kind, device).await
}

/// A device on which the kernels of the model compute what they should.
struct Opened {
    device: OpenDevice,
    #[cfg(feature = "webgpu")]
    probed: Option<crate::kernels::Probed>,
}

/// Opens the device. On a GPU this builds and checks the pipelines, measures the device, and tells the source.
#[cfg_attr(not(feature = "webgpu"), allow(unused_variables))]
async fn open(folder: &CheckedFolder, source: &dyn Source, kind: DeviceKind) -> Result<Opened> {
    let device = backend::open(kind).await?;
    #[cfg(feature = "webgpu")]
    if kind == DeviceKind::Gpu {
        let (config, dtype) = (folder.config(), folder.manifest().dtype);
        let probed = crate::kernels::probe(device.device(), dtype, config.head_dim()).await?;
        let speed = match backend::speed() {
            Some(speed) => speed,
            None => backend::measure(device.device(), crate::kernels::some_work(device.device(), dtype)?).await?,
        };
        source.measured(Measured {
            flops: speed.flops,
            round_trip: speed.round_trip,
            flop_per_row: config.flop_per_row(),
            quantized: dtype.is_quantized(),
        })?;
        return Ok(Opened { device, probed: Some(probed) });
    }
    Ok(Opened {
        device,
        #[cfg(feature = "webgpu")]
        probed: None,
    })
}

async fn build(
    folder: CheckedFolder,
    Vocabularies { tokenizer, entities }: Vocabularies,
    source: Arc<dyn Source>,
    kind: DeviceKind,
    opened: Opened,
) -> Result<Luke> {
    let (config, device) = (folder.config(), opened.device.device());
    if tokenizer.vocab_size() > config.vocab_size {
        let (tokens, rows) = (tokenizer.vocab_size(), config.vocab_size);
        return Err(LukeError::format("tokenizer.json", format!("has {tokens} tokens, the word table {rows} rows")));
    }
    let tokenizer = match config.token_types {
        Some(TokenTypes::Case) => tokenizer.with_case_types(),
        None => tokenizer,
    };
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
    let (parameters, manifest_hash) = (folder.parameters(), folder.manifest_hash().to_owned());
    let (manifest, config) = folder.into_parts();
    let (device, entity_vocab) = (kind, entities);
    let mut luke = Luke {
        manifest,
        manifest_hash,
        config,
        parameters,
        tokenizer,
        entity_vocab,
        device,
        self_test_error: None,
        taught_heads: Vec::new(),
        #[cfg(feature = "webgpu")]
        probed: opened.probed,
        model,
        heads,
        canary: None,
        pass_cache: PassCache::new(pass_cache::DEFAULT_BYTES),
        rows_run: AtomicU64::new(0),
        source,
        opened: opened.device,
    };
    // This also waits for what the device has to report of the weights.
    luke.canary = Canary::new(&luke).await?;
    Ok(luke)
}
