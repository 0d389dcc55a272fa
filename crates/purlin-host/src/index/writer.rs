//! Making the bytes of an index.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use purlin_model::Digest;
use purlin_plugin::Point;
use purlin_plugin::manifest::{Detail, Feature, ValueKind};
use serde::Serialize;

use crate::PluginStatus;
use crate::stamp::Stamp;

use super::key::{COMMANDS_KEY, DEFINITIONS_KEY};
use super::layout::{
    BUNDLED, CHECKED, DEPRECATED, FEATURE_ROW, FORMAT, HEADER, MAGIC, PLUGIN_ROW, Piece, SHADOWED,
    SOUND, STAMP_ROW, UNREAD, put_piece, put_stamp, put_u32, seal,
};
use super::record::{FeatureRecord, PluginRecord, StoredDiagnostic};
use super::{default_key, feature_key};

/// What goes into an index.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Looked at by every run.
    pub(crate) search: Vec<(PathBuf, Stamp)>,
    /// Folders that are no plugins yet: looked at when all stamps are.
    pub(crate) candidates: Vec<(PathBuf, Stamp)>,
    /// In the order of the search path.
    pub(crate) plugins: Vec<PluginRecord>,
    /// What is odd about the search path itself.
    pub(crate) warnings: Vec<StoredDiagnostic>,
}

impl Contents {
    /// The bytes of the index of the search path with the digest `key`.
    pub(crate) fn encode(&mut self, key: Digest) -> Vec<u8> {
        // Plugins of one name stay in the order of the search path.
        self.plugins.sort_by(|left, right| left.name.cmp(&right.name));
        let mut heap = Heap::default();
        let mut stamps = Vec::new();
        for (path, stamp) in self.search.iter().chain(&self.candidates) {
            stamp_row(&mut stamps, heap.bytes(path.as_os_str().as_bytes()), *stamp);
        }
        let mut plugins = Vec::new();
        let mut features: Vec<Row> = Vec::new();
        for (position, plugin) in self.plugins.iter().enumerate() {
            let first = narrow(stamps.len() / STAMP_ROW);
            for (path, stamp) in &plugin.stamps {
                stamp_row(&mut stamps, heap.bytes(path.as_bytes()), *stamp);
            }
            plugin_row(&mut plugins, &mut heap, plugin, first);
            if plugin.head.status != PluginStatus::Shadowed {
                add_features(&mut features, &mut heap, plugin, narrow(position));
                let manifest = plugin.manifest.as_ref();
                let ships = manifest.map(|manifest| &manifest.ships);
                let commands = ships.and_then(|ships| ships.commands.as_ref());
                let definitions = ships.into_iter().flat_map(|ships| &ships.definitions);
                let files = commands.map(|file| (COMMANDS_KEY, file)).into_iter();
                for (key, file) in files.chain(definitions.map(|file| (DEFINITIONS_KEY, file))) {
                    let nothing = heap.bytes(b"");
                    features.push(Row {
                        key: key.to_owned(),
                        plugin: narrow(position),
                        record: heap.json(file),
                        about: nothing,
                        words: nothing,
                        flags: 0,
                    });
                }
            }
        }
        features.sort_by(|left, right| (&left.key, left.plugin).cmp(&(&right.key, right.plugin)));
        let mut rows = Vec::new();
        for row in &features {
            let start = rows.len();
            put_piece(&mut rows, heap.bytes(row.key.as_bytes()));
            for piece in [row.record, row.about, row.words] {
                put_piece(&mut rows, piece);
            }
            put_u32(&mut rows, row.plugin);
            put_u32(&mut rows, row.flags);
            seal(&mut rows, start);
            debug_assert_eq!(rows.len() - start, FEATURE_ROW);
        }
        let warnings = heap.json(&self.warnings);

        let body = stamps.len() + plugins.len() + rows.len();
        let length = HEADER + body + heap.0.len();
        let mut file = Vec::with_capacity(length);
        file.extend_from_slice(&MAGIC);
        put_u32(&mut file, FORMAT);
        put_u32(&mut file, 0);
        file.extend_from_slice(&(length as u64).to_le_bytes());
        file.extend_from_slice(&key.0);
        for count in [
            self.search.len(),
            self.candidates.len(),
            stamps.len() / STAMP_ROW,
            self.plugins.len(),
            features.len(),
        ] {
            put_u32(&mut file, narrow(count));
        }
        put_piece(&mut file, warnings);
        debug_assert_eq!(file.len(), HEADER);
        let checksum = crc32fast::hash(&file[CHECKED..]);
        file[CHECKED - 4..CHECKED].copy_from_slice(&checksum.to_le_bytes());
        for part in [&stamps, &plugins, &rows, &heap.0] {
            file.extend_from_slice(part);
        }
        file
    }
}

/// A row of the feature table on its way there.
struct Row {
    key: String,
    plugin: u32,
    record: Piece,
    about: Piece,
    words: Piece,
    flags: u32,
}

/// Texts and JSON behind the rows. Offsets count from its beginning.
#[derive(Default)]
struct Heap(Vec<u8>);

impl Heap {
    fn bytes(&mut self, bytes: &[u8]) -> Piece {
        let offset = narrow(self.0.len());
        self.0.extend_from_slice(bytes);
        Piece { offset, length: narrow(bytes.len()), checksum: crc32fast::hash(bytes) }
    }

    fn json(&mut self, value: &impl Serialize) -> Piece {
        let text =
            serde_json::to_vec(value).expect("these types have string keys and no maps fail");
        self.bytes(&text)
    }
}

fn stamp_row(rows: &mut Vec<u8>, path: Piece, stamp: Stamp) {
    let start = rows.len();
    put_piece(rows, path);
    put_stamp(rows, stamp);
    seal(rows, start);
    debug_assert_eq!(rows.len() - start, STAMP_ROW);
}

fn plugin_row(rows: &mut Vec<u8>, heap: &mut Heap, plugin: &PluginRecord, first_stamp: u32) {
    let start = rows.len();
    put_piece(rows, heap.bytes(plugin.name.as_bytes()));
    put_piece(rows, heap.bytes(plugin.folder.as_os_str().as_bytes()));
    put_piece(rows, heap.json(&plugin.head));
    put_piece(rows, heap.json(&plugin.manifest));
    put_piece(rows, heap.json(&plugin.diagnostics));
    put_u32(rows, first_stamp);
    put_u32(rows, narrow(plugin.stamps.len()));
    let shadowed = if plugin.head.status == PluginStatus::Shadowed { SHADOWED } else { 0 };
    let bundled = if plugin.head.bundled.is_some() { BUNDLED } else { 0 };
    let nothing = plugin.manifest.is_none() && plugin.features.is_empty();
    let unread = if nothing && shadowed == 0 { UNREAD } else { 0 };
    let sound = if plugin.head.status == PluginStatus::Ok { SOUND } else { 0 };
    put_u32(rows, shadowed | bundled | unread | sound);
    seal(rows, start);
    debug_assert_eq!(rows.len() - start, PLUGIN_ROW);
}

fn add_features(features: &mut Vec<Row>, heap: &mut Heap, plugin: &PluginRecord, position: u32) {
    for feature in &plugin.features {
        let runtime = plugin.manifest.as_ref().and_then(|manifest| manifest.runtime_of(feature));
        let record = FeatureRecord { feature: feature.clone(), runtime };
        let record = heap.json(&record);
        let is_word = matches!(feature.point, Point::Subcommand | Point::Argument);
        let about = heap.bytes(if is_word { feature.about.as_bytes() } else { b"" });
        let words = heap.bytes(words(feature).as_bytes());
        let flags = if feature.deprecated.is_some() { DEPRECATED } else { 0 };
        let mut claims = feature.claims();
        if feature.point == Point::Hook {
            claims.push(feature.name.clone());
        }
        let mut keys: Vec<String> =
            claims.iter().map(|claim| feature_key(feature.point, claim)).collect();
        if is_default(feature) {
            keys.push(default_key(feature.point));
        }
        let row = |key| Row { key, plugin: position, record, about, words, flags };
        features.extend(keys.into_iter().map(row));
    }
}

/// What help and clashes of names need of a feature, so that nobody parses JSON for them: the options
/// of a verb; of a flag that takes something, what that is and the values of a choice.
fn words(feature: &Feature) -> String {
    let words: Vec<&str> = match &feature.detail {
        Detail::Subcommand { args } => {
            let options = args.iter().filter(|one| !one.positional);
            options.map(|one| one.name.as_str()).collect()
        }
        Detail::Argument { kind: ValueKind::Bool, .. } => Vec::new(),
        Detail::Argument { values, .. } => {
            std::iter::once("").chain(values.iter().map(String::as_str)).collect()
        }
        _ => Vec::new(),
    };
    words.iter().flat_map(|word| [word, "\n"]).collect()
}

fn is_default(feature: &Feature) -> bool {
    match &feature.detail {
        Detail::Cache { default, .. }
        | Detail::Dependency { default, .. }
        | Detail::Repository { default } => *default,
        _ => false,
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("manifests are limited in size, so an index stays below 4 GiB")
}
