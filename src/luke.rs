//! A loaded model: tokenizer, entity vocabulary, encoder and heads on one device.

use std::collections::BTreeMap;

use burn::tensor::Device;

use crate::backend::{self, DeviceKind};
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::input::{EncodeOptions, Encoder, EntityVocab, ModelInputs, Spanned, Task};
use crate::model::{Head, LukeModel, NamedTensor, hidden_outputs};
use crate::tokenizer::{OffsetUnit, Offsets, Tokenizer};
use crate::weights::{HeadSpec, Manifest, WeightStore};

/// Collects the parts of a model folder, in any order.
pub struct LukeLoader {
    store: WeightStore,
    tokenizer: Option<Tokenizer>,
    entity_vocab: Option<EntityVocab>,
    config: LukeConfig,
}

/// A model ready to run.
pub struct Luke {
    /// The folder's manifest.
    pub manifest: Manifest,
    /// The checkpoint's config.
    pub config: LukeConfig,
    /// The word tokenizer.
    pub tokenizer: Tokenizer,
    /// The entity vocabulary.
    pub entity_vocab: EntityVocab,
    /// Where it runs.
    pub device: DeviceKind,
    /// Largest difference seen in the self-test, where one ran.
    pub self_test_error: Option<f32>,
    model: LukeModel,
    heads: BTreeMap<String, Head>,
}

/// An output of [`Luke::forward`], read back from the device.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Hugging Face's name in camelCase.
    pub name: &'static str,
    /// Shape without the batch axis.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
}

impl LukeLoader {
    /// Starts from a manifest.
    pub fn new(manifest_json: &str) -> Result<Self> {
        let manifest = Manifest::parse(manifest_json)?;
        let config = LukeConfig::from_value(&manifest.config)?;
        Ok(Self { store: WeightStore::new(manifest), tokenizer: None, entity_vocab: None, config })
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        self.store.manifest()
    }

    /// Adds `"tokenizer"` or `"entityVocab"`, after checking length and hash.
    pub fn push_file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let files = &self.store.manifest().files;
        match name {
            "tokenizer" => {
                files.tokenizer.verify(bytes)?;
                self.tokenizer = Some(Tokenizer::from_bytes(bytes)?);
            }
            "entityVocab" => {
                files.entity_vocab.verify(bytes)?;
                self.entity_vocab = Some(EntityVocab::from_bytes(bytes, self.config.entity_vocab_size)?);
            }
            other => return Err(LukeError::input("name", format!("there is no file '{other}'"))),
        }
        Ok(())
    }

    /// Adds a chunk, after checking length and hash.
    pub fn push_chunk(&mut self, index: usize, bytes: Vec<u8>) -> Result<()> {
        self.store.push_chunk(index, bytes)
    }

    /// Builds the model on a device, and runs the manifest's self-test where asked.
    pub async fn finish(mut self, kind: DeviceKind, self_test: bool) -> Result<Luke> {
        let manifest = self.store.manifest().clone();
        let missing = |path: &str| LukeError::integrity(path, "was not loaded");
        let tokenizer = self.tokenizer.ok_or_else(|| missing(&manifest.files.tokenizer.path))?;
        let entity_vocab = self.entity_vocab.ok_or_else(|| missing(&manifest.files.entity_vocab.path))?;
        self.store.check_complete()?;
        if tokenizer.vocab_size() > self.config.vocab_size {
            let (has, table) = (tokenizer.vocab_size(), self.config.vocab_size);
            return Err(LukeError::format("tokenizer.json", format!("has {has} tokens, the word table {table} rows")));
        }
        let device: Device = backend::open(kind).await?;
        let model = LukeModel::load(&mut self.store, &self.config, &device)?;
        let mut heads = BTreeMap::new();
        for (task, spec) in &manifest.heads {
            let head = Head::load(task, spec.labels.len(), &mut self.store, &self.config, &device)?;
            heads.insert(task.clone(), head);
        }
        self.store.check_all_taken()?;
        let mut luke = Luke {
            manifest,
            config: self.config,
            tokenizer,
            entity_vocab,
            device: kind,
            self_test_error: None,
            model,
            heads,
        };
        if self_test {
            luke.self_test_error = luke.self_test().await?;
        }
        Ok(luke)
    }
}

impl Luke {
    /// The tasks this model has a head for, of those there is a method for.
    pub fn tasks(&self) -> Vec<&str> {
        self.heads
            .keys()
            .map(String::as_str)
            .filter(|task| ["ner", "qa", "relation", "typing"].contains(task))
            .collect()
    }

    /// A head and what the manifest says of it.
    pub fn head(&self, task: &str) -> Result<(&Head, &HeadSpec)> {
        match (self.heads.get(task), self.manifest.heads.get(task)) {
            (Some(head), Some(spec)) => Ok((head, spec)),
            _ => Err(LukeError::TaskUnavailable { task: task.into(), available: self.heads.keys().cloned().collect() }),
        }
    }

    /// Builds inputs with this model's tokenizer and entity vocabulary.
    pub fn encoder(&self, options: EncodeOptions) -> Encoder<'_> {
        Encoder { tokenizer: &self.tokenizer, entities: &self.entity_vocab, options }
    }

    /// Runs the model on arrays. `head` is a task, or `"model"` for the hidden states; left out, it is the only
    /// head there is, or `"model"`.
    pub async fn forward(&self, inputs: &ModelInputs, head: Option<&str>) -> Result<Vec<Output>> {
        inputs.check(&self.config)?;
        let head = match head {
            Some("model") => None,
            Some(task) => Some(self.head(task)?.0),
            None if self.heads.len() > 1 => {
                let known: Vec<&str> = self.heads.keys().map(String::as_str).collect();
                return Err(LukeError::input("head", format!("name one of model, {}", known.join(", "))));
            }
            None => self.heads.values().next(),
        };
        let states = self.model.forward(inputs);
        let outputs = match head {
            Some(head) => head.forward(&self.model, &states, inputs)?,
            None => hidden_outputs(&self.model, &states),
        };
        read(outputs).await
    }

    /// The first `columns` values of one row of the embeddings and of every layer.
    pub async fn hidden_rows(&self, inputs: &ModelInputs, rows: &[usize], columns: usize) -> Result<Vec<Output>> {
        inputs.check(&self.config)?;
        let mut layers = Vec::new();
        self.model.forward_layers(inputs, |states| {
            for row in rows {
                let tensor = states.clone().slice([*row..row + 1, 0..columns]);
                layers.push(NamedTensor { name: "hiddenStates", tensor, shape: vec![columns] });
            }
        });
        read(layers).await
    }

    /// Runs the manifest's self-test; the largest difference, or `None` where there is no test.
    pub async fn self_test(&self) -> Result<Option<f32>> {
        let Some(test) = &self.manifest.self_test else { return Ok(None) };
        let got = self.self_test_values(&test.text, &test.spans, &test.head).await?;
        let bad = |reason| LukeError::DeviceLost(format!("self-test of head '{}': {reason}", test.head));
        if got.len() < test.expected.len() {
            return Err(bad(format!("{} values came, {} expected", got.len(), test.expected.len())));
        }
        let worst = got.iter().zip(&test.expected).map(|(g, e)| (g - e).abs());
        let worst = worst.fold(0.0, f32::max);
        match worst <= test.tolerance {
            true => Ok(Some(worst)),
            false => Err(bad(format!("differs by {worst:e}, allowed is {:e}", test.tolerance))),
        }
    }

    /// The values a self-test compares: the head's first output for a text and spans in UTF-16 units.
    pub async fn self_test_values(&self, text: &str, spans: &[[usize; 2]], head: &str) -> Result<Vec<f32>> {
        let offsets = Offsets::new(text, OffsetUnit::Utf16);
        let spans = spans.iter().map(|span| offsets.span("spans", *span)).collect::<Result<Vec<_>>>()?;
        let task = match head {
            "ner" => Task::EntitySpanClassification,
            "typing" => Task::EntityClassification,
            "relation" => Task::EntityPairClassification,
            _ => Task::Entities(None),
        };
        let inputs = self.encoder(EncodeOptions::default()).encode(Spanned { text, spans: &spans }, task)?;
        let outputs = self.forward(&inputs, Some(head)).await?;
        Ok(outputs.into_iter().next().map(|output| output.values).unwrap_or_default())
    }
}

async fn read(outputs: Vec<NamedTensor>) -> Result<Vec<Output>> {
    let mut read = Vec::with_capacity(outputs.len());
    for NamedTensor { name, tensor, shape } in outputs {
        let lost = |error: String| LukeError::DeviceLost(error);
        let data = tensor.into_data_async().await.map_err(|error| lost(error.to_string()))?;
        let values = data.try_to_vec::<f32>().map_err(|error| lost(format!("{error:?}")))?;
        // With checked inputs and weights, only a device that computes wrongly gives these.
        if values.iter().any(|value| !value.is_finite()) {
            return Err(lost(format!("{name} is not finite")));
        }
        read.push(Output { name, shape, values });
    }
    Ok(read)
}
