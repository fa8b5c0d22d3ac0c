//! Teaches a head on a handful of examples, while the model stays as it is. The head is one linear layer on states between the layers of
//! the encoder. For `ner` a conditional random field is above it (`learn::crf`): so every run of words is a candidate, and all of them
//! cost one pass over the words. docs/TEACHING.md has the figures, and what was tried instead.

mod earlier;
mod examples;
mod fit;
mod judge;
mod labels;
mod lesson;
mod memory;
mod mentions;
mod types;

pub use earlier::TeachMemory;
pub use types::{
    Confusion, Example, ExampleMention, ExampleSpan, Examples, LabelReport, Quality, RelationExample, TeachInput,
    TeachOptions, TeachPhase, TeachProgress, TeachReport, TypingExample,
};

use crate::error::{LukeError, Result};
use crate::luke::Luke;
use crate::tasks::limits;
use crate::tasks::ner::{NerOptions, Reader, settings};
use crate::tasks::taught_labels::Layers;
use crate::taught::{About, MAX_NAME_BYTES, TaughtHead, TaughtTask};
use earlier::{Earlier, hashes};
use fit::{Learning, fit};
use judge::Judging;
use labels::Labels;
use lesson::Lesson;
use memory::ReadTexts;

/// The layers whose states of words a head reads: those at a half and at two thirds of the encoder. States after the last layer say more
/// about the task that the model was trained for, and less about the words.
fn layers(luke: &Luke) -> Vec<usize> {
    let layers = luke.config.num_hidden_layers;
    let mut read = vec![layers.div_ceil(2), (2 * layers).div_ceil(3)];
    read.dedup();
    read
}

/// The layers whose states of a mention as an entity a head reads.
fn entity_layers(luke: &Luke, task: TaughtTask) -> Vec<usize> {
    match task {
        TaughtTask::Ner => Vec::new(),
        TaughtTask::Typing | TaughtTask::Relation => vec![luke.config.num_hidden_layers],
    }
}

/// See [`Luke::teach`].
pub(super) async fn run(
    luke: &Luke,
    input: &TeachInput,
    options: &TeachOptions,
    memory: &mut TeachMemory,
    mut progress: impl FnMut(TeachProgress),
) -> Result<(TaughtHead, TeachReport)> {
    let (labels, count, task) = (Labels::of(input)?, input.examples.len(), input.examples.task());
    check(input, options)?;
    let mut about = About {
        task,
        name: input.name.clone(),
        labels: labels.names.clone(),
        model: luke.manifest.name.clone(),
        manifest_hash: luke.base_hash().to_owned(),
        layers: layers(luke),
        entity_layers: entity_layers(luke, task),
        hidden: luke.config.hidden_size,
        temperature: 1.0,
        examples: count,
        multi: multi(&input.examples, &labels, options)?,
    };
    let mut reading = |done| progress(TeachProgress { phase: TeachPhase::Reading, done, total: count });
    reading(0);
    let lesson = read_examples(luke, &input.examples, &labels, options, &about, &mut memory.texts, reading).await?;

    let learning =
        Learning { lesson: &lesson, choice: about.choice(), columns: about.columns(), labels: labels.names.len() };
    let examples = hashes(&lesson);
    let earlier = memory.earlier.as_ref().filter(|earlier| earlier.leads_to(&about, options, &examples));
    let folds = if count < 2 || earlier.is_some() { 0 } else { options.folds.min(count) };
    let mut taught = |done| progress(TeachProgress { phase: TeachPhase::Teaching, done, total: folds + 1 });
    taught(0);
    let turns = &mut luke.turns();
    let judging = match earlier {
        Some(Earlier { examples: seen, judging, layer, .. }) => {
            let mut judging = judging.clone();
            judging.add(&learning, layer, |example| example >= seen.len(), turns).await?;
            Some(judging)
        }
        None if folds == 0 => None,
        None => Some(Judging::by_folds(&learning, folds, options.seed, turns, &mut taught).await?),
    };
    let linear = fit(&learning, |_| true, turns).await?;
    taught(folds + 1);

    let mut of_label = vec![0; labels.names.len()];
    lesson.groups.iter().flat_map(|group| &group.labels).for_each(|span| of_label[span.label] += 1);
    let judged = judging.as_ref().map(Judging::finish);
    let (reports, confusions) = judge::name(&labels.names, &of_label, judged.as_ref());
    let report = TeachReport {
        examples: count,
        spans: of_label.iter().sum(),
        widened: lesson.widened,
        multi: about.multi,
        all: judged.as_ref().map(|judged| judged.all),
        labels: reports,
        confusions,
    };
    let by_folds = earlier.map_or(count, |earlier| earlier.by_folds);
    if let Some(judging) = judging {
        let (about, layer, folds, seed) = (about.clone(), linear.clone(), options.folds, options.seed);
        memory.earlier = Some(Earlier { about, folds, seed, examples, by_folds, judging, layer });
    }
    about.temperature = judged.map_or(1.0, |judged| judged.temperature);
    Ok((TaughtHead { about, linear }.rounded(), report))
}

/// Checks what is the same for all tasks.
///
/// # Errors
/// `input` for a name that is empty or long, folds out of their range, and for no or too many examples.
fn check(input: &TeachInput, options: &TeachOptions) -> Result<()> {
    if input.name.is_empty() || input.name.len() > MAX_NAME_BYTES {
        return Err(LukeError::input("name", format!("is empty or longer than {MAX_NAME_BYTES} bytes")));
    }
    if options.folds != 0 {
        limits::check("folds", options.folds, &limits::FOLDS)?;
    }
    limits::check_count("examples", input.examples.len(), limits::MAX_EXAMPLES)?;
    if input.examples.is_empty() {
        return Err(LukeError::input("examples", "are none"));
    }
    Ok(())
}

/// Whether mentions may have several labels; `None` where the task is not `typing`.
///
/// # Errors
/// `input` for the option where the task is not `typing`, and for examples and labels that do not fit.
fn multi(examples: &Examples, labels: &Labels, options: &TeachOptions) -> Result<Option<bool>> {
    match examples {
        Examples::Typing(examples) => mentions::multi(examples, labels, options.multi).map(Some),
        _ if options.multi.is_some() => Err(LukeError::input("multi", "is an option of typing alone")),
        Examples::Relation(_) => mentions::check_two(labels).map(|()| None),
        Examples::Ner(_) => Ok(None),
    }
}

async fn read_examples(
    luke: &Luke,
    examples: &Examples,
    labels: &Labels,
    options: &TeachOptions,
    about: &About,
    read: &mut ReadTexts,
    done: impl FnMut(usize),
) -> Result<Lesson> {
    let (unit, layers) = (options.offsets, Layers { words: &about.layers, entities: &about.entity_layers });
    match examples {
        Examples::Ner(given) => {
            let (settings, ner) = (settings(luke, &labels.names), NerOptions::default());
            let reader = Reader::of_words(luke, &settings, &ner)?;
            examples::read(&reader, given, labels, unit, layers.words, read, done).await
        }
        Examples::Typing(given) => {
            let numbers = |example: &TypingExample| mentions::of_typing(example, labels);
            mentions::read(luke, given, unit, numbers, layers, read, done).await
        }
        Examples::Relation(given) => {
            let numbers = |example: &RelationExample| mentions::of_relation(example, labels);
            mentions::read(luke, given, unit, numbers, layers, read, done).await
        }
    }
}
