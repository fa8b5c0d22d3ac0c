//! The pipelines of `linear`, and the dispatches of a call.

use super::{Shader, scalar_element};
use crate::kernels::gpu::dispatch::{Dispatch, MAX_WORKGROUPS, runs};
use luke_compute::plan::{Activation, LinearPlan, RowGroup};

/// How the numbers of a weight lie in its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// f32.
    F32,
    /// f16, two in a u32.
    F16,
    /// int8, four in a u32, with a scale for each row.
    Q8,
}

/// A pipeline of `linear`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinearShader {
    /// The storage of the weight.
    pub storage: Storage,
    /// What a workgroup computes.
    pub tile: TileShape,
    /// Whether it reads vec4s: `in_features` is divisible by 4.
    pub vectors: bool,
    /// Whether it stores vec4s: `out_features`, and the first feature of each group, are divisible by 4.
    pub stores_vectors: bool,
    /// Whether it uses `dot4I8Packed`. Only for tiles of int8.
    pub dot4: bool,
}

/// How many rows of the result a workgroup computes, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TileShape {
    /// 32 rows, without shared memory.
    Direct,
    /// 16 rows: for few rows, where larger tiles would leave most of a GPU idle.
    Low,
    /// 32 rows.
    Middle,
    /// 64 rows.
    High,
}

impl TileShape {
    /// Columns of the result that a workgroup computes; as in the shaders.
    const COLUMNS: usize = 64;

    /// Rows of the result that a workgroup computes, and rows of an invocation.
    const fn rows(self) -> (usize, usize) {
        match self {
            Self::Direct => (32, 8),
            Self::Low => (16, 4),
            Self::Middle => (32, 4),
            Self::High => (64, 8),
        }
    }

    /// The largest shape that still gives a GPU enough workgroups to be busy.
    pub fn fitting(rows: usize, columns: usize) -> Self {
        const ENOUGH: usize = 96;
        let workgroups = |tile: Self| rows.div_ceil(tile.rows().0) * columns.div_ceil(Self::COLUMNS);
        [Self::High, Self::Middle].into_iter().find(|tile| workgroups(*tile) >= ENOUGH).unwrap_or(Self::Low)
    }
}

impl LinearShader {
    /// The pipeline for a call on a device. `software`: the adapter is a CPU. `dot4`: it is a GPU with an instruction for
    /// `dot4I8Packed`.
    pub fn fitting(plan: &LinearPlan, storage: Storage, software: bool, dot4: bool) -> Self {
        let mut features = plan.groups.iter().map(|group| group.first_feature).chain([plan.out_features]);
        let vectors = plan.in_features.is_multiple_of(4);
        let stores_vectors = vectors && features.all(|feature| feature.is_multiple_of(4));
        let tile = match (software || !vectors, stores_vectors) {
            (true, _) => TileShape::Direct,
            (false, true) => TileShape::fitting(plan.rows, plan.out_features),
            // Heads have few columns; they share one pipeline.
            (false, false) => TileShape::Low,
        };
        let dot4 = dot4 && storage == Storage::Q8 && tile != TileShape::Direct;
        Self { storage, tile, vectors, stores_vectors, dot4 }
    }

    /// The dispatches of a call: one for two groups of rows, more only where a dispatch would have too many workgroups, or more
    /// than `max_rows`, which is at least 1. Each of the two groups has at most half of `max_rows`, rounded up to whole tiles (16 to
    /// 64 rows), so a small `max_rows` is exceeded by up to two tiles.
    pub fn dispatches(self, plan: &LinearPlan, max_rows: usize) -> Vec<Dispatch> {
        let (rows, _) = self.tile.rows();
        // Half of the limits, because two groups share a dispatch.
        let max_rows = (max_rows / 2).next_multiple_of(rows).clamp(rows, MAX_WORKGROUPS / 2 * rows);
        let groups = plan.groups.iter().flat_map(|group| {
            let RowGroup { rows: all, first_feature } = group.clone();
            runs(all, max_rows).map(move |rows| RowGroup { rows, first_feature })
        });
        let mut dispatches = Vec::new();
        for pair in groups.collect::<Vec<_>>().chunks(2) {
            for columns in runs(0..plan.out_features, MAX_WORKGROUPS * TileShape::COLUMNS) {
                let gelu = usize::from(plan.activation == Activation::Gelu);
                let mut params = vec![plan.in_features, plan.out_features, gelu, columns.start];
                for group in [0, 1] {
                    let empty = RowGroup { rows: 0..0, first_feature: 0 };
                    let RowGroup { rows, first_feature } = pair.get(group).unwrap_or(&empty);
                    params.extend([rows.start, rows.end, *first_feature]);
                }
                let high = pair.iter().map(|group| group.rows.len().div_ceil(rows)).sum();
                let products = pair.iter().map(|group| group.rows.len()).sum::<usize>() as f64 * columns.len() as f64;
                let flop = 2.0 * products * plan.in_features as f64;
                dispatches.push(Dispatch {
                    workgroups: [columns.len().div_ceil(TileShape::COLUMNS), high],
                    params,
                    flop,
                });
            }
        }
        dispatches
    }
}

impl Shader for LinearShader {
    fn file(self) -> &'static str {
        match self.storage {
            Storage::Q8 if self.dot4 => include_str!("linear_dot4.wgsl"),
            Storage::Q8 => include_str!("linear_q8.wgsl"),
            Storage::F32 | Storage::F16 => include_str!("linear.wgsl"),
        }
    }

    fn lines(self) -> Vec<String> {
        let (rows, tall) = self.tile.rows();
        let mut lines = vec![format!("const ROWS = {rows}u;"), format!("const TALL = {tall}u;")];
        if self.storage == Storage::F16 {
            let unpacked = "vec4(unpack2x16float(w[at].x), unpack2x16float(w[at].y))";
            lines.extend(["alias W = vec2<u32>;".into(), format!("fn weight(at: u32) -> T {{ return {unpacked}; }}")]);
        }
        if !self.stores_vectors {
            let biases = [0, 1, 2, 3].map(|j| format!("bias[min(at + {j}u, last)]")).join(", ");
            let numbers = [(0, "x"), (1, "y"), (2, "z"), (3, "w")];
            let put = numbers.map(|(j, of)| format!("if at + {j}u < end {{ y[at + {j}u] = v.{of}; }}")).join(" ");
            lines.push("alias Y = f32;".into());
            lines.push(format!("fn biases(at: u32, last: u32) -> vec4<f32> {{ return vec4({biases}); }}"));
            lines.push(format!("fn put(at: u32, end: u32, v: vec4<f32>) {{ {put} }}"));
        }
        if !self.vectors {
            let product = "fn product(a: T, c: T) -> f32 { return a * c; }";
            lines.extend(["const LANES = 1u;".into(), scalar_element(), product.into()]);
        }
        lines
    }

    fn entry_point(self) -> &'static str {
        if self.tile == TileShape::Direct { "direct" } else { "tiled" }
    }
}

/// Every kind of pipeline.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = LinearShader> {
    use TileShape::{Direct, High, Low, Middle};
    let tiles = [(Direct, true), (Direct, false), (Low, true), (Low, false), (Middle, true), (High, true)];
    let vectors = tiles.into_iter().flat_map(|(tile, stores_vectors)| {
        let shader = move |storage, dot4| LinearShader { storage, tile, vectors: true, stores_vectors, dot4 };
        let dot4 = (tile != Direct).then(|| shader(Storage::Q8, true));
        [Storage::F32, Storage::F16, Storage::Q8].map(|storage| shader(storage, false)).into_iter().chain(dot4)
    });
    let storage = Storage::F32;
    vectors.chain([LinearShader { storage, tile: Direct, vectors: false, stores_vectors: false, dot4: false }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rows: usize, tokens: usize, out_features: usize) -> LinearPlan {
        let group = |rows, first_feature| RowGroup { rows, first_feature };
        let groups = vec![group(0..tokens, 0), group(tokens..rows, 7)];
        LinearPlan { rows, in_features: 8, out_features, groups, activation: Activation::None }
    }

    #[test]
    fn a_call_of_two_groups_is_one_dispatch() {
        let shader = all().find(|shader| shader.tile == TileShape::Middle).unwrap();
        let params = vec![8, 130, 0, 0, 0, 33, 0, 33, 50, 7];
        let expected = Dispatch { workgroups: [3, 3], params, flop: 2.0 * 50.0 * 130.0 * 8.0 };
        assert_eq!(shader.dispatches(&plan(50, 33, 130), usize::MAX), [expected]);
    }

    #[test]
    fn a_slow_device_gets_few_rows_at_once() {
        let shader = all().find(|shader| shader.tile == TileShape::Middle).unwrap();
        let rows = |max_rows| {
            let dispatches = shader.dispatches(&plan(300, 100, 64), max_rows);
            assert_eq!(dispatches.iter().map(|dispatch| dispatch.flop).sum::<f64>(), 2.0 * 300.0 * 64.0 * 8.0);
            dispatches
                .iter()
                .map(|Dispatch { params, .. }| params[5] - params[4] + params[8] - params[7])
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(1), [64, 36, 64, 64, 64, 8]);
        assert_eq!(rows(100), [100, 128, 72]);
    }

    #[test]
    fn a_pipeline_stores_vectors_only_where_every_row_begins_with_one() {
        let group = |first_feature| RowGroup { rows: 0..500, first_feature };
        let plan = |in_features, out_features, features: &[usize]| {
            let groups = features.iter().copied().map(group).collect();
            LinearPlan { rows: 500, in_features, out_features, groups, activation: Activation::None }
        };
        let shader = |plan: &LinearPlan, storage, software| LinearShader::fitting(plan, storage, software, true);
        let kind = |shader: LinearShader| (shader.tile, shader.vectors, shader.stores_vectors, shader.dot4);
        let all = plan(8, 1024, &[0, 256]);
        assert_eq!(kind(shader(&all, Storage::Q8, false)), (TileShape::High, true, true, true));
        assert_eq!(kind(shader(&all, Storage::F32, false)), (TileShape::High, true, true, false));
        assert_eq!(kind(shader(&all, Storage::Q8, true)), (TileShape::Direct, true, true, false));
        for plan in [plan(8, 1023, &[0]), plan(8, 1024, &[0, 255])] {
            assert_eq!(kind(shader(&plan, Storage::F32, false)), (TileShape::Low, true, false, false));
        }
        assert_eq!(kind(shader(&plan(9, 1024, &[0]), Storage::F32, false)), (TileShape::Direct, false, false, false));
    }

    /// Follows the shader: which rows and columns its workgroups compute.
    #[test]
    fn dispatches_stay_within_the_limit_and_compute_everything_once() {
        for shader in all() {
            let rows = shader.tile.rows().0;
            for (all, tokens, features) in [(4_300_000, 2_200_000, 64), (1_048_576, 1_048_575, 1), (3, 2, 4_194_305)] {
                let (mut next_row, mut computed) = (0, 0);
                for Dispatch { workgroups: [x, y], params, .. } in
                    shader.dispatches(&plan(all, tokens, features), usize::MAX)
                {
                    assert!(x.max(y) <= MAX_WORKGROUPS && x.min(y) > 0, "{x} x {y}");
                    let [first_column, start, end, feature, second_start, second_end, second] = params[3..] else {
                        panic!("ten params")
                    };
                    let columns = (x * TileShape::COLUMNS).min(features - first_column);
                    assert_eq!(y, (end - start).div_ceil(rows) + (second_end - second_start).div_ceil(rows));
                    for (start, end, feature) in [(start, end, feature), (second_start, second_end, second)] {
                        assert!(start == end || feature == if start < tokens { 0 } else { 7 });
                        computed += (end - start) * columns;
                        if first_column == 0 && start < end {
                            assert_eq!(start, next_row);
                            next_row = end;
                        }
                    }
                }
                assert_eq!((next_row, computed), (all, all * features));
            }
        }
    }
}
