//! `luke rank`: which texts to mark next for a head.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use luke_web::tasks::from_value;
use luke_web::tasks::rank::RankOptions;
use luke_web::taught::TaughtTask;
use luke_web::{LukeError, Result, directory};
use serde_json::{Value, json};

use crate::{Run, folder, heads, line, options};

/// Arguments of `luke rank`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    run: Run,
    /// A head for `ner` that was taught: the name of one in the model folder, or else a file.
    #[arg(long, value_name = "NAME_OR_FILE")]
    head: PathBuf,
    /// Options as in the API: JSON such as `{"topK": 20}`.
    #[arg(long, default_value = "{}")]
    options: String,
}

/// Reads all texts from standard input, and prints for each, the most useful first, `{"index": ..., "score": ...}` with the `id` of its line
/// if it has one. `index` counts texts from 0.
///
/// # Errors
/// - `input` if `--options` or the head is wrong
/// - `io` if a file, standard input or output fails
/// - `format` if a line is none with a text; with its number
/// - those of the load and of [`Luke::rank`](luke_web::Luke::rank)
pub fn rank(arguments: &Options) -> Result<()> {
    let Options { run, head, options } = arguments;
    let options: RankOptions =
        from_value("options", Value::Object(options::parse(options)?)).map_err(options::named)?;
    let head = heads::find(&run.model, head)?;
    head.check_task("rank", TaughtTask::Ner)?;
    let path = Path::new("standard input");
    let bytes = folder::read_from(path, std::io::stdin().lock())?;
    let (mut ids, mut texts) = (Vec::new(), Vec::new());
    for (number, line::Line { id, mut fields }) in line::parse_all(path, folder::text(path, &bytes)?)? {
        let wrong = |reason: &str| line::error_at(path, number, &line::bad_line(reason.to_owned()));
        match fields.remove("text") {
            Some(Value::String(text)) if fields.is_empty() => texts.push(text),
            _ => return Err(wrong("must be an object with a 'text', and may have an 'id'")),
        }
        ids.push(id);
    }
    let luke = pollster::block_on(directory::load(&run.model, run.device.into(), false))?;
    let mut out = std::io::stdout().lock();
    for ranked in pollster::block_on(luke.rank(&head, &texts, &options))? {
        let id = ids.get(ranked.index).copied().flatten().map_or(String::new(), |id| format!("\"id\":{id},"));
        let written = writeln!(out, "{{{id}\"index\":{},\"score\":{}}}", ranked.index, json!(ranked.score));
        match written {
            // The reader wants no more lines.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(|error| LukeError::io("standard output", &error))?,
        }
    }
    Ok(())
}
