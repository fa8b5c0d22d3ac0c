struct Columns { to_words: u32, to_entities: u32, key: u32, value: u32 }

// Rows of one kind of one sequence, and where this sequence's words and entities stand.
struct Tile {
    row: u32, end: u32, is_entity: u32, first_word: u32, end_word: u32, first_entity: u32, end_entity: u32, unused: u32,
}

// Sizes and columns count Ts, not floats. width: Ts a row of `projected`; hidden: Ts a row of `context`.
struct Params { width: u32, hidden: u32, word: Columns, entity: Columns, tiles: array<Tile> }
