//! `linear` on WebGPU: `linear_tiled.wgsl` on a GPU, `linear_direct.wgsl` on an adapter that is a CPU, both with a weight of
//! f32, f16 or int8.

use burn_cubecl::tensor::CubeTensor;

use super::wgsl::{empty, is_software, launch};
use crate::backend;
use crate::kernels::linear::{Activation, Plan, RowGroup};
use crate::kernels::shaders::{Linear, Storage, Tile};

fn linear(storage: Storage, tile: Tile, vectors: bool) -> Linear {
    Linear { storage, tile, vectors, dot4: storage == Storage::Q8 && backend::has_dot4() }
}

/// The pipelines for weights of one kind on the device of `like`.
pub fn pipelines(like: &CubeTensor, storage: Storage) -> Vec<Linear> {
    let tiles: &[Tile] = if is_software(like) { &[Tile::Direct] } else { &[Tile::Low, Tile::Middle, Tile::High] };
    tiles.iter().map(|tile| linear(storage, *tile, true)).collect()
}

/// Launches the op, one dispatch for two groups of rows.
pub fn run(x: CubeTensor, weight: (Storage, &[&CubeTensor]), bias: CubeTensor, plan: &Plan) -> CubeTensor {
    let y = empty(&x, [plan.rows, plan.out_features]);
    let (storage, weight) = weight;
    let vectors = plan.in_features.is_multiple_of(4);
    let tile = match is_software(&x) || !vectors {
        true => Tile::Direct,
        false => Tile::fitting(plan.rows, plan.out_features),
    };
    let variant = linear(storage, tile, vectors);
    let (rows, columns, _) = tile.sizes();
    let inputs: Vec<&CubeTensor> = [&x].into_iter().chain(weight.iter().copied()).chain([&bias]).collect();
    for pair in plan.groups.chunks(2) {
        let mut params = vec![plan.in_features, plan.out_features, usize::from(plan.activation == Activation::Gelu)];
        for group in [0, 1] {
            let none = RowGroup { rows: 0..0, first_feature: 0 };
            let RowGroup { rows, first_feature } = pair.get(group).unwrap_or(&none);
            params.extend([rows.start, rows.end, *first_feature]);
        }
        let high: usize = pair.iter().map(|group| group.rows.len().div_ceil(rows)).sum();
        launch(variant, [plan.out_features.div_ceil(columns), high, 1], &params, &inputs, &y);
    }
    y
}
