//! Files of columns: their lines and fields, whatever program wrote them.

/// White space between columns. A no-break space is part of a word.
const SPACES: [char; 2] = [' ', '\t'];

/// The lines of a text, which end with LF, CR LF or CR.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return (!text.is_empty()).then_some(text);
        };
        let (line, behind) = text.split_at(end);
        rest = behind.strip_prefix("\r\n").or_else(|| behind.get(1..));
        Some(line)
    })
}

/// How the columns of a file are separated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Columns {
    /// By one tab. A column may hold spaces.
    Tabs,
    /// By spaces and tabs.
    Spaces,
}

impl Columns {
    /// Of a file with these lines: tabs, if all its lines of words have the same number of columns, two or more, by tabs.
    pub fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut counts = lines.filter(|line| !line.trim().is_empty()).map(|line| Self::Tabs.fields(line).len());
        match counts.next() {
            Some(first) if first > 1 && counts.all(|count| count == first) => Self::Tabs,
            _ => Self::Spaces,
        }
    }

    /// The columns of a line that are not empty.
    pub fn fields(self, line: &str) -> Vec<&str> {
        let fields = match self {
            Self::Tabs => line.split(&['\t'][..]),
            Self::Spaces => line.split(&SPACES[..]),
        };
        fields.map(|field| field.trim_matches(SPACES)).filter(|field| !field.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_any_line_break() {
        for text in ["a\nb\n\nc", "a\r\nb\r\n\r\nc\r\n", "a\rb\r\rc\r", "a\rb\n\r\nc\n"] {
            assert_eq!(lines(text).collect::<Vec<_>>(), ["a", "b", "", "c"], "{text:?}");
        }
        assert_eq!(lines("").count(), 0);
        assert_eq!(lines("\n").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_file_of_tab_columns_may_hold_spaces() {
        let columns = |text: &str| Columns::of(lines(text));
        for text in ["10 000\tO\nParis\tB-LOC\n", "a\tNN\tO\n\n10 000\tCD\tO\n", "a\tO"] {
            assert_eq!(columns(text), Columns::Tabs, "{text:?}");
        }
        for text in ["a O\n", "a\tO\nb O\n", "a NN\tO\nb\tNN\tO\n", "", "a\n", "a\tNN\tO\nb\tO\n"] {
            assert_eq!(columns(text), Columns::Spaces, "{text:?}");
        }
        assert_eq!(Columns::Tabs.fields("10 000 \t\tO"), ["10 000", "O"]);
        assert_eq!(Columns::Spaces.fields(" a\t NN  O\u{a0} "), ["a", "NN", "O\u{a0}"]);
    }
}
