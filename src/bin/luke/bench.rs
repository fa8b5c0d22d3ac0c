//! `luke bench`: times the linear layer and whole forward passes on a device. Prints JSON Lines.

use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use clap::Args;
use luke_web::Result;
use luke_web::backend;
use luke_web::directory;
use luke_web::dtype::{DType, Int8Range};
use luke_web::inputs::ModelInputs;
use luke_web::kernels::{Activation, Weight, linear};
use luke_web::weights::RowTable;
use serde_json::{Value, json};

/// Words and entities of each timed pass.
const PASSES: [(usize, usize); 3] = [(16, 4), (128, 32), (512, 128)];
/// Rows, `in_features` and `out_features` of each timed linear layer, as in luke-base and luke-large.
const LINEAR: [[usize; 3]; 6] =
    [[160, 768, 3072], [160, 3072, 768], [640, 768, 3072], [160, 1024, 4096], [640, 1024, 4096], [4096, 1024, 4096]];

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Model folders whose forward pass is timed.
    models: Vec<PathBuf>,
    /// The device that computes.
    #[arg(long, value_enum, default_value_t = super::Device::Cpu)]
    device: super::Device,
    /// How often each layer and each pass is timed; the median is printed.
    #[arg(long, default_value_t = 10, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    rounds: usize,
    /// The peak rate of the device by its data sheet, in GFLOP/s. With it, each line has the share of the peak.
    #[arg(long)]
    peak: Option<f64>,
}

/// Prints one line for each linear layer and weight type, then one for each pass of each model. A line has the median
/// time (`ms`), the rate (`gflops`) and, with `--peak`, the share of the peak (`ofPeak`, 0 to 1).
///
/// # Errors
/// - `unsupported` if this build or machine has no such device
/// - `out-of-memory` if there is no memory for a weight
/// - `device-lost` if the device fails
/// - else those of [`directory::load`] and [`Luke::forward`](luke_web::Luke::forward)
pub fn bench(options: &Options) -> Result<()> {
    let opened = pollster::block_on(backend::open(options.device.into()))?;
    let device = opened.device();
    for [rows, k, n] in LINEAR {
        for dtype in [DType::F32, DType::F16, DType::Q8] {
            let what = json!({ "kernel": "linear", "rows": rows, "in": k, "out": n, "dtype": dtype });
            let seconds = linear_seconds(device, [rows, k, n], dtype, options.rounds)?;
            backend::check(device)?;
            report(what, seconds, 2.0 * (rows * k * n) as f64, options.peak);
        }
    }
    for folder in &options.models {
        let luke = pollster::block_on(directory::load(folder, options.device.into(), false))?;
        let c = &luke.config;
        for (words, entities) in PASSES.into_iter().filter(|(words, _)| *words <= c.max_seq_tokens()) {
            let inputs = inputs(words, entities)?;
            let mut seconds = Vec::with_capacity(options.rounds);
            for round in 0..=options.rounds {
                let start = Instant::now();
                pollster::block_on(luke.forward(&inputs, Some("model")))?;
                // The first round is not counted: it builds pipelines and buffers.
                if round > 0 {
                    seconds.push(start.elapsed().as_secs_f64());
                }
            }
            let (rows, h) = ((words + entities) as f64, c.hidden_size as f64);
            let layer = 2.0 * rows * h * (5.0 * h + 2.0 * c.intermediate_size as f64) + 4.0 * rows * rows * h;
            let what = json!({ "model": luke.manifest.name, "dtype": luke.manifest.dtype, "words": words, "entities": entities });
            report(what, median(seconds), layer * c.num_hidden_layers as f64, options.peak);
        }
    }
    Ok(())
}

/// The median time of one launch in seconds, measured over several launches in a row.
///
/// # Errors
/// `out-of-memory` if there is no memory for the weight.
fn linear_seconds(device: &Device, [rows, k, n]: [usize; 3], dtype: DType, rounds: usize) -> Result<f64> {
    const LAUNCHES: usize = 8;
    let numbers = |count: usize| (0..count).map(|i| ((i * 7919 % 2003) as f32 - 1001.0) / 1001.0).collect::<Vec<_>>();
    let x = Tensor::<2>::from_data(TensorData::new(numbers(rows * k), [rows, k]), device);
    let bias = Tensor::<1>::from_data(TensorData::new(numbers(n), [n]), device);
    let weight =
        Weight::new(&RowTable::new(k, dtype, dtype.encode(&numbers(n * k), k, Int8Range::SaturationSafe)), device)?;
    let run = || {
        let start = Instant::now();
        let results: Vec<_> = (0..LAUNCHES).map(|_| linear(x.clone(), &weight, &bias, Activation::None)).collect();
        // Reading one number of the last result waits for all launches. The sum makes sure that it is really read.
        let last = results.last().cloned().map(|y| y.slice([0..1, 0..1]).into_data().iter::<f32>().sum::<f32>());
        (start.elapsed().as_secs_f64() / LAUNCHES as f64, last).0
    };
    run();
    Ok(median((0..rounds).map(|_| run()).collect()))
}

fn inputs(words: usize, entities: usize) -> Result<ModelInputs> {
    let ids: Vec<usize> = (0..words).map(|i| if i == 0 { 0 } else { 5 + i % 50 }).collect();
    let positions: Vec<[usize; 2]> = (0..entities).map(|i| [i % words, (i + 1) % words]).collect();
    let inputs = json!({ "inputIds": ids, "entityIds": vec![1; entities], "entityPositionIds": positions });
    luke_web::tasks::required("inputs", inputs)
}

fn report(mut what: Value, seconds: f64, flop: f64, peak: Option<f64>) {
    let rate = flop / seconds / 1e9;
    what["ms"] = json!(seconds * 1e3);
    what["gflops"] = json!(rate);
    if let Some(peak) = peak {
        what["ofPeak"] = json!(rate / peak);
    }
    println!("{what}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
