//! The shaders of `linear`.

use super::{Variant, element, fill};

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

/// One pipeline of `linear`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Linear {
    /// Of the weight.
    pub storage: Storage,
    /// Of the result.
    pub tile: Tile,
    /// Whether vec4s are read: `in_features` is divisible by 4.
    pub vectors: bool,
    /// Whether the browser has `dot4I8Packed`.
    pub dot4: bool,
}

/// The shape of a workgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tile {
    /// 32 x 64 results, no shared memory.
    Direct,
    /// 16 x 64 results: for few rows, where larger tiles would leave most of a GPU idle.
    Low,
    /// 32 x 64.
    Middle,
    /// 64 x 64.
    High,
}

impl Tile {
    /// Rows and columns of results that a workgroup makes, and rows of an invocation.
    pub const fn sizes(self) -> (usize, usize, usize) {
        match self {
            Self::Direct => (32, 64, 8),
            Self::Low => (16, 64, 4),
            Self::Middle => (32, 64, 4),
            Self::High => (64, 64, 8),
        }
    }

    /// The largest that still gives a GPU enough workgroups to be busy.
    pub fn fitting(rows: usize, columns: usize) -> Self {
        const ENOUGH: usize = 96;
        let workgroups = |tile: Self| rows.div_ceil(tile.sizes().0) * columns.div_ceil(tile.sizes().1);
        [Self::High, Self::Middle].into_iter().find(|tile| workgroups(*tile) >= ENOUGH).unwrap_or(Self::Low)
    }
}

impl Variant for Linear {
    fn source(self) -> String {
        let (rows, columns, tall) = self.tile.sizes();
        let direct = self.tile == Tile::Direct;
        let (wide, high) = (columns / if direct { 8 } else { 4 }, rows / tall);
        let threads = wide * high;
        let lines = |line: &dyn Fn(usize) -> String| (0..tall).map(line).collect::<Vec<_>>().join("\n");
        let quantised = self.storage == Storage::Q8;
        let [start, begin, multiply, end, store] = match direct {
            true => direct_lines(tall, quantised),
            false => {
                let (kind, sum) = if quantised { ("vec4<i32>", "dots(A, b)") } else { ("vec4<f32>", "A * b") };
                let stored = if quantised { "numbers(run, own + Iu, column, sI)" } else { "sI" };
                let quarters = |q| format!("let a{q} = x_tile[k * X_STRIDE + local.y * {}u + {q}u];", tall / 4);
                let quarters = (0..tall / 4).map(quarters).collect::<Vec<_>>().join("\n");
                let quarters = if quantised { quarters.replace("[k ", "[step ") } else { quarters };
                let sums = lines(&|i| format!("s{i} += {};", sum.replace('A', &format!("a{}[{}]", i / 4, i % 4))));
                let stores =
                    lines(&|i| format!("store(run, row + {i}u, column, {});", stored.replace('I', &i.to_string())));
                let start = lines(&|i| format!("var s{i} = {kind}();"));
                [start, String::new(), format!("{quarters}\n{sums}"), String::new(), stores]
            }
        };
        let template = match (direct, quantised) {
            (true, false) => include_str!("linear_direct.wgsl"),
            (true, true) => include_str!("linear_direct_q8.wgsl"),
            (false, false) => include_str!("linear_tiled.wgsl"),
            (false, true) => include_str!("linear_tiled_q8.wgsl"),
        };
        let (element, product) = element(self.vectors);
        let (w, weight) = match self.storage {
            Storage::F16 => ("vec2<u32>", "vec4(unpack2x16float(w[at].x), unpack2x16float(w[at].y))"),
            _ => (element, "w[at]"),
        };
        let dot4 = match self.dot4 {
            true => "dot4I8Packed(a, c)".into(),
            false => {
                let byte = |of: &str, i| format!("extractBits(bitcast<i32>({of}), {}u, 8u)", 8 * i);
                (0..4).map(|i| format!("{} * {}", byte("a", i), byte("c", i))).collect::<Vec<_>>().join(" + ")
            }
        };
        let number = |n: usize| n.to_string();
        let values = [
            ("common", include_str!("linear_common.wgsl").to_owned()),
            ("quantised", include_str!("linear_quantised.wgsl").to_owned()),
            ("start", start),
            ("begin", begin),
            ("end", end),
            ("multiply", multiply),
            ("store", store),
            ("rows", number(rows)),
            ("columns", number(columns)),
            ("tall", number(tall)),
            ("wide", number(wide)),
            ("high", number(high)),
            ("threads", number(threads)),
            ("parts", number(threads.div_ceil(rows).max(if direct { 1 } else { 8 }))),
            ("lanes", number(if self.vectors { 4 } else { 1 })),
            ("T", element.to_owned()),
            ("W", w.to_owned()),
            ("weight", weight.to_owned()),
            ("product", product.to_owned()),
            ("dot4", dot4),
        ];
        fill(template, &values)
    }
}

/// The lines of the direct shaders that differ with the rows of an invocation, which has 8 columns: `start`, `begin`,
/// `multiply`, `end` and `store`.
fn direct_lines(tall: usize, quantised: bool) -> [String; 5] {
    let each = |count: usize, letter: char, line: &str| {
        (0..count).map(|i| line.replace(letter, &i.to_string())).collect::<Vec<_>>().join("\n")
    };
    let sums = "var sI_0 = vec4<f32>();\nvar sI_1 = vec4<f32>();";
    let totals = "var tI_0 = vec4<i32>();\nvar tI_1 = vec4<i32>();";
    let start = [
        each(tall, 'I', "let rI = min(row + Iu, run.end - 1u) * steps;"),
        each(8, 'J', "let cJ = (run.feature + min(column + Ju, params.out_features - 1u)) * steps;"),
        each(tall, 'I', if quantised { totals } else { sums }),
    ];
    let product = if quantised { "dot" } else { "product" };
    let sum = |half: usize| {
        let products: Vec<_> = (4 * half..4 * half + 4).map(|j| format!("{product}(xI, w{j})")).collect();
        format!("sI_{half} += vec4({});", products.join(", "))
    };
    let read = if quantised { "integers(x[rI + i], own + Iu)" } else { "x[rI + i]" };
    let multiply = [
        each(8, 'J', "let wJ = weight(cJ + i);"),
        each(tall, 'I', &format!("let xI = {read};\n{}\n{}", sum(0), sum(1))),
    ];
    let end = "tI_0 += vec4<i32>(sI_0);\ntI_1 += vec4<i32>(sI_1);";
    let stored = |half: usize| match quantised {
        true => format!("numbers(run, own + Iu, column + {}u, tI_{half})", 4 * half),
        false => format!("sI_{half}"),
    };
    let store =
        format!("store(run, row + Iu, column, {});\nstore(run, row + Iu, column + 4u, {});", stored(0), stored(1));
    [start.join("\n"), each(tall, 'I', sums), multiply.join("\n"), each(tall, 'I', end), each(tall, 'I', &store)]
}

/// One of each kind.
#[cfg(test)]
pub fn variants() -> impl Iterator<Item = Linear> {
    let tiles = [Tile::Direct, Tile::Low, Tile::Middle, Tile::High];
    let whole = tiles.into_iter().flat_map(|tile| {
        let kinds = [(Storage::F32, false), (Storage::F16, false), (Storage::Q8, true), (Storage::Q8, false)];
        kinds.map(|(storage, dot4)| Linear { storage, tile, vectors: true, dot4 })
    });
    whole.chain([Linear { storage: Storage::F32, tile: Tile::Direct, vectors: false, dot4: false }])
}
