//! Any options and any text give a result with right offsets, or an `input` error, within seconds and 256 MB of memory.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::answers::check_answer;
use super::files::read_folder;
use super::folders::cases;
use super::limits::within_limits;
use super::subject::{Luke, call, load_folder};
use super::texts::{Text, long_text, text};
use crate::support::folder;

/// Which model runs which task.
const TASKS: [(&str, &str); 14] = [
    ("micro-span_cls", "ner"),
    ("micro-bert", "ner"),
    ("micro-case", "ner"),
    ("micro-qa", "qa"),
    ("micro-entity_cls", "typing"),
    ("micro-mluke", "typing"),
    ("micro-entity_pair", "relation"),
    ("micro-cloze", "cloze"),
    ("micro-mlm", "fillMask"),
    ("micro-paged", "predictEntities"),
    ("micro-paged", "embed"),
    ("micro-bert", "embed"),
    ("micro-case", "embed"),
    ("micro-mluke", "embed"),
];

static MODELS: LazyLock<BTreeMap<&str, Luke>> = LazyLock::new(|| {
    let load = |name: &str| load_folder(read_folder(&folder(name))).unwrap();
    TASKS.iter().map(|(name, _)| *name).map(|name| (name, load(name))).collect()
});

/// Two windows of the models over a long text take a part of this.
const MAX_TIME: Duration = Duration::from_secs(3);

/// What an answer in a long text may take more, for each byte of it: each byte can be a token, and each token is read four times
/// (512 tokens a window, a new one each 128), about 20 µs a time.
const MAX_ANSWER_TIME: Duration = Duration::from_micros(200);

/// The same where an option lets windows begin at every token, so that a token is read up to 450 times.
const MAX_DENSE_TIME: Duration = Duration::from_millis(10);

/// Options that say how far apart windows begin.
const STRIDES: [&str; 3] = ["docStride", "maxAnswerTokens", "maxSeqTokens"];

/// One call.
#[derive(Clone, Debug)]
struct Call {
    task: usize,
    first: Text,
    second: Text,
    spans: Vec<Span>,
    options: Value,
    /// What stands in the place of an argument.
    wrong: Option<(usize, Value)>,
}

#[derive(Clone, Copy, Debug)]
enum Span {
    /// Between the ends of characters.
    Whole(u16, u16),
    /// Any offsets.
    Any(u64, u64),
}

impl Span {
    /// As the API has it, in a text whose characters end at `ends`.
    fn json(self, ends: &[usize]) -> Value {
        let at = |place: u16| ends[usize::from(place) % ends.len()];
        match self {
            Self::Whole(a, b) => json!([at(a).min(at(b)), at(a).max(at(b))]),
            Self::Any(a, b) => json!([a, b]),
        }
    }
}

fn span() -> impl Strategy<Value = Span> {
    let odd = || prop_oneof![4 => 0u64..40, 1 => select(vec![u64::from(u32::MAX), 1 << 32, 1 << 53, u64::MAX])];
    prop_oneof![
        8 => (any::<u16>(), any::<u16>()).prop_map(|(a, b)| Span::Whole(a, b)),
        1 => (odd(), odd()).prop_map(|(a, b)| Span::Any(a, b)),
    ]
}

/// Options of each task. With a long text only those come that do not make a call longer.
fn names(task: &str, long: bool) -> Vec<&'static str> {
    let (any, of_short): (&[_], &[_]) = match task {
        "ner" => (
            &[
                "threshold",
                "labels",
                "sentences",
                "candidates",
                "capitals",
                "specialTokens",
                "allScores",
                "offsets",
                "runnersUp",
            ],
            &["maxSpanTokens", "maxEntitiesPerPass", "maxSeqTokens", "context"],
        ),
        "qa" => (
            &["topK", "nBest", "maxQuestionTokens", "entities", "nullThreshold", "specialTokens", "offsets"],
            &["docStride", "maxSeqTokens", "maxAnswerTokens"],
        ),
        "cloze" => {
            (&["maxQueryTokens", "maxMentionTokens", "specialTokens", "offsets"], &["docStride", "maxSeqTokens"])
        }
        "fillMask" => (&["topK", "specialTokens"], &[]),
        "predictEntities" => (&["topK", "titles", "specialTokens", "offsets"], &[]),
        "embed" => (&["titles", "specialTokens", "offsets", "pooling", "normalize"], &[]),
        _ => (&["allScores", "specialTokens", "offsets"], &[]),
    };
    [any, if long { &[] } else { of_short }].concat()
}

/// A value that an option may have.
fn plausible(name: &str) -> BoxedStrategy<Value> {
    let one_of = |values: Value| select(values.as_array().cloned().unwrap_or_default()).boxed();
    let texts =
        || prop::collection::vec(text(), 0..4).prop_map(|texts| texts.iter().map(Text::get).collect::<Vec<_>>());
    match name {
        "offsets" => one_of(json!(["utf16", "codepoint", "byte"])),
        "specialTokens" => one_of(json!(["match", "text"])),
        "context" => one_of(json!(["sentence", "document"])),
        "candidates" => one_of(json!(["all", "likely"])),
        "capitals" => one_of(json!(["keep", "lower"])),
        "sentences" => prop_oneof![
            one_of(json!(["auto", "unicode", "none"])),
            prop::collection::vec((0u32..30, 0u32..30), 0..4).prop_map(|spans| json!(spans)),
        ]
        .boxed(),
        "threshold" | "nullThreshold" | "runnersUp" => (-0.5f64..1.5).prop_map(|value| json!(value)).boxed(),
        "pooling" => one_of(json!(["none", "mean", "cls"])),
        "allScores" | "normalize" => any::<bool>().prop_map(|value| json!(value)).boxed(),
        "labels" => one_of(json!([[], ["PER"], ["PER", "LOC"], ["LABEL_1", "LABEL_2"], [""]])),
        "titles" => {
            prop::collection::vec(prop::option::of(select(vec!["Japan", "[MASK]", "[PAD]", "Entity 700", ""])), 0..4)
                .prop_map(|titles| json!(titles))
                .boxed()
        }
        "entities" => (texts(), select(vec!["Japan", "[MASK]", "none"]))
            .prop_map(|(texts, title)| texts.into_iter().map(|text| (text, json!(title))).collect::<Map<_, _>>().into())
            .boxed(),
        // The spans of a text grow with the square of this: 285 makes 100,000 of 500 words.
        "maxSpanTokens" => prop_oneof![
            3 => (0u64..40).prop_map(|value| json!(value)),
            1 => select(vec![json!(null), json!(10_000_000), json!(u64::from(u32::MAX)), json!(u64::MAX)]),
        ]
        .boxed(),
        _ => prop_oneof![
            3 => (0u64..600).prop_map(|value| json!(value)),
            1 => select(vec![json!(null), json!(10_000_000), json!(u64::from(u32::MAX)), json!(u64::MAX)]),
        ]
        .boxed(),
    }
}

/// A value that an option may not have, as a rule.
fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<u64>().prop_map(super::edit::interesting),
        any::<f64>().prop_map(|value| json!(value)),
        prop::collection::vec(any::<(u32, u32)>(), 0..3).prop_map(|value| json!(value)),
        (0usize..2000).prop_map(|depth| (0..depth).fold(Value::Null, |inner, _| json!([inner]))),
    ]
}

fn options(task: &'static str, long: bool) -> impl Strategy<Value = Value> {
    let option = select(names(task, long)).prop_flat_map(|name| {
        let value = prop_oneof![9 => plausible(name), 1 => anything()];
        value.prop_map(move |value| (name.to_owned(), value))
    });
    prop_oneof![
        20 => prop::collection::vec(option, 0..6).prop_map(|options| Value::Object(options.into_iter().collect())),
        1 => anything().prop_map(|value| json!({ "none": value })),
        1 => anything(),
    ]
}

fn calls(long: bool) -> impl Strategy<Value = Call> {
    (0..TASKS.len()).prop_flat_map(move |task| {
        let first = if long { long_text().boxed() } else { text().boxed() };
        let spans = prop::collection::vec(span(), 0..4);
        let wrong = prop::option::weighted(0.05, (any::<usize>(), anything()));
        (Just(task), first, text(), spans, options(TASKS[task].1, long), wrong).prop_map(
            |(task, first, second, spans, options, wrong)| Call { task, first, second, spans, options, wrong },
        )
    })
}

/// Where the characters of a text begin, and where it ends.
pub fn ends(text: &str, options: &Value) -> Vec<usize> {
    let length = |c: char| match options["offsets"].as_str() {
        Some("byte") => c.len_utf8(),
        Some("codepoint") => 1,
        _ => c.len_utf16(),
    };
    let mut at = 0;
    let mut ends = vec![0];
    ends.extend(text.chars().map(|c| {
        at += length(c);
        at
    }));
    ends
}

impl Call {
    fn task(&self) -> &'static str {
        TASKS[self.task].1
    }

    fn input(&self) -> Value {
        let (first, second) = (self.first.get(), self.second.get());
        let ends = ends(&first, &self.options);
        let spans: Vec<Value> = self.spans.iter().map(|span| span.json(&ends)).collect();
        let span = |place: usize| spans.get(place).cloned().unwrap_or(json!([0, ends[ends.len() / 2]]));
        let mut input = match (self.task(), spans.len()) {
            ("ner", 0) => json!(first),
            ("ner", 1) => json!([first, second, ""]),
            ("ner", _) => {
                let words: Vec<&str> = first.split(' ').collect();
                let half = words.len() / 2;
                match spans.len() {
                    2 => json!({ "words": words }),
                    _ => json!({ "words": words, "sentences": [[0, half], [half, words.len()]] }),
                }
            }
            ("qa", _) => json!({ "question": second, "context": first }),
            ("cloze", _) => json!({ "passage": first, "query": format!("{second} @placeholder"), "candidates": spans }),
            ("typing", 3) => json!([{ "text": first, "span": span(0) }, { "text": second, "span": [0, 1] }]),
            ("typing", _) => json!({ "text": first, "span": span(0) }),
            ("relation", 3) => {
                let turned = json!({ "text": first, "head": span(2), "tail": span(0) });
                json!([{ "text": first, "head": span(0), "tail": span(1) }, turned])
            }
            ("relation", _) => json!({ "text": first, "head": span(0), "tail": span(1) }),
            ("fillMask", _) => json!({ "text": first }),
            _ => json!({ "text": first, "spans": spans }),
        };
        match (&self.wrong, input.as_object_mut()) {
            (Some((place, value)), Some(fields)) => {
                let place = place % fields.len();
                fields.values_mut().skip(place).take(1).for_each(|field| *field = value.clone());
            }
            (Some((place, value)), None) if self.task() == "typing" => input[place % 2]["span"] = value.clone(),
            (Some((_, value)), None) => input = value.clone(),
            _ => {}
        }
        input
    }

    fn max_time(&self) -> Duration {
        let is_dense = STRIDES.iter().any(|name| self.options.get(name).is_some());
        let each = match self.task() {
            "qa" | "cloze" if is_dense => MAX_DENSE_TIME,
            "qa" => MAX_ANSWER_TIME,
            _ => Duration::ZERO,
        };
        MAX_TIME + each * u32::try_from(self.first.get().len()).unwrap()
    }

    fn run(&self) -> Result<(), String> {
        let luke = &MODELS[TASKS[self.task].0];
        let said = format!("{} of {}: {self:?}", self.task(), TASKS[self.task].0);
        let input = self.input();
        match within_limits(&said, self.max_time(), || call(luke, self.task(), input.clone(), self.options.clone()))? {
            Ok(answer) => check_answer(&input, &self.options, &answer),
            Err(error) if error.code() == "input" => Ok(()),
            Err(error) => Err(format!("{}: {error}", error.code())),
        }
    }
}

/// Arrays as `forward` takes them.
fn arrays() -> impl Strategy<Value = Value> {
    let lengths = || prop_oneof![12 => 0usize..12, 2 => 400usize..700, 1 => 900usize..3000, 1 => Just(100_000)];
    let ids = |length: usize, below: u32| prop::collection::vec(0..below, length);
    (lengths(), lengths()).prop_flat_map(move |(words, entities)| {
        let positions = prop::collection::vec(prop::collection::vec(-1..520i32, 0..4), entities);
        let mask = move |length: usize| prop::option::weighted(0.3, prop::collection::vec(0u8..3, length));
        let wrong = prop::option::weighted(0.2, (any::<usize>(), anything()));
        let arrays = (ids(words, 610), ids(entities, 41), positions, mask(words), mask(entities), any::<bool>(), wrong);
        arrays.prop_map(move |(words, entities, positions, mask, entity_mask, places, wrong)| {
            let mut inputs = json!({
                "inputIds": words, "entityIds": entities, "entityPositionIds": positions,
                "attentionMask": mask, "entityAttentionMask": entity_mask,
            });
            if places {
                inputs["entityStartPositions"] = json!(vec![0; entities.len()]);
                inputs["entityEndPositions"] = json!(vec![words.len().saturating_sub(1); entities.len()]);
            }
            if let Some((place, value)) = wrong {
                let fields = inputs.as_object_mut().unwrap();
                let place = place % fields.len();
                fields.values_mut().skip(place).take(1).for_each(|field| *field = value.clone());
            }
            inputs
        })
    })
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn any_options_give_a_result_or_an_input_error(call in calls(false)) {
        call.run().map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_arrays_give_a_result_or_an_input_error(arrays in arrays(), model in select(vec!["micro-span_cls", "micro-mlm", "micro-qa"])) {
        let said = format!("forward of {model}");
        match within_limits(&said, MAX_TIME, || call(&MODELS[model], "forward", arrays.clone(), Value::Null)) {
            Ok(Err(error)) if error.code() != "input" => prop_assert!(false, "{}: {error}", error.code()),
            Err(fault) => prop_assert!(false, "{fault}"),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn long_texts_give_a_result_or_an_input_error(call in calls(true)) {
        call.run().map_err(TestCaseError::fail)?;
    }
}
