//! A loaded model: tokenizer, entity vocabulary, encoder and heads on one device.

mod calibrate;
mod load;
mod masked;

pub use masked::Vocabulary;

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData, Transaction};

use crate::backend::{self, DeviceKind};
use crate::config::LukeConfig;
use crate::error::{LukeError, Result};
use crate::folder::Manifest;
use crate::heads::HeadSpec;
use crate::inputs::ModelInputs;
use crate::model::{Axes, Head, HiddenStates, LukeModel, NamedTensor, Step, hidden_outputs};
use crate::text::EntityVocab;
use crate::text::{EncodeOptions, InputBuilder, InputForm, Spanned};
use crate::text::{OffsetUnit, Offsets, Tokenizer};

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
    #[expect(dead_code, reason = "`backend::check` knows a device's faults while this exists")]
    opened: backend::OpenDevice,
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

impl Luke {
    /// What this model can do, of what there is a method for.
    pub fn tasks(&self) -> Vec<&str> {
        let of_head = |head: &str| -> &'static [&'static str] {
            match head {
                "cloze" => &["cloze"],
                "ner" => &["ner"],
                "qa" => &["qa"],
                "relation" => &["relation"],
                "typing" => &["typing"],
                // A table cut to the special entities has none to predict.
                "mlm" if self.entity_vocab.titles() > 4 => &["fillMask", "predictEntities"],
                "mlm" => &["fillMask"],
                _ => &[],
            }
        };
        self.heads.keys().flat_map(|head| of_head(head)).copied().chain(["embed"]).collect()
    }

    /// A head and what the manifest says of it.
    pub fn head(&self, task: &str) -> Result<(&Head, &HeadSpec)> {
        match (self.heads.get(task), self.manifest.heads.get(task)) {
            (Some(head), Some(spec)) => Ok((head, spec)),
            _ => Err(self.unavailable(task)),
        }
    }

    /// That `task` is one of [`tasks`](Self::tasks).
    pub fn need_task(&self, task: &str) -> Result<()> {
        match self.tasks().contains(&task) {
            true => Ok(()),
            false => Err(self.unavailable(task)),
        }
    }

    /// That there is no head for a task, and what there is.
    pub fn unavailable(&self, task: &str) -> LukeError {
        let mut available: Vec<String> = self.tasks().into_iter().map(str::to_owned).collect();
        available.extend(self.heads.keys().filter(|head| !available.contains(head)).cloned().collect::<Vec<_>>());
        LukeError::TaskUnavailable { task: task.into(), available }
    }

    /// Builds inputs with this model's tokenizer and entity vocabulary.
    pub fn input_builder(&self, options: EncodeOptions) -> InputBuilder<'_> {
        InputBuilder { tokenizer: &self.tokenizer, entities: &self.entity_vocab, options }
    }

    /// Runs the model on arrays. `head` is a task, or `"model"` for the hidden states; left out, it is the only
    /// head there is, or `"model"`.
    pub async fn forward(&self, inputs: &ModelInputs, head: Option<&str>) -> Result<Vec<Output>> {
        let outputs = self.forward_batch(std::slice::from_ref(inputs), head).await?;
        Ok(outputs.into_iter().next().unwrap_or_default())
    }

    /// Runs inputs of any lengths together, up to [`batch_rows`](Self::batch_rows) at once: the outputs of each as
    /// [`forward`](Self::forward) gives them.
    pub async fn forward_batch(&self, batch: &[ModelInputs], head: Option<&str>) -> Result<Vec<Vec<Output>>> {
        for inputs in batch {
            inputs.check(&self.config)?;
        }
        let head = match head {
            Some("model") => None,
            Some(task) => Some(self.head(task)?.0),
            None if self.heads.len() > 1 => {
                let known: Vec<&str> = self.heads.keys().map(String::as_str).collect();
                return Err(LukeError::input("head", format!("name one of model, {}", known.join(", "))));
            }
            None => self.heads.values().next(),
        };
        let (mut outputs, mut rest) = (Vec::with_capacity(batch.len()), batch);
        while !rest.is_empty() {
            let mut rows = 0;
            let fits = rest.iter().take_while(|inputs| {
                rows += inputs.rows();
                rows <= self.batch_rows()
            });
            let (together, others) = rest.split_at(fits.count().max(1));
            outputs.extend(self.run(together, head).await?);
            rest = others;
        }
        Ok(outputs)
    }

    /// How many words and entities run at once where there are several inputs: beyond it little time is gained, and what is
    /// between the layers takes memory.
    pub fn batch_rows(&self) -> usize {
        self.device.batch_rows()
    }

    /// One forward pass and a head; the inputs must have been checked, and there must be one.
    async fn run(&self, batch: &[ModelInputs], head: Option<&Head>) -> Result<Vec<Vec<Output>>> {
        let states = self.states(batch).await?;
        let outputs = match head {
            Some(Head::MaskedLm(head)) => return self.all_masked_logits(head, &states).await,
            Some(head) => head.forward(&self.model, &states, batch)?,
            None => hidden_outputs(&self.model, &states),
        };
        let mut each = vec![Vec::new(); batch.len()];
        let values = read(outputs.iter().map(|output| (output.name, output.tensor.clone())).collect()).await?;
        for (NamedTensor { name, rows, axes, .. }, values) in outputs.iter().zip(values) {
            split(name, &values, rows, *axes, &mut each);
        }
        Ok(each)
    }

    /// The last layer's states; the inputs must have been checked.
    async fn states(&self, batch: &[ModelInputs]) -> Result<HiddenStates> {
        Ok(self.model.forward(batch, self.entity_rows(batch).await?))
    }

    /// The entity table's rows of a batch.
    async fn entity_rows(&self, batch: &[ModelInputs]) -> Result<Vec<f32>> {
        let ids: Vec<u32> = batch.iter().flat_map(|inputs| &inputs.entity_ids).copied().collect();
        self.model.entity_embeddings().gather(&ids).await
    }

    /// The first `columns` values of some rows of the embeddings and of every layer.
    pub async fn hidden_rows(&self, inputs: &ModelInputs, rows: &[usize], columns: usize) -> Result<Vec<Output>> {
        inputs.check(&self.config)?;
        let batch = std::slice::from_ref(inputs);
        let mut seen = Vec::new();
        self.model.forward_steps(batch, self.entity_rows(batch).await?, |step, states| {
            if step == Step::Result {
                seen.extend(rows.iter().map(|row| states.clone().slice([*row..row + 1, 0..columns])));
            }
        });
        let name = "hiddenStates";
        let layers = read(seen.into_iter().map(|tensor| (name, tensor)).collect()).await?;
        Ok(layers.into_iter().map(|values| Output { name, shape: vec![columns], values }).collect())
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
            "ner" => InputForm::EntitySpanClassification,
            "typing" => InputForm::EntityClassification,
            "relation" => InputForm::EntityPairClassification,
            _ => InputForm::Entities(None),
        };
        let inputs = self.input_builder(EncodeOptions::default()).encode(Spanned { text, spans: &spans }, task)?;
        if let Some(Head::MaskedLm(masked)) = self.heads.get(head) {
            // Words only: entities would bring their whole table here.
            let states = self.states(std::slice::from_ref(&inputs)).await?;
            let size = [inputs.input_ids.len(), self.config.vocab_size];
            return self.whole_logits(masked, &states, Vocabulary::Words, size).await;
        }
        let outputs = self.forward(&inputs, Some(head)).await?;
        Ok(outputs.into_iter().next().map(|output| output.values).unwrap_or_default())
    }
}

/// Gives each sequence its rows of an output.
fn split(name: &'static str, values: &[f32], rows: &[usize], axes: Axes, to: &mut [Vec<Output>]) {
    let columns = values.len() / rows.iter().sum::<usize>().max(1);
    let mut rest = values;
    for (rows, outputs) in rows.iter().zip(to).filter(|(rows, _)| **rows > 0) {
        let (own, others) = rest.split_at(rows * columns);
        rest = others;
        let shape = match axes {
            Axes::Both => vec![*rows, columns],
            Axes::Rows => vec![*rows],
            Axes::Columns => vec![columns],
        };
        outputs.push(Output { name, shape, values: own.to_vec() });
    }
}

/// The values of named tensors of one device, brought from it together.
async fn read<'a>(tensors: Vec<(&'a str, Tensor<2>)>) -> Result<Vec<Vec<f32>>> {
    let Some(device) = tensors.first().map(|(_, tensor)| tensor.device()) else { return Ok(Vec::new()) };
    let lost = |reason: String| backend::failed(&device, reason);
    let (names, tensors): (Vec<&'a str>, Vec<_>) = tensors.into_iter().unzip();
    let reading = tensors.into_iter().fold(Transaction::default(), |reading, tensor| reading.register(tensor));
    let data = reading.execute_async().await.map_err(|error| lost(error.to_string()))?;
    backend::check(&device)?;
    let values = |(name, data): (&str, TensorData)| {
        let values = data.try_to_vec::<f32>().map_err(|error| lost(format!("{error:?}")))?;
        // The call fails, but the device stays in use: it has reported nothing, and other models share it.
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => Err(LukeError::DeviceLost(format!("{name} is not finite"))),
        }
    };
    names.into_iter().zip(data).map(values).collect()
}

/// The values of a tensor, from the device.
async fn read_one(name: &str, tensor: Tensor<2>) -> Result<Vec<f32>> {
    Ok(read(vec![(name, tensor)]).await?.pop().unwrap_or_default())
}
