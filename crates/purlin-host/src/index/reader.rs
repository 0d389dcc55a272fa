//! Looking things up in the bytes of an index.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use purlin_model::Digest;
use purlin_plugin::manifest::{FileRef, Manifest};
use serde::de::DeserializeOwned;

use super::layout::{
    BUNDLED, CHECKED, Cursor, DEPRECATED, FEATURE_ROW, FORMAT, HEADER, MAGIC, PLUGIN_ROW, Piece,
    SHADOWED, SOUND, STAMP_ROW, UNREAD, unseal,
};
use super::map::Bytes;
use super::record::{FeatureRecord, Head, StoredDiagnostic};
use crate::stamp::Stamp;

/// The bytes are not those of a whole index of this version and search path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

/// An index whose header is sound. Everything else is checked when it is read.
pub(crate) struct Index {
    bytes: Bytes,
    search: usize,
    candidates: usize,
    stamps: usize,
    plugins: usize,
    features: usize,
    warnings: Piece,
}

/// A plugin's row.
#[derive(Clone, Copy)]
pub(crate) struct PluginRow<'a> {
    index: &'a Index,
    /// Its position in the index.
    pub(crate) position: usize,
    /// Its name.
    pub(crate) name: &'a str,
    /// Its folder; empty for a bundled one.
    pub(crate) folder: &'a Path,
    /// True when another plugin of the same name comes first.
    pub(crate) shadowed: bool,
    /// True when it is compiled in.
    pub(crate) bundled: bool,
    /// True when it is broken, and not even what it claims could be read.
    pub(crate) unread: bool,
    /// True when its status is [`crate::PluginStatus::Ok`].
    pub(crate) sound: bool,
    head: Piece,
    manifest: Piece,
    diagnostics: Piece,
    first_stamp: usize,
    stamps: usize,
}

/// A feature's row.
#[derive(Clone, Copy)]
pub(crate) struct FeatureRow<'a> {
    index: &'a Index,
    /// See [`super::feature_key`].
    pub(crate) key: &'a str,
    /// Position of its plugin.
    pub(crate) plugin: usize,
    /// True when its manifest says so.
    pub(crate) deprecated: bool,
    record: Piece,
    about: Piece,
    words: Piece,
}

impl Index {
    /// Takes bytes whose header says that they are an index of the search path `key`.
    pub(super) fn new(bytes: Bytes, key: Digest) -> Result<Self, Damaged> {
        let mut header = Cursor(bytes.get(..HEADER).ok_or(Damaged)?);
        if header.take(MAGIC.len())? != MAGIC || header.u32()? != FORMAT {
            return Err(Damaged);
        }
        let checksum = header.u32()?;
        let checked = bytes.get(CHECKED..HEADER).ok_or(Damaged)?;
        if checksum != crc32fast::hash(checked)
            || header.u64()? != bytes.len() as u64
            || header.take(32)? != key.0
        {
            return Err(Damaged);
        }
        let mut count = || header.u32().map(|number| number as usize);
        let (search, candidates, stamps) = (count()?, count()?, count()?);
        let (plugins, features) = (count()?, count()?);
        let warnings = header.piece()?;
        Ok(Self { bytes, search, candidates, stamps, plugins, features, warnings })
    }

    /// Folders and files that every run looks at.
    pub(crate) fn search(&self) -> impl Iterator<Item = Result<(&Path, Stamp), Damaged>> {
        (0..self.search).map(|position| self.stamp(position))
    }

    /// Folders that were no plugins.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = Result<(&Path, Stamp), Damaged>> {
        (self.search..self.search + self.candidates).map(|position| self.stamp(position))
    }

    /// What is odd about the search path itself.
    pub(crate) fn warnings(&self) -> Result<Vec<StoredDiagnostic>, Damaged> {
        self.json(self.warnings)
    }

    /// Number of plugins, shadowed ones among them.
    pub(crate) fn plugin_count(&self) -> usize {
        self.plugins
    }

    /// The plugin at a position.
    pub(crate) fn plugin(&self, position: usize) -> Result<PluginRow<'_>, Damaged> {
        let start = HEADER + self.stamps * STAMP_ROW;
        let mut row = self.row(start, PLUGIN_ROW, position, self.plugins)?;
        let (name, folder) = (row.piece()?, row.piece()?);
        let (head, manifest, diagnostics) = (row.piece()?, row.piece()?, row.piece()?);
        let (first_stamp, stamps) = (row.u32()? as usize, row.u32()? as usize);
        let flags = row.u32()?;
        Ok(PluginRow {
            index: self,
            position,
            name: self.text(name)?,
            folder: self.path(folder)?,
            shadowed: flags & SHADOWED != 0,
            bundled: flags & BUNDLED != 0,
            unread: flags & UNREAD != 0,
            sound: flags & SOUND != 0,
            head,
            manifest,
            diagnostics,
            first_stamp,
            stamps,
        })
    }

    /// The plugins of a name, in the order of the search path.
    pub(crate) fn plugins_named(&self, name: &str) -> Result<Vec<PluginRow<'_>>, Damaged> {
        let first = lower_bound(self.plugins, |position| Ok(self.plugin(position)?.name < name))?;
        let mut found = Vec::new();
        for position in first..self.plugins {
            let row = self.plugin(position)?;
            if row.name != name {
                break;
            }
            found.push(row);
        }
        Ok(found)
    }

    /// The features whose key is `key`.
    pub(crate) fn features(&self, key: &str) -> Result<Vec<FeatureRow<'_>>, Damaged> {
        self.features_while(key, |found| found == key)
    }

    /// The features whose key begins with `prefix`, in the order of their keys.
    pub(crate) fn features_from(&self, prefix: &str) -> Result<Vec<FeatureRow<'_>>, Damaged> {
        self.features_while(prefix, |found| found.starts_with(prefix))
    }

    fn features_while(
        &self,
        from: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<FeatureRow<'_>>, Damaged> {
        let first = lower_bound(self.features, |position| Ok(self.feature(position)?.key < from))?;
        let mut found = Vec::new();
        for position in first..self.features {
            let row = self.feature(position)?;
            if !wanted(row.key) {
                break;
            }
            found.push(row);
        }
        Ok(found)
    }

    fn feature(&self, position: usize) -> Result<FeatureRow<'_>, Damaged> {
        let start = HEADER + self.stamps * STAMP_ROW + self.plugins * PLUGIN_ROW;
        let mut row = self.row(start, FEATURE_ROW, position, self.features)?;
        let (key, record) = (row.piece()?, row.piece()?);
        let (about, words) = (row.piece()?, row.piece()?);
        let plugin = row.u32()? as usize;
        let deprecated = row.u32()? & DEPRECATED != 0;
        let key = self.text(key)?;
        Ok(FeatureRow { index: self, key, plugin, deprecated, record, about, words })
    }

    fn stamp(&self, position: usize) -> Result<(&Path, Stamp), Damaged> {
        let mut row = self.row(HEADER, STAMP_ROW, position, self.stamps)?;
        Ok((self.path(row.piece()?)?, row.stamp()?))
    }

    fn row(
        &self,
        table: usize,
        size: usize,
        position: usize,
        count: usize,
    ) -> Result<Cursor<'_>, Damaged> {
        if position >= count {
            return Err(Damaged);
        }
        let start = table + position * size;
        unseal(self.bytes.get(start..start + size).ok_or(Damaged)?)
    }

    fn piece(&self, piece: Piece) -> Result<&[u8], Damaged> {
        let heap = HEADER
            + self.stamps * STAMP_ROW
            + self.plugins * PLUGIN_ROW
            + self.features * FEATURE_ROW;
        let start = heap + piece.offset as usize;
        let bytes = self.bytes.get(start..start + piece.length as usize).ok_or(Damaged)?;
        if crc32fast::hash(bytes) != piece.checksum {
            return Err(Damaged);
        }
        Ok(bytes)
    }

    fn text(&self, piece: Piece) -> Result<&str, Damaged> {
        std::str::from_utf8(self.piece(piece)?).map_err(|_| Damaged)
    }

    fn path(&self, piece: Piece) -> Result<&Path, Damaged> {
        Ok(Path::new(OsStr::from_bytes(self.piece(piece)?)))
    }

    fn json<T: DeserializeOwned>(&self, piece: Piece) -> Result<T, Damaged> {
        serde_json::from_slice(self.piece(piece)?).map_err(|_| Damaged)
    }
}

impl<'a> PluginRow<'a> {
    /// What every use of the plugin needs to know.
    pub(crate) fn head(&self) -> Result<Head, Damaged> {
        self.index.json(self.head)
    }

    /// Its manifest, as far as it could be read.
    pub(crate) fn manifest(&self) -> Result<Option<Manifest>, Damaged> {
        self.index.json(self.manifest)
    }

    /// What is wrong with it.
    pub(crate) fn diagnostics(&self) -> Result<Vec<StoredDiagnostic>, Damaged> {
        self.index.json(self.diagnostics)
    }

    /// True when the files that its records were made from are as they were.
    pub(crate) fn holds(&self) -> Result<bool, Damaged> {
        self.first_hold(self.stamps)
    }

    /// True when its manifest is as it was.
    pub(crate) fn manifest_holds(&self) -> Result<bool, Damaged> {
        // It is read first. A bundled plugin has no files.
        self.first_hold(self.stamps.min(1))
    }

    fn first_hold(&self, count: usize) -> Result<bool, Damaged> {
        let end = self.first_stamp.checked_add(count).ok_or(Damaged)?;
        for position in self.first_stamp..end {
            let (path, stamp) = self.index.stamp(position)?;
            if !stamp.holds(&self.folder.join(path)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<'a> FeatureRow<'a> {
    /// The name that it was claimed by, a flag's without `--` and its verb.
    pub(crate) fn name(&self) -> &'a str {
        let claim = self.key.split_once('/').map_or(self.key, |(_, claim)| claim);
        claim.rsplit_once(" --").map_or(claim, |(_, flag)| flag)
    }

    /// What the manifest says about it.
    pub(crate) fn record(&self) -> Result<FeatureRecord, Damaged> {
        self.index.json(self.record)
    }

    /// One line about a verb or a flag.
    pub(crate) fn about(&self) -> Result<&'a str, Damaged> {
        self.index.text(self.about)
    }

    /// Of a verb its options. Of a flag nothing when it takes nothing, else an empty text and the
    /// values of a choice.
    pub(crate) fn words(&self) -> Result<impl Iterator<Item = &'a str> + use<'a>, Damaged> {
        Ok(self.index.text(self.words)?.lines())
    }

    /// The file, of a row with [`super::COMMANDS_KEY`] or [`super::DEFINITIONS_KEY`].
    pub(crate) fn shipped(&self) -> Result<FileRef, Damaged> {
        self.index.json(self.record)
    }
}

/// The first of `count` positions for which `before` is false.
fn lower_bound(
    count: usize,
    before: impl Fn(usize) -> Result<bool, Damaged>,
) -> Result<usize, Damaged> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle)? { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}
