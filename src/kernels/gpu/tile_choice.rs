//! Lets a benchmark choose the tile of the linear layer.

use std::sync::Mutex;

use super::shaders::TileShape;

static CHOSEN: Mutex<Option<TileShape>> = Mutex::new(None);

/// Sets the tile that every linear layer on a GPU takes. `None`: the one that fits it.
pub fn choose_tile(tile: Option<TileShape>) {
    if let Ok(mut chosen) = CHOSEN.lock() {
        *chosen = tile;
    }
}

/// See [`choose_tile`].
pub fn chosen_tile() -> Option<TileShape> {
    CHOSEN.lock().ok().and_then(|chosen| *chosen)
}
