//! Runs fuzz targets on a stable compiler: `luke-fuzz TARGET|all [--seconds 20] [--cases N] [--seed N]`, or
//! `luke-fuzz TARGET FILE...` for inputs that were kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;
use luke_fuzz::limits::{CountingAllocator, within_limits};
use luke_fuzz::{TARGETS, Target, pickle};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Time for a case.
const MAX_TIME: Duration = Duration::from_secs(1);

/// Inputs that are kept because they gave something new, beside the corpus.
const MAX_KEPT: usize = 2000;

/// Longest input.
const MAX_BYTES: usize = 64 << 10;

struct Options {
    target: String,
    seconds: u64,
    cases: u64,
    seed: u64,
    files: Vec<PathBuf>,
}

fn options() -> Option<Options> {
    let mut arguments = std::env::args().skip(1);
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64);
    let target = arguments.next()?;
    let mut options = Options { target, seconds: 20, cases: u64::MAX, seed: clock % 1_000_000, files: Vec::new() };
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next()?.parse().ok();
        match argument.as_str() {
            "--seconds" => options.seconds = number()?,
            "--cases" => options.cases = number()?,
            "--seed" => options.seed = number()?,
            file => options.files.push(file.into()),
        }
    }
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("luke-fuzz all|{} [--seconds 20] [--cases N] [--seed N] [FILE...]", names.join("|"));
        return ExitCode::FAILURE;
    };
    let passed = match TARGETS.iter().find(|target| target.name == options.target) {
        Some(target) if options.files.is_empty() => fuzz(target, &options),
        Some(target) => replay(target, &options.files),
        None if options.target == "all" => all(&options),
        None => {
            eprintln!("there is no target {}", options.target);
            false
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs each target in a process of its own, which may end without a word.
fn all(options: &Options) -> bool {
    let program = std::env::current_exe().unwrap();
    let passes = |target: &Target| {
        let numbers = [("--seconds", options.seconds), ("--cases", options.cases), ("--seed", options.seed)];
        let numbers = numbers.into_iter().flat_map(|(name, number)| [name.to_owned(), number.to_string()]);
        Command::new(&program).arg(target.name).args(numbers).status().is_ok_and(|status| status.success())
    };
    let passed = TARGETS.iter().filter(|target| passes(target)).count();
    println!("{passed} passed, {} failed", TARGETS.len() - passed);
    passed == TARGETS.len()
}

fn replay(target: &Target, files: &[PathBuf]) -> bool {
    let mut passed = true;
    for file in files {
        let data = std::fs::read(file).unwrap();
        let result = within_limits(&file.display().to_string(), MAX_TIME, || (target.run)(&data));
        passed &= result.is_ok();
        match result {
            Ok(outcome) => println!("{}: {outcome}", file.display()),
            Err(fault) => println!("{}: FAILED: {fault}", file.display()),
        }
    }
    passed
}

fn fuzz(target: &Target, options: &Options) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(root.join("corpus").join(target.name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut inputs: Vec<Vec<u8>> = entries.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let corpus = inputs.len();
    let failures = root.join("failures");
    std::fs::create_dir_all(&failures).unwrap();
    // What runs now: it is left behind by a case that ends the process.
    let running_path = failures.join(format!("{}-running-{}", target.name, std::process::id()));
    let mut running = File::create(&running_path).unwrap();

    let mut random = Rng::with_seed(options.seed);
    let (mut outcomes, mut faults) = (BTreeSet::new(), BTreeMap::new());
    let (start, mut cases) = (Instant::now(), 0);
    while cases < options.cases && (cases % 64 > 0 || start.elapsed().as_secs() < options.seconds) {
        let data = match inputs.get(cases as usize) {
            Some(input) if (cases as usize) < corpus => input.clone(),
            _ => {
                let (input, others) = (&inputs[random.usize(..inputs.len())], &inputs[random.usize(..inputs.len())]);
                (target.mutate)(input, others, &mut random)
            }
        };
        cases += 1;
        if data.len() > MAX_BYTES {
            continue;
        }
        running
            .rewind()
            .and_then(|()| running.write_all(&data))
            .and_then(|()| running.set_len(data.len() as u64))
            .unwrap();
        match within_limits(&running_path.display().to_string(), MAX_TIME, || (target.run)(&data)) {
            Ok(outcome) => {
                if inputs.len() < corpus + MAX_KEPT && outcomes.insert(outcome) {
                    inputs.push(data);
                }
            }
            Err(fault) => {
                let kind: String = fault.chars().filter(|c| !c.is_ascii_digit()).take(100).collect();
                let known = faults.len();
                faults.entry(kind).or_insert_with(|| {
                    let path = failures.join(format!("{}-{}-{known}", target.name, options.seed));
                    std::fs::write(&path, &data).unwrap();
                    println!("{}: FAILED: {fault}\n    {}", target.name, path.display());
                });
            }
        }
    }
    let _ = std::fs::remove_file(&running_path);
    let _ = std::fs::remove_dir_all(pickle::folder());
    let each_second = cases as f64 / start.elapsed().as_secs_f64();
    println!(
        "{}: {cases} cases, {} failures ({each_second:.0} a second, {} outcomes, seed {})",
        target.name,
        faults.len(),
        outcomes.len(),
        options.seed,
    );
    faults.is_empty()
}
