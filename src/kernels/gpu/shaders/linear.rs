//! The pipelines of `linear`, and the dispatches of a call.

use super::{Shader, scalar_element};
use crate::kernels::gpu::dispatch::{Dispatch, MAX_WORKGROUPS, runs};
use crate::kernels::plan::{Activation, LinearPlan, RowGroup};

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
    /// Whether the browser has `dot4I8Packed`.
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
        #[cfg(all(feature = "webgpu", feature = "kernel-tests"))]
        if let Some(tile) = crate::kernels::gpu::tile_choice::chosen_tile() {
            return tile;
        }
        let workgroups = |tile: Self| rows.div_ceil(tile.rows().0) * columns.div_ceil(Self::COLUMNS);
        [Self::High, Self::Middle].into_iter().find(|tile| workgroups(*tile) >= ENOUGH).unwrap_or(Self::Low)
    }
}

impl LinearShader {
    /// The dispatches of a call: one for two groups of rows, more only where a dispatch would have too many workgroups, or more
    /// than `max_rows`, which is at least 1.
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
            Storage::Q8 => include_str!("linear_q8.wgsl"),
            Storage::F32 | Storage::F16 => include_str!("linear.wgsl"),
        }
    }

    fn lines(self) -> Vec<String> {
        let (rows, tall) = self.tile.rows();
        let mut lines = vec![format!("const ROWS = {rows}u;"), format!("const TALL = {tall}u;")];
        if self.storage == Storage::Q8 && self.tile == TileShape::Direct {
            lines.extend(["const WIDE = 8u;".into(), "const PARTS = 1u;".into()]);
        }
        if self.dot4 {
            lines.push("fn dot4(a: u32, c: u32) -> i32 { return dot4I8Packed(a, c); }".into());
        }
        if self.storage == Storage::F16 {
            let unpacked = "vec4(unpack2x16float(w[at].x), unpack2x16float(w[at].y))";
            lines.extend(["alias W = vec2<u32>;".into(), format!("fn weight(at: u32) -> T {{ return {unpacked}; }}")]);
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
    let tiles = [TileShape::Direct, TileShape::Low, TileShape::Middle, TileShape::High];
    let vectors = tiles.into_iter().flat_map(|tile| {
        let kinds = [(Storage::F32, false), (Storage::F16, false), (Storage::Q8, true), (Storage::Q8, false)];
        kinds.map(|(storage, dot4)| LinearShader { storage, tile, vectors: true, dot4 })
    });
    vectors.chain([LinearShader { storage: Storage::F32, tile: TileShape::Direct, vectors: false, dot4: false }])
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
        assert_eq!(rows(1), [64, 36 + 32, 64, 64, 40]);
        assert_eq!(rows(100), [100, 128, 72]);
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
