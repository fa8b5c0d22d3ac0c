//! A model folder or a checkpoint with one or two faults loads or fails with an error code, within a second and 256 MB,
//! and without a panic. `LUKE_HOSTILE_CASES=10` makes ten times as many cases; `LUKE_HOSTILE_CASE` runs one case that
//! was printed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::json;

use super::checks::{check_load, check_parts};
use super::edit::Edit;
use super::files::{EMPTY_TENSOR, Files, edit_checkpoint, edit_folder, read_folder, repair, split_a_table};
use super::limits::within_limits;
use super::subject::{load_checkpoint, load_folder, read_checkpoint};
use crate::added_heads::TWO;
use crate::support::{changed, checkpoint, convert, edit_tensors, read_tensors, repository, temporary};

/// Model folders: each way of storing numbers, each tokenizer, a table in parts, an entity table in chunks, and heads that were added.
static FOLDERS: LazyLock<Vec<Files>> = LazyLock::new(|| {
    let two_heads = changed("micro-span_cls", "hostile-two-heads", |folder| {
        let qa = read_tensors(&checkpoint("micro-qa"));
        edit_tensors(folder, |tensors| {
            for (name, ..) in tensors.iter_mut().filter(|(name, ..)| name.starts_with("classifier.")) {
                *name = format!("heads.ner.{name}");
            }
            let qa = qa.into_iter().filter(|(name, ..)| name.starts_with("qa_outputs."));
            tensors.extend(qa.map(|(name, shape, data)| (format!("heads.qa.{name}"), shape, data)));
        });
    });
    let all = |name: &str, dtype: &str| {
        let options = ["--dtype", dtype, "--entities", "full"];
        read_folder(&convert(&checkpoint(name), &format!("hostile-{name}-{dtype}"), &options).unwrap())
    };
    let mut parts = all("micro-mlm", "f32");
    split_a_table(&mut parts);
    let two_heads = convert(&two_heads, "hostile-two-heads", &["--dtype", "q8", "--entities", "full"]).unwrap();
    vec![
        parts,
        read_folder(&two_heads),
        all("micro-paged", "q4"),
        all("micro-cloze", "f16"),
        all("micro-bert", "f32"),
        all("micro-case", "q8"),
        all("micro-mluke", "q8"),
        all("micro-entity_pair", "q4"),
        read_folder(&TWO),
    ]
});

const SHARD: &str = "model-00001-of-00001.safetensors";

/// Checkpoints: each tokenizer, and one in shards.
static CHECKPOINTS: LazyLock<Vec<Files>> = LazyLock::new(|| {
    let mut all: Vec<Files> = ["micro-span_cls", "micro-bert", "micro-mluke", "micro-paged", "micro-case"]
        .map(|name| read_folder(&checkpoint(name)))
        .into();
    let mut shards = all[0].clone();
    let weights = shards.remove("model.safetensors").unwrap();
    let names: Vec<String> =
        safetensors::SafeTensors::deserialize(&weights).unwrap().names().into_iter().map(str::to_owned).collect();
    shards.insert(SHARD.into(), weights);
    let map: BTreeMap<String, &str> = names.into_iter().map(|name| (name, SHARD)).collect();
    shards
        .insert("model.safetensors.index.json".into(), json!({ "metadata": {}, "weight_map": map }).to_string().into());
    all.push(shards);
    all
});

/// The same, and an archive of the authors beside a tokenizer.
static CONVERTED: LazyLock<Vec<Files>> = LazyLock::new(|| {
    let mut legacy = CHECKPOINTS[0].clone();
    legacy.retain(|name, _| !["config.json", "entity_vocab.json", "model.safetensors"].contains(&name.as_str()));
    let packed = File::open(repository().join("tests/fixtures/micro-legacy.tar.gz")).unwrap();
    for entry in tar::Archive::new(flate2::read::GzDecoder::new(packed)).entries().unwrap() {
        let (mut entry, mut bytes) = (entry.unwrap(), Vec::new());
        entry.read_to_end(&mut bytes).unwrap();
        legacy.insert(entry.path().unwrap().display().to_string(), bytes);
    }
    CHECKPOINTS.iter().cloned().chain([legacy]).collect()
});

/// Time for a load and a call of each task.
const MAX_TIME: Duration = Duration::from_secs(1);

/// Letters of the longest word that each model reads: what takes their square is seen.
const LETTERS: usize = 1600;

/// What changes which files, as it is printed and read.
#[derive(Clone, Debug)]
struct Case {
    base: usize,
    edits: Vec<Edit>,
}

fn case() -> impl Strategy<Value = Case> {
    (any::<usize>(), prop::collection::vec(any::<Edit>(), 1..=2)).prop_map(|(base, edits)| Case { base, edits })
}

/// How many cases: `count`, or a multiple.
pub fn cases(count: u32) -> ProptestConfig {
    let times = std::env::var("LUKE_HOSTILE_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::SourceParallel("proptest-regressions"))),
        max_shrink_time: 60_000,
        ..ProptestConfig::with_cases(count * times)
    }
}

impl Case {
    /// The changed files, and a description.
    fn files(&self, of: &[Files], edit: fn(&mut Files, Edit) -> String) -> (Files, String) {
        let base = self.base % of.len();
        let mut files = of[base].clone();
        let said: Vec<String> = self.edits.iter().map(|change| edit(&mut files, *change)).collect();
        repair(&mut files);
        (files, format!("{base} {:?}: {}", self.edits, said.join("; ")))
    }
}

fn folder_case(case: &Case) -> Result<(), String> {
    let (files, said) = case.files(&FOLDERS, edit_folder);
    let result = within_limits(&said, MAX_TIME, || check_load(load_folder(files.clone()), LETTERS));
    result.and_then(|result| result).map_err(|reason| format!("{said}\n{reason}"))
}

fn checkpoint_case(case: &Case) -> Result<(), String> {
    let (files, said) = case.files(&CHECKPOINTS, edit_checkpoint);
    let result = within_limits(&said, MAX_TIME, || {
        let Ok(raw) = read_checkpoint(&files) else { return Ok(()) };
        if said.contains(&format!("header: {EMPTY_TENSOR} has")) {
            return Err("a tensor that nobody knows was taken".into());
        }
        check_parts(&raw, &files)?;
        check_load(load_checkpoint(raw, files.clone()), LETTERS)
    });
    result.and_then(|result| result).map_err(|reason| format!("{said}\n{reason}"))
}

/// `luke convert` of a changed checkpoint ends by itself, in the memory of one, with a code where it fails.
fn convert_case(case: &Case) -> Result<(), String> {
    let (files, said) = case.files(&CONVERTED, edit_checkpoint);
    let folder = temporary("hostile-convert");
    let to = temporary("hostile-converted");
    let _ = (std::fs::remove_dir_all(&folder), std::fs::remove_dir_all(&to));
    std::fs::create_dir_all(&folder).unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
    // 1.5 GB of addresses, of which the program itself takes a part.
    let script = "ulimit -v 1500000; exec \"$0\" convert \"$1\" \"$2\" --entities full";
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_luke")])
        .args([&folder, &to])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
            return Err(format!("{said}\nluke convert was still running after 10 s"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) if said.contains(&format!("header: {EMPTY_TENSOR} has")) => {
            Err(format!("{said}\na tensor that nobody knows was converted"))
        }
        Some(0) => Ok(()),
        Some(1 | 2) if error.starts_with("luke: ") => Ok(()),
        code => Err(format!("{said}\nluke convert ended with {code:?}: {error}")),
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_changed_folder_loads_or_fails_with_a_code(case in case()) {
        folder_case(&case).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_changed_checkpoint_loads_or_fails_with_a_code(case in case()) {
        checkpoint_case(&case).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_changed_checkpoint_is_converted_or_refused_with_a_code(case in case()) {
        convert_case(&case).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn what_is_not_changed_passes() {
    for base in 0..FOLDERS.len() {
        folder_case(&Case { base, edits: Vec::new() }).unwrap();
        assert!(load_folder(FOLDERS[base].clone()).is_ok(), "folder {base}");
    }
    for base in 0..CHECKPOINTS.len() {
        checkpoint_case(&Case { base, edits: Vec::new() }).unwrap();
        let raw = read_checkpoint(&CHECKPOINTS[base]).unwrap();
        assert!(load_checkpoint(raw, CHECKPOINTS[base].clone()).is_ok(), "checkpoint {base}");
    }
    for base in 0..CONVERTED.len() {
        convert_case(&Case { base, edits: Vec::new() }).unwrap();
        assert!(temporary("hostile-converted").join("manifest.json").exists(), "converted {base}");
    }
}

/// Those of `found.txt`, and `LUKE_HOSTILE_CASE="folder 3 [[1, 2, 3, 4]]"`.
#[test]
fn cases_that_failed_once_pass() {
    let own = std::env::var("LUKE_HOSTILE_CASE").unwrap_or_default();
    let lines = include_str!("found.txt").lines().chain(own.lines()).filter(|line| !line.starts_with('#'));
    let failed = lines.filter_map(|line| {
        let [what, base, edits] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("no case: {line}") };
        let edits = edits.split('#').next().unwrap_or_default();
        let case = Case { base: base.parse().unwrap(), edits: serde_json::from_str(edits).unwrap() };
        let result = match what {
            "folder" => folder_case(&case),
            "checkpoint" => checkpoint_case(&case),
            _ => convert_case(&case),
        };
        result.err().map(|fault| format!("{what} {fault}"))
    });
    let failed: Vec<_> = failed.collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
