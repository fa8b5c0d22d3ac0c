//! The one error type; its [`code`](LukeError::code) is what JavaScript sees.

mod json;

use std::io;

use thiserror::Error;

pub use json::{json_line_reason, json_reason};

/// What can go wrong. The variant says whose fault it is; its [`code`](Self::code) never changes.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum LukeError {
    /// Bytes are not what the manifest promised: the part named is short, long or altered.
    #[error("{file}: {reason}")]
    Integrity {
        /// Path in the model folder.
        file: String,
        /// What was expected and what came.
        reason: String,
    },
    /// A manifest, config, tokenizer or checkpoint says something we cannot follow.
    #[error("{file}: {reason}")]
    Format {
        /// The file or the part of it.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be read from where the model comes from.
    #[error("{file}: {reason}")]
    Network {
        /// Path in the model folder.
        file: String,
        /// What came instead.
        reason: String,
    },
    /// A file or a folder of this machine, or a stream such as standard input, could not be read or written.
    #[error("{file}: {reason}")]
    Io {
        /// The path, or the name of the stream.
        file: String,
        /// What is in the way.
        reason: String,
    },
    /// An argument of the call is wrong.
    #[error("{argument}: {reason}")]
    Input {
        /// The argument or option.
        argument: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The checkpoint has no head for the task.
    #[error("this model has no head for '{task}'; it has: {}", available.join(", "))]
    TaskUnavailable {
        /// The task asked for.
        task: String,
        /// The tasks there are.
        available: Vec<String>,
    },
    /// This build or device cannot do what was asked.
    #[error("{0}")]
    Unsupported(String),
    /// The device failed while computing, or computed wrongly. The files are not at fault.
    #[error("the device failed: {0}")]
    DeviceLost(String),
    /// Memory that a file or a call needs could not be had. The text says for what.
    #[error("out of memory {0}")]
    OutOfMemory(String),
    /// Whoever runs the call has ended it, at a pause.
    #[error("the call was aborted")]
    Aborted,
}

impl LukeError {
    /// The stable code of `LukeError.code` in JavaScript.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Integrity { .. } => "integrity",
            Self::Format { .. } => "format",
            Self::Network { .. } => "network",
            Self::Io { .. } => "io",
            Self::Input { .. } => "input",
            Self::TaskUnavailable { .. } => "task-unavailable",
            Self::Unsupported(_) => "unsupported",
            Self::DeviceLost(_) => "device-lost",
            Self::OutOfMemory(_) => "out-of-memory",
            Self::Aborted => "aborted",
        }
    }

    /// Bytes of `file` are not what the manifest says.
    pub fn integrity(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Integrity { file: bounded(file), reason: bounded(reason) }
    }

    /// `file`, or the tensor of this name, is nothing that this program can follow.
    pub fn format(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Format { file: bounded(file), reason: bounded(reason) }
    }

    /// The file or stream called `file` could not be read or written.
    pub fn io(file: impl Into<String>, error: &io::Error) -> Self {
        Self::Io { file: bounded(file), reason: bounded(io_reason(error)) }
    }

    /// There is no memory for `count` values of `bytes_each`. `what` says for what: "for the weights".
    pub fn out_of_memory(what: &str, count: u64, bytes_each: usize) -> Self {
        let mebibytes = count.saturating_mul(bytes_each as u64) >> 20;
        Self::OutOfMemory(format!("{what}: {mebibytes} MiB"))
    }

    /// The same error, for an argument that is a part of another one.
    pub fn inside(self, whole: &str) -> Self {
        match self {
            Self::Input { argument, reason } => Self::input(format!("{whole}.{argument}"), reason),
            other => other,
        }
    }

    /// An argument or option of the call is wrong.
    pub fn input(argument: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Input { argument: bounded(argument), reason: bounded(reason) }
    }
}

/// What the system says, in plain words where it is what people meet.
fn io_reason(error: &io::Error) -> String {
    let plain = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder",
        io::ErrorKind::PermissionDenied => "this user has no permission for it",
        io::ErrorKind::IsADirectory => "is a folder, not a file",
        io::ErrorKind::NotADirectory => "is not in a folder: a part of its path is a file",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "there is no room on the disk",
        io::ErrorKind::ReadOnlyFilesystem => "the disk can only be read",
        // "Input/output error (os error 5)": the number says nothing more.
        _ => {
            let said = error.to_string();
            return said.split(" (os error ").next().unwrap_or_default().to_owned();
        }
    };
    plain.into()
}

/// Characters of a text from a file or a caller that a message shows.
const MAX_SHOWN: usize = 80;
/// Characters of one part of a message: what it lists, and what serde says of an argument, may be as long as the input.
const MAX_PART: usize = 600;

/// The start of a text from a file or a caller, for an error message.
pub fn shortened(text: &str) -> String {
    cut(text, MAX_SHOWN)
}

fn bounded(part: impl Into<String>) -> String {
    let part = part.into();
    if part.len() > MAX_PART { cut(&part, MAX_PART) } else { part }
}

fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A result with our error.
pub type Result<T> = std::result::Result<T, LukeError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_only_the_start_of_what_is_long() {
        let long = "é".repeat(1_000_000);
        assert_eq!(shortened(&long), format!("{}…", "é".repeat(80)));
        assert_eq!((shortened(&long[..160]), shortened("")), ("é".repeat(80), String::new()));
        let errors =
            [LukeError::integrity("a", &*long), LukeError::format(&*long, "b"), LukeError::input(&*long, &*long)];
        for error in errors {
            let message = error.to_string();
            assert!(message.contains('…') && message.chars().count() < 1_300, "{}", message.chars().count());
        }
        assert_eq!(LukeError::input("a", "b".repeat(600)).to_string(), format!("a: {}", "b".repeat(600)));
    }

    #[test]
    fn every_error_has_a_code_of_its_own() {
        let text = || "x".to_owned();
        let errors = [
            LukeError::integrity("a", "b"),
            LukeError::format("a", "b"),
            LukeError::Network { file: text(), reason: text() },
            LukeError::io("a", &io::ErrorKind::NotFound.into()),
            LukeError::input("a", "b"),
            LukeError::TaskUnavailable { task: text(), available: vec![text()] },
            LukeError::Unsupported(text()),
            LukeError::DeviceLost(text()),
            LukeError::out_of_memory("for x", 1, 1),
            LukeError::Aborted,
        ];
        let codes = [
            "integrity",
            "format",
            "network",
            "io",
            "input",
            "task-unavailable",
            "unsupported",
            "device-lost",
            "out-of-memory",
            "aborted",
        ];
        assert_eq!(errors.each_ref().map(LukeError::code), codes);
        assert_eq!(LukeError::Aborted.to_string(), "the call was aborted");
    }

    #[test]
    fn what_the_system_says_is_plain() {
        for (error, want) in [
            (io::ErrorKind::NotFound.into(), "a: there is no such file or folder"),
            (io::ErrorKind::PermissionDenied.into(), "a: this user has no permission for it"),
            (io::ErrorKind::IsADirectory.into(), "a: is a folder, not a file"),
            (io::Error::other("cut short"), "a: cut short"),
        ] {
            assert_eq!(LukeError::io("a", &error).to_string(), want);
        }
        for number in 1..40 {
            let said = LukeError::io("a", &io::Error::from_raw_os_error(number)).to_string();
            assert!(!said.contains("os error") && said.len() > 3, "{said}");
        }
    }
}
