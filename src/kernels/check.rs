//! Kernels against their `f64` references on random shapes, on any device: one test body for `cargo test`
//! (CPU) and for the browser (WebGPU, feature `kernel-tests`).

use burn::tensor::{Device, Tensor};

use super::{
    Activation, AttentionShape, Columns, MASKED, PackedBatch, RowGroup, Weight, add_layer_norm, entity_attention,
    gather_rows, linear, stack_rows, tanh,
};
use crate::dtype::{DType, Int8Range};
use crate::weights::RowTable;
use luke_compute::plan::LinearPlan;

/// The kernels that every device has. [`max_error`] also knows `linear_int8` of the CPU, and of the GPU `linear_f16`,
/// `linear_q8`, and for each linear kernel and for `entity_attention` a name like `tiled linear`: the shader that a software
/// adapter would not take by itself. `exact linear_q8` is the one for a GPU without `dot4I8Packed`.
pub const KERNELS: [&str; 6] = ["linear", "entity_attention", "add_layer_norm", "gather_rows", "stack_rows", "tanh"];

/// Runs case `case` of `kernel` and returns the largest `|got - want| / (1 + |want|)`.
///
/// The first cases are shapes at the limits, listed in the source; later ones are random.
///
/// # Panics
/// If there is no such kernel.
pub async fn max_error(kernel: &str, seed: u64, case: usize, device: &Device) -> f64 {
    let mut random = Random(seed ^ (case as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    #[cfg(feature = "webgpu")]
    {
        let exact = kernel.starts_with("exact ");
        super::gpu::testing::count_as_gpu(exact || kernel.starts_with("tiled "));
        super::gpu::testing::without_dot4(exact);
    }
    match kernel.trim_start_matches("tiled ").trim_start_matches("exact ") {
        "linear" => linear_case(&mut random, case, device).await,
        #[cfg(feature = "cpu")]
        "linear_int8" => int8_case(&mut random, case, device).await,
        #[cfg(feature = "webgpu")]
        "linear_f16" => compact_case(&mut random, case, false, device).await,
        #[cfg(feature = "webgpu")]
        "linear_q8" => compact_case(&mut random, case, true, device).await,
        "gather_rows" => gather_case(&mut random, case, device).await,
        "stack_rows" => stack_case(&mut random, case, device).await,
        "entity_attention" => attention_case(&mut random, case, device).await,
        "add_layer_norm" => layer_norm_case(&mut random, case, device).await,
        "tanh" => tanh_case(&mut random, case, device).await,
        other => panic!("no kernel named {other}"),
    }
}

async fn linear_case(random: &mut Random, case: usize, device: &Device) -> f64 {
    let LinearCase { plan, x, w, b, .. } = LinearCase::new(random, case, 1);
    let want = linear::reference(&x, &w, &b, &plan);
    let [rows, k] = [plan.rows, plan.in_features];
    let weight = Weight::Float(matrix(w, [b.len(), k], device));
    let (x, b) = (matrix(x, [rows, k], device), vector(b, device));
    let got = super::linear_groups(x, &weight, &b, plan.out_features, plan.groups, plan.activation);
    // A sum of k products of standard normals has size sqrt(k): so has its rounding error.
    difference(got, &want).await / (k as f64).sqrt()
}

#[cfg(feature = "cpu")]
async fn int8_case(random: &mut Random, case: usize, device: &Device) -> f64 {
    let LinearCase { plan, x, w, b } = LinearCase::new(random, case, 1);
    let [rows, k] = [plan.rows, plan.in_features];
    let dtype = if case.is_multiple_of(3) { DType::Q4 } else { DType::Q8 };
    // Rows whose integers the kernel cannot add are quantized again.
    let integers = if case % 3 == 1 { Int8Range::SaturationSafe } else { Int8Range::Full };
    let table = RowTable::new(k, dtype, dtype.encode(&w, k, integers));
    let weight = Weight::new(&table, device).expect("memory for a small weight");
    let Weight::Quantized(quantized) = &weight else { panic!("the device takes no int8") };
    let (exact_x, exact_w) = luke_compute::cpu::exact_operands(&x, quantized);
    let want = linear::reference(&exact_x, &exact_w, &b, &plan);
    let (x, b) = (matrix(x, [rows, k], device), vector(b, device));
    let got = super::linear_groups(x, &weight, &b, plan.out_features, plan.groups, plan.activation);
    difference(got, &want).await / (k as f64).sqrt()
}

/// A weight of f16, or of int8 (every third one from 4 bits).
#[cfg(feature = "webgpu")]
async fn compact_case(random: &mut Random, case: usize, quantized: bool, device: &Device) -> f64 {
    let LinearCase { plan, mut x, w, b } = LinearCase::new(random, case, 4);
    let [rows, k] = [plan.rows, plan.in_features];
    let dtype = match (quantized, case.is_multiple_of(3)) {
        (false, _) => DType::F16,
        (true, true) => DType::Q4,
        (true, false) => DType::Q8,
    };
    if quantized {
        x.chunks_exact_mut(k).for_each(|row| random.fill_exact(row));
        if case == 1 {
            // Their 255th has no finite inverse.
            x[..k].fill(1e-38);
        }
    }
    let table = RowTable::new(k, dtype, dtype.encode(&w, k, Int8Range::Full));
    let mut numbers = Vec::with_capacity(w.len());
    if quantized {
        table.rows_q8().for_each(|row| DType::Q8.decode(&row, k, &mut numbers));
    } else {
        dtype.decode(&dtype.encode(&w, k, Int8Range::Full), k, &mut numbers);
    }
    let want = linear::reference(&x, &numbers, &b, &plan);
    let weight = Weight::new(&table, device).expect("memory for a small weight");
    assert!(matches!(weight, Weight::Compact(_)), "{dtype:?} is compact");
    let (x, b) = (matrix(x, [rows, k], device), vector(b, device));
    let got = super::linear_groups(x, &weight, &b, plan.out_features, plan.groups, plan.activation);
    difference(got, &want).await / (k as f64).sqrt()
}

async fn gather_case(random: &mut Random, case: usize, device: &Device) -> f64 {
    let (height, width) = if case == 0 { (1, 1) } else { (random.size(1, 50), random.size(1, 150)) };
    let count = if case == 1 { 70_000 } else { random.size(1, 80) };
    let (x, rows) = (random.floats(height * width), (0..count).map(|_| random.size(0, height - 1)).collect::<Vec<_>>());
    let want = gather_rows::reference(&x, width, &rows);
    difference(super::gather_rows(matrix(x, [height, width], device), &rows), &want).await
}

async fn stack_case(random: &mut Random, case: usize, device: &Device) -> f64 {
    let (upper, lower) = (random.size(1, 90), random.size(1, 90));
    let width = if case == 0 { 1 } else { random.size(1, 300) };
    let (a, b) = (random.floats(upper * width), random.floats(lower * width));
    let want = stack_rows::reference(&a, &b);
    difference(super::stack_rows(matrix(a, [upper, width], device), matrix(b, [lower, width], device)), &want).await
}

/// A linear layer with stacked weights.
struct LinearCase {
    plan: LinearPlan,
    x: Vec<f32>,
    w: Vec<f32>,
    b: Vec<f32>,
}

impl LinearCase {
    /// `in_features` is rounded up to a multiple of `step`.
    fn new(random: &mut Random, case: usize, step: usize) -> Self {
        // rows, in, out, stacked features
        let (rows, k, n, features) = match case {
            0 => (1, 1, 1, 1),
            1 => (33, 31, 35, 35),
            2 => (32, 64, 32, 96),
            3 => (7, 2100, 5, 5),
            4 => (130, 36, 128, 192),
            5 => (45, 100, 3100, 3100),
            6 => (90, 52, 6200, 6200),
            _ => {
                let n = random.size(1, 70);
                (random.size(1, 70), random.size(1, 100), n, n + random.size(0, 40))
            }
        };
        let k = k.next_multiple_of(step);
        let cut = random.size(0, rows);
        let first = random.size(0, features - n);
        let first = if case == 4 { first / 4 * 4 } else { first };
        let groups =
            vec![RowGroup { rows: 0..cut, first_feature: 0 }, RowGroup { rows: cut..rows, first_feature: first }];
        let activation = if case.is_multiple_of(2) { Activation::None } else { Activation::Gelu };
        let plan = LinearPlan { rows, in_features: k, out_features: n, groups, activation };
        let (x, w, b) = (random.floats(rows * k), random.floats(features * k), random.floats(features));
        Self { plan, x, w, b }
    }
}

async fn attention_case(random: &mut Random, case: usize, device: &Device) -> f64 {
    let (sizes, heads, head_dim, padded) = match case {
        0 => (vec![(1, 0)], 1, 1, false),
        1 => (vec![(1, 1)], 2, 3, false),
        2 => (vec![(17, 0)], 2, 8, true),
        3 => (vec![(512, 128)], 1, 32, false),
        4 => (vec![(64, 33)], 3, 64, true),
        5 => (vec![(1, 0), (1, 0), (3, 2)], 2, 4, false),
        6 => (vec![(30, 5), (129, 0), (1, 70), (33, 1)], 2, 16, true),
        7 => (vec![(40, 12); 6], 2, 32, false),
        _ => {
            let sequences = random.size(1, 5);
            let sizes = (0..sequences).map(|_| (random.size(1, 80), random.size(0, 40)));
            (sizes.collect(), random.size(1, 4), random.size(1, 40), case.is_multiple_of(2))
        }
    };
    let batch = PackedBatch::new(&sizes);
    let (rows, hidden) = (batch.rows(), heads * head_dim);
    // The first token of a sequence is never masked.
    let starts: Vec<usize> = batch.sequences().iter().map(|sequence| sequence.tokens.start).collect();
    let token = Columns { token_query: hidden, entity_query: 0, key: 2 * hidden, value: 3 * hidden };
    let entity = Columns { token_query: 2 * hidden, entity_query: 3 * hidden, key: 0, value: hidden };
    let shape = AttentionShape { batch, heads, head_dim, token, entity };
    let projected = random.floats(rows * 4 * hidden);
    let mut masked = |row| padded && !starts.contains(&row) && random.size(0, 3) == 0;
    let mask: Vec<f32> = (0..rows).map(|row| if masked(row) { MASKED } else { 0.0 }).collect();
    let want = entity_attention::reference(&projected, &mask, &shape);
    let projected = matrix(projected, [rows, 4 * hidden], device);
    let got = super::entity_attention(projected, &vector(mask, device), shape);
    difference(got, &want).await
}

async fn layer_norm_case(random: &mut Random, case: usize, device: &Device) -> f64 {
    let (rows, features) = match case {
        0 => (1, 2),
        1 => (3, 63),
        2 => (2, 65),
        3 => (640, 768),
        _ => (random.size(1, 60), random.size(2, 200)),
    };
    let epsilon = if case.is_multiple_of(2) { 1e-5 } else { 1e-12 };
    let (x, residual) = (random.floats(rows * features), random.floats(rows * features));
    let (weight, bias) = (random.floats(features), random.floats(features));
    let want = add_layer_norm::reference(&x, &residual, &weight, &bias, epsilon);
    let (x, residual) = (matrix(x, [rows, features], device), matrix(residual, [rows, features], device));
    let got = super::add_layer_norm(x, residual, &vector(weight, device), &vector(bias, device), epsilon);
    difference(got, &want).await
}

async fn tanh_case(random: &mut Random, case: usize, device: &Device) -> f64 {
    let (rows, columns, scale) = match case {
        0 => (1, 1, 1.0),
        1 => (2, 65, 1e30),
        2 => (65_537, 1, 1e-3),
        _ => (random.size(1, 60), random.size(1, 200), 4.0),
    };
    let x: Vec<f32> = random.floats(rows * columns).iter().map(|x| scale * x).collect();
    let want = tanh::reference(&x);
    difference(super::tanh(matrix(x, [rows, columns], device)), &want).await
}

fn matrix(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
    super::upload(values, shape, device)
}

fn vector(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let shape = [values.len()];
    super::upload(values, shape, device)
}

async fn difference(got: Tensor<2>, want: &[f64]) -> f64 {
    let device = got.device();
    let read = super::download(vec![got], &device).await.expect("the result can be read");
    let got = &read[0];
    assert_eq!(got.len(), want.len());
    got.iter()
        .zip(want)
        .map(|(g, w)| (f64::from(*g) - w).abs() / (1.0 + w.abs()))
        // f64::max drops NaN, which must fail instead.
        .fold(0.0, |max, error| if error.is_nan() { f64::INFINITY } else { max.max(error) })
}

/// SplitMix64: enough for test data, and the same in every build.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `min` to `max`, both included.
    fn size(&mut self, min: usize, max: usize) -> usize {
        min + (self.next() % (max - min + 1) as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A row that 8 bits hold exactly, however a device rounds.
    #[cfg(feature = "webgpu")]
    fn fill_exact(&mut self, row: &mut [f32]) {
        let zero = self.size(0, 255) as f32;
        for (i, value) in row.iter_mut().enumerate() {
            let integer = if i < 2 { 255 * i } else { self.size(0, 255) };
            *value = (integer as f32 - zero) / 32.0;
        }
    }

    /// Standard normal values (Box and Muller).
    fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n)
            .map(|_| {
                let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
                (radius * (std::f64::consts::TAU * self.unit()).cos()) as f32
            })
            .collect()
    }
}

#[cfg(all(test, feature = "cpu"))]
mod tests {
    use super::*;
    use crate::backend::{self, DeviceKind};

    /// Rounding of f32 sums of up to a few hundred terms.
    const TOLERANCE: f64 = 5e-6;

    #[test]
    fn cpu_kernels_equal_their_references() {
        let device = pollster::block_on(backend::open(DeviceKind::Cpu)).unwrap();
        for kernel in KERNELS.into_iter().chain(["linear_int8"]) {
            for case in 0..40 {
                let error = pollster::block_on(max_error(kernel, 7, case, device.device()));
                assert!(error < TOLERANCE, "{kernel}, case {case}: {error:e} > {TOLERANCE:e}");
            }
        }
    }
}

/// `cargo test --release --features webgpu --lib gpu_`, on a machine with a GPU or Mesa's lavapipe.
#[cfg(all(test, feature = "webgpu"))]
mod gpu_tests {
    use super::*;
    use crate::backend::{self, DeviceKind};

    const TOLERANCE: f64 = 1e-4;

    /// One test, because [`max_error`] sets for the whole process which shaders run.
    #[test]
    fn gpu_kernels_equal_their_references() {
        let device = pollster::block_on(backend::open(DeviceKind::Gpu)).unwrap();
        let linear = ["linear", "linear_f16", "linear_q8"];
        let tiled = linear.into_iter().chain(["entity_attention"]).map(|kernel| format!("tiled {kernel}"));
        let tiled = tiled.chain(["exact linear_q8".into()]);
        let direct = KERNELS.into_iter().chain(["linear_f16", "linear_q8"]).map(str::to_owned);
        for kernel in direct.chain(tiled) {
            for case in 0..24 {
                let error = pollster::block_on(max_error(&kernel, 20200, case, device.device()));
                assert!(error <= TOLERANCE, "{kernel}, case {case}: {error:e}");
            }
        }
        pollster::block_on(more_workgroups_than_a_dispatch_may_have(device.device()));
        backend::check(device.device()).unwrap();
    }

    async fn more_workgroups_than_a_dispatch_may_have(device: &Device) {
        let mut random = Random(3);
        // 65,536 workgroups of 64 columns.
        let (k, n) = (4, 64 * 65_535 + 3);
        let groups = vec![RowGroup { rows: 0..1, first_feature: 0 }];
        let plan = LinearPlan { rows: 1, in_features: k, out_features: n, groups, activation: Activation::None };
        let (x, w, b) = (random.floats(k), random.floats(n * k), random.floats(n));
        let want = linear::reference(&x, &w, &b, &plan);
        let (x, weight) = (matrix(x, [1, k], device), Weight::Float(matrix(w, [n, k], device)));
        let got = super::linear(x, &weight, &vector(b, device), plan.activation);
        assert!(difference(got, &want).await <= TOLERANCE);

        let heads = 65_600;
        let token = Columns { token_query: 0, entity_query: heads, key: heads, value: 2 * heads };
        let batch = PackedBatch::new(&[(2, 0)]);
        let shape = AttentionShape { batch, heads, head_dim: 1, token, entity: token };
        let (projected, mask) = (random.floats(2 * 3 * heads), vec![0.0; 2]);
        let want = entity_attention::reference(&projected, &mask, &shape);
        let got = super::entity_attention(matrix(projected, [2, 3 * heads], device), &vector(mask, device), shape);
        assert!(difference(got, &want).await <= TOLERANCE);
    }
}
