//! Lets a benchmark choose the tile of the linear layer.

use std::sync::Mutex;

use super::shaders::{LinearShader, TileShape};

static CHOSEN: Mutex<Option<TileShape>> = Mutex::new(None);

/// Sets the tile that every linear layer on a GPU takes. `None`: the one that fits it.
pub fn choose_tile(tile: Option<TileShape>) {
    if let Ok(mut chosen) = CHOSEN.lock() {
        *chosen = tile;
    }
}

/// The shader with the chosen tile, if it computes tiles of vectors.
pub fn with_chosen_tile(shader: LinearShader) -> LinearShader {
    match CHOSEN.lock().ok().and_then(|chosen| *chosen) {
        Some(tile) if shader.stores_vectors && shader.tile != TileShape::Direct => LinearShader { tile, ..shader },
        _ => shader,
    }
}
