//! A loaded model: tokenizer, entity vocabulary, encoder and heads on one device.

mod calibrate;
mod canary;
mod layers;
mod load;
mod masked;
mod pass_cache;
mod read;
mod self_test;
mod taught;
mod turns;

pub use crate::model::OutputName;
pub use calibrate::InputSum;
pub use masked::Vocabulary;
pub(crate) use pass_cache::PassKey;
pub use taught::AddedHead;
pub(crate) use turns::Turns;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::tensor::Tensor;

use crate::backend::{self, DeviceKind, OpenDevice};
use crate::checkpoint::RawCheckpoint;
use crate::config::LukeConfig;
use crate::error::{LukeError, Result, shortened};
use crate::folder::{CheckedFolder, Manifest, Source};
use crate::heads::{HeadKind, HeadSpec, Method};
use crate::inputs::{CheckedInputs, ModelInputs};
use crate::kernels::gather_rows;
use crate::model::{Head, HiddenStates, LukeModel, NamedTensor, Step, hidden_outputs};
use crate::text::{EncodeOptions, EntityVocab, InputBuilder, Tokenizer};
use canary::{Canary, read_with};
use masked::MaskedScorer;
use pass_cache::PassCache;
use read::{read, split};

/// A model ready to run.
pub struct Luke {
    /// The folder's manifest.
    pub manifest: Manifest,
    /// See [`CheckedFolder::manifest_hash`].
    pub manifest_hash: String,
    /// The checkpoint's config.
    pub config: LukeConfig,
    /// How many numbers the model has, with the rows of an entity table that stays in its files.
    pub parameters: u64,
    /// The word tokenizer.
    pub tokenizer: Tokenizer,
    /// The entity vocabulary.
    pub entity_vocab: EntityVocab,
    /// Where it runs.
    pub device: DeviceKind,
    /// Largest absolute difference seen in the self-test, where one ran.
    pub self_test_error: Option<f32>,
    /// Heads of the model folder that were taught, in the order of its manifest.
    pub taught_heads: Vec<AddedHead>,
    /// How the kernels agreed with plain loops on this GPU.
    #[cfg(feature = "webgpu")]
    pub probed: Option<crate::kernels::Probed>,
    model: LukeModel,
    heads: BTreeMap<HeadKind, Head>,
    canary: Option<Canary>,
    pass_cache: PassCache,
    rows_run: AtomicU64,
    /// Where rows of an entity table come from, and whom a call asks at its pauses.
    source: Arc<dyn Source>,
    /// `backend::check` knows the faults of the device while this exists.
    opened: OpenDevice,
}

/// An output of [`Luke::forward`], read back from the device.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Which output it is.
    pub name: OutputName,
    /// Shape without the batch axis.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
}

impl Output {
    /// The output of a name among those of one input.
    ///
    /// # Errors
    /// `format` where the head does not give it.
    pub fn find(outputs: &[Self], name: OutputName) -> Result<&Self> {
        let missing = || LukeError::format("manifest.json", format!("a head of the model gives no {name}"));
        outputs.iter().find(|output| output.name == name).ok_or_else(missing)
    }
}

impl Luke {
    /// Reads the files of a model folder from `source` and builds the model on a device while they come in. Runs the
    /// manifest's self-test if `self_test` says so.
    ///
    /// # Errors
    /// - `integrity`: a file is not what the manifest says
    /// - `format`: a file, or what the self-test asks, is nothing that this program can follow
    /// - `network`, `aborted`, or what else `source` fails with
    /// - `unsupported`: this build or machine has no such device
    /// - `device-lost`: the device failed, or the self-test gave other values
    /// - `out-of-memory`
    pub async fn load(
        folder: CheckedFolder,
        source: Arc<dyn Source>,
        kind: DeviceKind,
        self_test: bool,
    ) -> Result<Self> {
        load::folder(folder, source, kind, self_test).await
    }

    /// Builds a model from a checkpoint that is read as it is. `source` brings the parts of its weight files.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn load_checkpoint(checkpoint: RawCheckpoint, source: Arc<dyn Source>, kind: DeviceKind) -> Result<Self> {
        load::checkpoint(checkpoint, source, kind).await
    }

    /// The methods of the API that this model can do.
    pub fn tasks(&self) -> Vec<&'static str> {
        let methods = self.heads.keys().flat_map(|head| head.info().methods).copied();
        // A table cut to the special entities has none to predict.
        let usable = methods.filter(|method| *method != Method::PredictEntities || self.entity_vocab.titles() > 4);
        usable.chain([Method::Embed]).map(Method::name).collect()
    }

    /// A head and what the manifest says of it.
    ///
    /// # Errors
    /// `task-unavailable` when the model has no such head.
    pub fn head(&self, kind: HeadKind) -> Result<(&Head, &HeadSpec)> {
        match (self.heads.get(&kind), self.manifest.heads.get(kind.key())) {
            (Some(head), Some(spec)) => Ok((head, spec)),
            _ => Err(self.unavailable(kind.key())),
        }
    }

    /// Checks that a method is one of [`tasks`](Self::tasks).
    ///
    /// # Errors
    /// `task-unavailable` when it is not.
    pub fn check_method(&self, method: Method) -> Result<()> {
        if self.tasks().contains(&method.name()) { Ok(()) } else { Err(self.unavailable(method.name())) }
    }

    /// Builds the error that says that there is no head for a task, and which tasks there are.
    pub fn unavailable(&self, task: &str) -> LukeError {
        let mut available: Vec<String> = self.tasks().into_iter().map(str::to_owned).collect();
        let others = self.heads.keys().map(|head| head.key().to_owned());
        available.extend(others.filter(|head| !available.contains(head)).collect::<Vec<_>>());
        LukeError::TaskUnavailable { task: shortened(task), available }
    }

    /// Whether the device has failed, so that the model must be loaded again.
    pub fn is_lost(&self) -> bool {
        backend::check(self.opened.device()).is_err()
    }

    /// Builds inputs with this model's tokenizer and entity vocabulary.
    pub fn input_builder(&self, options: EncodeOptions) -> InputBuilder<'_> {
        InputBuilder { tokenizer: &self.tokenizer, entities: &self.entity_vocab, options }
    }

    /// Runs the model on arrays. `head` is the name of a head, or `"model"` for the hidden states; left out, it is the
    /// only head there is, or `"model"`.
    ///
    /// # Errors
    /// As [`forward_batch`](Self::forward_batch).
    pub async fn forward(&self, inputs: &ModelInputs, head: Option<&str>) -> Result<Vec<Output>> {
        let outputs = self.forward_batch(std::slice::from_ref(inputs), head).await?;
        Ok(outputs.into_iter().next().unwrap_or_default())
    }

    /// Runs inputs of any lengths, several in one forward pass: up to [`batch_rows`](Self::batch_rows) rows, but at
    /// least one input. Returns for each input what [`forward`](Self::forward) returns, in order.
    ///
    /// # Errors
    /// - `input`: an input does not fit the model or the head (see [`ModelInputs::checked`]), or several heads could be
    ///   meant
    /// - `task-unavailable`: the model has no such head
    /// - `device-lost`: the device failed
    /// - `format`: the weights are so large that a result is not finite, or a chunk of the entity table has wrong
    ///   numbers
    /// - `integrity`, `network`, or what else the source of the entity table fails with
    /// - `aborted`, or what else the source fails with at a pause
    /// - `out-of-memory`
    pub async fn forward_batch(&self, batch: &[ModelInputs], head: Option<&str>) -> Result<Vec<Vec<Output>>> {
        let head = match head {
            Some("model") => None,
            Some(key) => Some(HeadKind::from_key(key).ok_or_else(|| self.unavailable(key))?),
            None if self.heads.len() > 1 => {
                let known: Vec<&str> = self.heads.keys().map(|head| head.key()).collect();
                return Err(LukeError::input("head", format!("name one of model, {}", known.join(", "))));
            }
            None => self.heads.keys().next().copied(),
        };
        self.forward_head(batch, head).await
    }

    /// As [`forward_batch`](Self::forward_batch), with the head as a [`HeadKind`]; `None` runs the encoder alone.
    ///
    /// # Errors
    /// As [`forward_batch`](Self::forward_batch).
    pub async fn forward_head(&self, batch: &[ModelInputs], head: Option<HeadKind>) -> Result<Vec<Vec<Output>>> {
        let batch: Vec<_> = batch.iter().map(|inputs| inputs.checked(&self.config)).collect::<Result<_>>()?;
        let head = head.map(|kind| self.head(kind)).transpose()?.map(|(head, _)| head);
        let (mut outputs, mut rest) = (Vec::with_capacity(batch.len()), batch.as_slice());
        while !rest.is_empty() {
            let (together, others) = rest.split_at(self.fitting(rest));
            self.pause().await?;
            outputs.extend(self.run(together, head).await?);
            rest = others;
        }
        Ok(outputs)
    }

    /// How many of these inputs, which are one at least, run at once.
    fn fitting(&self, inputs: &[CheckedInputs<'_>]) -> usize {
        let mut rows = 0;
        let fits = inputs.iter().take_while(|inputs| {
            rows += inputs.rows();
            rows <= self.batch_rows()
        });
        fits.count().max(1)
    }

    /// Lets the source do other work, or end the call; see [`Source::pause`].
    ///
    /// # Errors
    /// What the source fails with.
    pub(crate) async fn pause(&self) -> Result<()> {
        self.source.pause().await
    }

    /// Pauses for work on a text.
    pub(crate) fn turns(&self) -> Turns<'_> {
        Turns::new(&*self.source)
    }

    /// How many words and entities run at once where there are several inputs: beyond it little time is gained, and what is
    /// between the layers takes memory. On a GPU it follows the speed of the device.
    pub fn batch_rows(&self) -> usize {
        self.device.batch_rows(self.config.flop_per_row())
    }

    /// Sets how many bytes the results of passes take that are kept between calls of `ner`; see [`Luke::ner`]. Those that were
    /// not used for the longest time go first. 0 keeps nothing. A loaded model begins with 8 MiB.
    pub fn set_pass_cache_bytes(&self, bytes: usize) {
        self.pass_cache.set_max_bytes(bytes);
    }

    /// The results of passes that are kept between calls of `ner`.
    pub(crate) fn pass_cache(&self) -> &PassCache {
        &self.pass_cache
    }

    /// How many rows (word tokens and entities) have begun to run in forward passes since the model was built; the self-test of
    /// [`load`](Self::load) is among them. Results that `ner` has kept run no rows. Not counted are
    /// [`hidden_rows`](Self::hidden_rows), [`sum_inputs`](Self::sum_inputs), and the row that checks each pass on a GPU.
    pub fn rows_run(&self) -> u64 {
        self.rows_run.load(Ordering::Relaxed)
    }

    /// One forward pass and a head; there must be an input.
    async fn run(&self, batch: &[CheckedInputs<'_>], head: Option<&Head>) -> Result<Vec<Vec<Output>>> {
        let mut states = self.states(batch).await?;
        let outputs = match head {
            Some(Head::MaskedLm(head)) => return MaskedScorer::of(self, head).outputs(states).await,
            Some(Head::Linear(head)) => head.forward(&self.model, &states, batch)?,
            None => hidden_outputs(&self.model, &states),
        };
        let mut each = vec![Vec::new(); batch.len()];
        let tensors = outputs.iter().map(|output| (output.name.to_string(), output.tensor.clone())).collect();
        let values = read_with(self, tensors, states.canary.take().into_iter().collect()).await?;
        for (NamedTensor { name, rows, axes, .. }, values) in outputs.iter().zip(values) {
            split(*name, &values, rows, *axes, &mut each);
        }
        Ok(each)
    }

    /// The last layer's states; there must be an input. Whoever reads what comes from them reads the canary with it.
    async fn states(&self, batch: &[CheckedInputs<'_>]) -> Result<HiddenStates> {
        self.states_by_step(batch, |_, _| {}).await
    }

    /// As [`states`](Self::states); calls `seen` with the tensor of each step.
    async fn states_by_step(
        &self,
        batch: &[CheckedInputs<'_>],
        seen: impl FnMut(Step, &Tensor<2>),
    ) -> Result<HiddenStates> {
        self.rows_run.fetch_add(batch.iter().map(|inputs| inputs.rows() as u64).sum(), Ordering::Relaxed);
        let canary = self.canary.as_ref().map(|canary| canary.next(&self.config)).transpose()?;
        self.model.forward(batch, canary, self.entity_rows(batch).await?, seen, async || self.ready().await).await
    }

    /// Waits while the device has enough work, and lets the source do other work meanwhile, or end the call.
    async fn ready(&self) -> Result<()> {
        if backend::ready().await { self.pause().await } else { Ok(()) }
    }

    /// The entity table's rows of a batch.
    async fn entity_rows(&self, batch: &[CheckedInputs<'_>]) -> Result<Vec<f32>> {
        let ids: Vec<u32> = batch.iter().flat_map(|inputs| &inputs.entity_ids).copied().collect();
        self.model.entity_embeddings().gather(&ids).await
    }

    /// The first `columns` values of some rows of the embeddings and of every layer. The rows of an input are its word tokens,
    /// then its entities. First come the embeddings of all `rows` in their order, then the states after each layer.
    ///
    /// # Shapes
    /// - result: `(layers + 1) * rows.len()` outputs of shape `[columns]`
    ///
    /// # Errors
    /// As [`forward_batch`](Self::forward_batch).
    ///
    /// # Panics
    /// If there is no such row or column.
    pub async fn hidden_rows(&self, inputs: &ModelInputs, rows: &[usize], columns: usize) -> Result<Vec<Output>> {
        let batch = [inputs.checked(&self.config)?];
        let mut seen = Vec::new();
        let see = |step, states: &Tensor<2>| {
            if step == Step::Result {
                seen.extend(rows.iter().map(|row| gather_rows(states.clone(), &[*row])));
            }
        };
        self.model.forward_steps(&batch, self.entity_rows(&batch).await?, see, async || self.ready().await).await?;
        let name = OutputName::HiddenStates;
        let layers = read(seen.into_iter().map(|tensor| (name, tensor)).collect()).await?;
        let part = |values: Vec<f32>| Output { name, shape: vec![columns], values: values[..columns].to_vec() };
        Ok(layers.into_iter().map(part).collect())
    }

    /// Scores every row of a vocabulary at some positions of each input. `visit` is called for a
    /// block of rows at a time, with the first row of the block and the logits.
    ///
    /// # Shapes
    /// - logits of a block: `[positions of all inputs, rows of the block]`, the positions of the first input first
    ///
    /// # Errors
    /// `task-unavailable` naming `method` when the model has no head for masked words; `input` when there is no such
    /// position; else as [`forward_batch`](Self::forward_batch).
    pub async fn masked_logits(
        &self,
        method: Method,
        vocabulary: Vocabulary,
        inputs: &[(ModelInputs, Vec<usize>)],
        visit: impl FnMut(usize, &[f32]),
    ) -> Result<()> {
        MaskedScorer::new(self, method)?.score(vocabulary, inputs, visit).await
    }

    /// Sums what goes into each linear layer of the encoder on a text with mentions (UTF-16 units). Empty where the
    /// text is too long for the model.
    ///
    /// # Errors
    /// `input` when a span is none of the text; else as [`forward_batch`](Self::forward_batch).
    pub async fn sum_inputs(&self, text: &str, spans: &[[usize; 2]]) -> Result<Vec<InputSum>> {
        calibrate::sum_inputs(self, text, spans).await
    }

    /// Runs the manifest's self-test; the largest absolute difference, or `None` where there is no test.
    ///
    /// # Errors
    /// `format` when the test's text or spans are nothing the model can read; `device-lost` when the values differ;
    /// else as [`forward_batch`](Self::forward_batch).
    pub async fn self_test(&self) -> Result<Option<f32>> {
        self_test::run(self).await
    }

    /// The values that a self-test compares: an output of the head for a text, row-major. `spans` are in UTF-16 units.
    /// `head` is the key of a head, or `"model"` for the hidden states of the words.
    ///
    /// # Errors
    /// `input` if a span is not one of the text, or if their number does not fit the head; else as
    /// [`forward_batch`](Self::forward_batch).
    pub async fn self_test_values(&self, text: &str, spans: &[[usize; 2]], head: &str) -> Result<Vec<f32>> {
        self_test::values(self, text, spans, head).await
    }
}
