//! The table of heads.

use std::fmt;

/// A head, by the task that it was trained for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeadKind {
    /// Which candidate fills a blank.
    Cloze,
    /// Masked tokens and entities, as in pretraining.
    MaskedLm,
    /// Which of several choices is right.
    MultipleChoice,
    /// Named entities: a label for each span.
    Ner,
    /// Where an answer starts and ends.
    Qa,
    /// How two mentions are related.
    Relation,
    /// A label for the sequence.
    SequenceClassification,
    /// A label for each token.
    TokenClassification,
    /// The types of a mention.
    Typing,
}

/// A method of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `ner`
    Ner,
    /// `qa`
    Qa,
    /// `typing`
    Typing,
    /// `relation`
    Relation,
    /// `cloze`
    Cloze,
    /// `fillMask`
    FillMask,
    /// `predictEntities`
    PredictEntities,
    /// `embed`, which needs no head.
    Embed,
}

/// The row of a head in the table.
#[derive(Debug)]
pub struct HeadInfo {
    /// The head.
    pub kind: HeadKind,
    /// Its name in manifests, on the command line and in the API.
    pub key: &'static str,
    /// Its class in Hugging Face's library, or in the authors' code.
    pub class: &'static str,
    /// The layers that make the logits.
    pub layers: HeadLayers,
    /// A tensor that tells the head where `config.json` names no class.
    pub marker: Option<&'static str>,
    /// How the spans of a text become its entities.
    pub spans: SpanForm,
    /// The methods of the API that it serves.
    pub methods: &'static [Method],
}

/// The layers of a head.
#[derive(Debug)]
pub enum HeadLayers {
    /// One linear layer on hidden states.
    Linear(LinearLayer),
    /// The two decoders of `LukeForMaskedLM`, by name.
    MaskedLm([&'static str; 2]),
}

/// A linear layer on hidden states.
#[derive(Clone, Copy, Debug)]
pub struct LinearLayer {
    /// Its name in a checkpoint.
    pub name: &'static str,
    /// The hidden states that it reads for a row of logits.
    pub input: HiddenRows,
    /// The columns of the logits.
    pub output: LayerOutput,
    /// Whether it has a bias.
    pub bias: bool,
}

/// Which hidden states stand side by side in a row of a layer's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenRows {
    /// For each entity: the first token of its span, the last one, and the entity.
    SpanEnds,
    /// The first entity of a sequence.
    FirstEntity,
    /// The first and the second entity of a sequence.
    FirstTwoEntities,
    /// For each entity but the first: the first one and this one.
    FirstAndEachEntity,
    /// Each token.
    Tokens,
    /// The pooled first token of a sequence.
    Pooled,
}

/// What the columns of the logits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerOutput {
    /// A label each, of which there are at least so many.
    Labels(usize),
    /// One number.
    Score,
    /// The score of a start and of an end.
    StartAndEnd,
}

/// How the spans of a text become the entities of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanForm {
    /// As mentions that are not marked in the text.
    Mentions,
    /// One mention, marked on both sides.
    MarkedMention,
    /// Two mentions, marked on both sides.
    MarkedPair,
    /// As candidates, each with its first and its last token.
    Candidates,
}

impl HiddenRows {
    /// How many hidden states a row has.
    pub fn states(self) -> usize {
        match self {
            Self::SpanEnds => 3,
            Self::FirstTwoEntities | Self::FirstAndEachEntity => 2,
            Self::FirstEntity | Self::Tokens | Self::Pooled => 1,
        }
    }
}

impl LayerOutput {
    /// How many columns the logits have, in a head with `labels` labels.
    pub fn columns(self, labels: usize) -> usize {
        match self {
            Self::Labels(_) => labels,
            Self::Score => 1,
            Self::StartAndEnd => 2,
        }
    }
}

impl HeadInfo {
    /// The names of its layers in a checkpoint.
    pub fn layer_names(&self) -> &[&'static str] {
        match &self.layers {
            HeadLayers::Linear(layer) => std::slice::from_ref(&layer.name),
            HeadLayers::MaskedLm(names) => names,
        }
    }

    /// How many labels it has at least; `None` for a head without labels.
    pub fn min_labels(&self) -> Option<usize> {
        match &self.layers {
            HeadLayers::Linear(LinearLayer { output: LayerOutput::Labels(min), .. }) => Some(*min),
            _ => None,
        }
    }
}

impl HeadKind {
    /// Its row in the table.
    pub fn info(self) -> &'static HeadInfo {
        &HEADS[self as usize]
    }

    /// Its name in manifests, on the command line and in the API.
    pub fn key(self) -> &'static str {
        self.info().key
    }

    /// The head of this name.
    pub fn from_key(key: &str) -> Option<Self> {
        HEADS.iter().find(|head| head.key == key).map(|head| head.kind)
    }

    /// The head of a class.
    pub fn from_class(class: &str) -> Option<Self> {
        HEADS.iter().find(|head| head.class == class).map(|head| head.kind)
    }

    /// The names of all heads, for messages.
    pub fn keys() -> String {
        HEADS.each_ref().map(|head| head.key).join(", ")
    }
}

impl fmt::Display for HeadKind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 8] = [
        Self::Ner,
        Self::Qa,
        Self::Typing,
        Self::Relation,
        Self::Cloze,
        Self::FillMask,
        Self::PredictEntities,
        Self::Embed,
    ];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ner => "ner",
            Self::Qa => "qa",
            Self::Typing => "typing",
            Self::Relation => "relation",
            Self::Cloze => "cloze",
            Self::FillMask => "fillMask",
            Self::PredictEntities => "predictEntities",
            Self::Embed => "embed",
        }
    }

    /// The method of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// The table, in the order of [`HeadKind`]: by key.
pub static HEADS: [HeadInfo; 9] = [
    HeadInfo {
        kind: HeadKind::Cloze,
        key: "cloze",
        // Of studio-ousia/luke (`examples/legacy/entity_span_qa/model.py`).
        class: "LukeForEntitySpanQA",
        layers: HeadLayers::Linear(LinearLayer {
            name: "scorer",
            input: HiddenRows::FirstAndEachEntity,
            output: LayerOutput::Score,
            bias: true,
        }),
        marker: Some("scorer.weight"),
        spans: SpanForm::Mentions,
        methods: &[Method::Cloze],
    },
    HeadInfo {
        kind: HeadKind::MaskedLm,
        key: "mlm",
        class: "LukeForMaskedLM",
        layers: HeadLayers::MaskedLm(["lm_head", "entity_predictions"]),
        marker: Some("lm_head.dense.weight"),
        spans: SpanForm::Mentions,
        methods: &[Method::FillMask, Method::PredictEntities],
    },
    HeadInfo {
        kind: HeadKind::MultipleChoice,
        key: "multipleChoice",
        class: "LukeForMultipleChoice",
        layers: HeadLayers::Linear(LinearLayer {
            name: "classifier",
            input: HiddenRows::Pooled,
            output: LayerOutput::Score,
            bias: true,
        }),
        marker: None,
        spans: SpanForm::Mentions,
        methods: &[],
    },
    HeadInfo {
        kind: HeadKind::Ner,
        key: "ner",
        class: "LukeForEntitySpanClassification",
        layers: HeadLayers::Linear(LinearLayer {
            name: "classifier",
            input: HiddenRows::SpanEnds,
            output: LayerOutput::Labels(2),
            bias: true,
        }),
        marker: None,
        spans: SpanForm::Candidates,
        methods: &[Method::Ner],
    },
    HeadInfo {
        kind: HeadKind::Qa,
        key: "qa",
        class: "LukeForQuestionAnswering",
        layers: HeadLayers::Linear(LinearLayer {
            name: "qa_outputs",
            input: HiddenRows::Tokens,
            output: LayerOutput::StartAndEnd,
            bias: true,
        }),
        marker: Some("qa_outputs.weight"),
        spans: SpanForm::Mentions,
        methods: &[Method::Qa],
    },
    HeadInfo {
        kind: HeadKind::Relation,
        key: "relation",
        class: "LukeForEntityPairClassification",
        layers: HeadLayers::Linear(LinearLayer {
            name: "classifier",
            input: HiddenRows::FirstTwoEntities,
            output: LayerOutput::Labels(2),
            bias: false,
        }),
        marker: None,
        spans: SpanForm::MarkedPair,
        methods: &[Method::Relation],
    },
    HeadInfo {
        kind: HeadKind::SequenceClassification,
        key: "sequenceClassification",
        class: "LukeForSequenceClassification",
        // One label is a number (regression).
        layers: HeadLayers::Linear(LinearLayer {
            name: "classifier",
            input: HiddenRows::Pooled,
            output: LayerOutput::Labels(1),
            bias: true,
        }),
        marker: None,
        spans: SpanForm::Mentions,
        methods: &[],
    },
    HeadInfo {
        kind: HeadKind::TokenClassification,
        key: "tokenClassification",
        class: "LukeForTokenClassification",
        layers: HeadLayers::Linear(LinearLayer {
            name: "classifier",
            input: HiddenRows::Tokens,
            output: LayerOutput::Labels(1),
            bias: true,
        }),
        marker: None,
        spans: SpanForm::Mentions,
        methods: &[],
    },
    HeadInfo {
        kind: HeadKind::Typing,
        key: "typing",
        class: "LukeForEntityClassification",
        // One label is a type that holds or not.
        layers: HeadLayers::Linear(LinearLayer {
            name: "classifier",
            input: HiddenRows::FirstEntity,
            output: LayerOutput::Labels(1),
            bias: true,
        }),
        // The authors' typing model has no `classifier` but `typing` (`examples/legacy/entity_typing`).
        marker: Some("typing.weight"),
        spans: SpanForm::MarkedMention,
        methods: &[Method::Typing],
    },
];

/// Every variant has its row, at the place of its number.
const _: () = {
    assert!(HEADS.len() == HeadKind::Typing as usize + 1);
    let mut row = 0;
    while row < HEADS.len() {
        assert!(HEADS[row].kind as usize == row);
        row += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_stand_by_key_and_each_name_tells_one() {
        assert!(HEADS.is_sorted_by(|a, b| a.key < b.key), "maps of heads are in the order of their names");
        for head in &HEADS {
            assert_eq!(
                (HeadKind::from_key(head.key), HeadKind::from_class(head.class)),
                (Some(head.kind), Some(head.kind))
            );
            assert!(!head.layer_names().is_empty());
            for method in head.methods {
                assert_eq!(Method::from_name(method.name()), Some(*method));
            }
        }
        assert_eq!(HeadKind::from_key("poetry"), None);
        let served = HEADS.iter().flat_map(|head| head.methods).count();
        assert_eq!(served + 1, Method::ALL.len(), "every method but embed needs one head");
    }
}
