//! `rank`: which texts to mark next.

use std::path::Path;

use luke_web::LukeError;
use luke_web::tasks::rank::RankOptions;
use pollster::block_on;
use serde_json::{Value, json};

use crate::cli::once;
use crate::support::{folder, load, repository, temporary};
use crate::teach::{MINI, documents, example, teach, teach_with};
use crate::turns::{Pauses, Subject};

#[test]
fn texts_that_the_head_does_not_know_come_first() {
    let learned = documents("recipes-1.txt");
    let input = json!({ "task": "ner", "name": "recipes", "examples": learned[..8] });
    let (head, _) = teach_with(&MINI, input, json!({ "folds": 0 }), &mut Default::default()).unwrap();
    let text = |example: &Value| example["text"].as_str().unwrap().to_owned();
    // What the head has learned, a copy of a text, texts without words, and recipes that it has not seen.
    let new: Vec<String> = documents("recipes-2.txt")[..4].iter().map(text).collect();
    let texts: Vec<String> = [text(&learned[0]), new[0].clone(), new[0].clone(), String::new(), " \n".into()]
        .into_iter()
        .chain(new[1..].iter().cloned())
        .collect();
    let ranked = block_on(MINI.rank(&head, &texts, &RankOptions::default())).unwrap();
    let order: Vec<usize> = ranked.iter().map(|text| text.index).collect();
    let place = |index: usize| order.iter().position(|other| *other == index).unwrap();
    assert_eq!(order.len(), texts.len());
    assert!([1, 5, 6, 7].iter().all(|new| place(*new) < place(0)), "what is known comes behind what is new: {order:?}");
    assert!(place(2) > place(5).max(place(6)).max(place(7)), "a copy comes behind the others: {order:?}");
    assert!(ranked.array_windows().all(|[a, b]| a.score >= b.score));
    assert_eq!((ranked[place(3)].score, ranked[place(4)].score), (0.0, 0.0));
    assert_eq!(block_on(MINI.rank(&head, &texts, &RankOptions::default())).unwrap(), ranked);
    // The first ones alone, and as JSON.
    let called = block_on(MINI.call_by("rank", &head, json!(texts), json!({ "topK": 2 }))).unwrap();
    assert_eq!(
        called,
        json!([{ "index": order[0], "score": ranked[0].score }, { "index": order[1], "score": ranked[1].score }])
    );
    assert_eq!(block_on(MINI.rank(&head, &[], &RankOptions::default())), Ok(Vec::new()));
}

#[test]
fn what_cannot_be_ranked_is_refused_by_name() {
    let (head, _) = teach(&[example("Add [[FOOD salt]] to it.")]);
    for (input, options, part) in [
        (json!("a"), json!({}), "texts"),
        (json!(["a", 3]), json!({}), "texts[1]"),
        (json!(vec![""; 10_001]), json!({}), "texts: has 10001 entries"),
        (json!(["a"]), json!({ "topK": 0 }), "topK"),
        (json!(["a"]), json!({ "topK": 1001 }), "topK"),
        (json!(["a"]), json!({ "offsets": "byte" }), "offsets"),
    ] {
        let error = block_on(MINI.call_by("rank", &head, input, options)).unwrap_err();
        assert!(error.code() == "input" && error.to_string().contains(part), "{error}");
    }
    let other = load(&folder("micro-span_cls"));
    let error = block_on(other.rank(&head, &["a".into()], &RankOptions::default())).unwrap_err();
    assert!(error.to_string().contains("was taught on the model luke-mini-en"), "{error}");
}

#[test]
fn a_ranking_can_be_ended_at_each_pause() {
    let subject = Subject::new(folder("micro-span_cls"));
    subject.start(Pauses::default());
    let examples = json!({ "task": "ner", "name": "a", "examples": [example("Add [[FOOD salt]] to it.")] });
    let (head, _) = teach_with(&subject.luke, examples, json!({}), &mut Default::default()).unwrap();
    let texts: Vec<String> = (0..40).map(|i| format!("Add {i} grams of salt. Then wait.")).collect();
    let run = |last: usize| {
        subject.start(Pauses::until(last));
        block_on(subject.luke.rank(&head, &texts, &RankOptions::default()))
    };
    let whole = run(usize::MAX).unwrap();
    let pauses = subject.pauses();
    assert!(pauses >= 40, "{pauses} pauses");
    for last in (0..4).map(|part| part * pauses / 4).chain([pauses - 1]) {
        assert_eq!(run(last), Err(LukeError::Aborted));
    }
    assert_eq!(run(pauses), Ok(whole));
}

#[test]
fn the_command_line_ranks_lines() {
    let path = temporary("rank.head");
    let (head, _) = teach(&[example("Add [[FOOD salt]] to it."), example("Take the [[TOOL pan]].")]);
    std::fs::write(&path, head.to_bytes()).unwrap();
    let (model, head) = (repository().join("www/models/luke-mini-en"), path.display().to_string());
    let run =
        |lines: &str, options: &str| once("rank", Path::new(&model), lines, &["--head", &head, "--options", options]);
    let lines =
        "{\"text\": \"Boil it.\", \"id\": 1.0}\n\n{\"text\": \"Stir the dark soup in the old pot with two spoons.\"}\n";
    let (code, printed, said) = run(lines, "{}");
    assert_eq!(code, Some(0), "{said}");
    let printed: Vec<&str> = printed.lines().collect();
    assert!(
        printed.len() == 2 && printed.iter().any(|line| line.starts_with("{\"id\":1.0,\"index\":0,\"score\":")),
        "{printed:?}"
    );
    for (lines, options, part) in [
        ("{\"text\": \"a\"}\n{\"text\": 3}", "{}", "standard input:2"),
        ("{\"text\": \"a\", \"spans\": []}", "{}", "standard input:1"),
        ("nothing", "{}", "standard input:1"),
        ("", "{\"topK\": 0}", "topK"),
        ("", "{\"top\": 0}", "--options"),
    ] {
        let (code, _, said) = run(lines, options);
        assert!(code != Some(0) && said.contains(part), "{said}");
    }
}
