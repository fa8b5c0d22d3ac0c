//! Heads that were taught: those in the model folder, and which ones fit the model.

use super::Luke;
use crate::error::{LukeError, Result, shortened};
use crate::folder::{CheckedFolder, FileEntry, Source, TaughtHeadEntry, read_verified};
use crate::taught::TaughtHead;

/// A head of a model folder.
#[derive(Clone, Debug, PartialEq)]
pub struct AddedHead {
    /// The head.
    pub head: TaughtHead,
    /// Its file.
    pub bytes: Vec<u8>,
}

impl AddedHead {
    /// Reads a head of a folder. `ahead` are the files that are read after it.
    ///
    /// # Errors
    /// - `integrity` and `format` as [`TaughtHead::from_bytes`], and `integrity` if it is not the file of the manifest
    /// - `format` if it is not the head of the manifest, or was taught on another model
    /// - what `source` fails with
    pub async fn read<'a>(
        folder: &CheckedFolder,
        entry: &TaughtHeadEntry,
        source: &dyn Source,
        ahead: impl IntoIterator<Item = &'a FileEntry>,
    ) -> Result<Self> {
        let bytes = read_verified(source, &entry.file, ahead, Vec::new()).await?;
        let (path, head) = (&entry.file.path, TaughtHead::from_bytes(&entry.file.path, &bytes)?);
        let (name, task) = (&head.about.name, head.about.task.name());
        if (name, task) != (&entry.name, &entry.task) {
            let is = format!("is the head '{}' for {task}", shortened(name));
            let said = format!("'{}' for {}", shortened(&entry.name), shortened(&entry.task));
            return Err(LukeError::format(path, format!("{is}, and the manifest says {said}")));
        }
        match head.check_model(&folder.manifest().name, folder.base_hash(), folder.config()) {
            Ok(()) => Ok(Self { head, bytes }),
            // Nobody has given it to a call.
            Err(LukeError::Input { reason, .. }) => Err(LukeError::format(path, reason)),
            Err(other) => Err(other),
        }
    }

    /// Reads all heads of a folder. `after` are the files that are read after them.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(super) async fn read_all<'a>(
        folder: &'a CheckedFolder,
        source: &dyn Source,
        after: impl Iterator<Item = &'a FileEntry> + Clone,
    ) -> Result<Vec<Self>> {
        let entries = &folder.manifest().taught_heads;
        let mut heads = Vec::with_capacity(entries.len());
        let mut rest = entries.iter();
        while let Some(entry) = rest.next() {
            let ahead = rest.clone().map(|entry| &entry.file).chain(after.clone());
            heads.push(Self::read(folder, entry, source, ahead).await?);
        }
        Ok(heads)
    }
}

impl Luke {
    /// The hash by which heads that are taught name this model; see [`Manifest::base_hash`](crate::folder::Manifest::base_hash).
    pub fn base_hash(&self) -> &str {
        self.manifest.base_hash(&self.manifest_hash)
    }

    /// Checks that a head was taught on this model.
    ///
    /// # Errors
    /// `input`, as [`TaughtHead::check_model`].
    pub fn check_head(&self, head: &TaughtHead) -> Result<()> {
        head.check_model(&self.manifest.name, self.base_hash(), &self.config)
    }

    /// The head of the model folder that has this name.
    ///
    /// # Errors
    /// `input`, with the names that there are.
    pub fn taught_head(&self, name: &str) -> Result<&TaughtHead> {
        let mut heads = self.taught_heads.iter().map(|added| &added.head);
        let unknown = || {
            let names: Vec<String> =
                self.taught_heads.iter().map(|added| format!("'{}'", shortened(&added.head.about.name))).collect();
            let has = if names.is_empty() { "none".into() } else { names.join(", ") };
            LukeError::input("head", format!("the model has no head '{}' (it has: {has})", shortened(name)))
        };
        heads.find(|head| head.about.name == name).ok_or_else(unknown)
    }
}
