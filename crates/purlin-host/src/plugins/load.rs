//! Loading what is used: schemas, and the code of features.

use std::sync::Arc;

use purlin_model::{Diagnostic, Digest, Origin, Source};
use purlin_plugin::RuntimeKind;
use purlin_plugin::Schema;
use purlin_plugin::contract::{
    Argument, Builder, Cache, Dependency, Environment, Hook, Repository, Subcommand,
};
use purlin_plugin::manifest::{Detail, FileRef, Hot};
use purlin_plugin::transform::{Importer, Transform};

use super::check::folder_of;
use super::{Plugins, lock, message};
use crate::FeatureRef;
use crate::native::{Code, Loaded, code_for};
use crate::scan::Folder;

impl Plugins {
    /// The schema of a feature's configuration, read when it is first asked for; `None` when the
    /// feature has none.
    ///
    /// # Errors
    /// The file cannot be read any more, or was changed meanwhile to something outside the subset.
    pub fn schema(&self, feature: &FeatureRef) -> Result<Option<Arc<Schema>>, Vec<Diagnostic>> {
        self.schema_in(feature, feature.schema())
    }

    /// The schema of the table of the workspace's file that a feature reads; `None` when it reads
    /// none.
    ///
    /// # Errors
    /// Those of [`Plugins::schema`].
    pub fn section_schema(
        &self,
        feature: &FeatureRef,
    ) -> Result<Option<Arc<Schema>>, Vec<Diagnostic>> {
        let section = feature.detail().section();
        self.schema_in(feature, section.map(|section| &section.schema))
    }

    fn schema_in(
        &self,
        feature: &FeatureRef,
        file: Option<&FileRef>,
    ) -> Result<Option<Arc<Schema>>, Vec<Diagnostic>> {
        let Some(file) = file else { return Ok(None) };
        let Some(folder) = folder_of(self, feature) else { return Ok(None) };
        let origin = file.place.origin(&feature.origin.source);
        self.parsed_schema(&folder, &feature.plugin, feature.digest, &file.path, &origin).map(Some)
    }

    /// The code of a feature of the `dependency` point.
    ///
    /// # Errors
    /// Its runtime cannot be used, or it has no code.
    pub fn dependency(&self, feature: &FeatureRef) -> Result<Loaded<dyn Dependency>, Diagnostic> {
        self.needed::<dyn Dependency>(feature)
    }

    /// The code of a feature of the `environment` point.
    ///
    /// # Errors
    /// Its runtime cannot be used, or it has no code.
    pub fn environment(&self, feature: &FeatureRef) -> Result<Loaded<dyn Environment>, Diagnostic> {
        self.needed::<dyn Environment>(feature)
    }

    /// The code of a feature of the `builder` point.
    ///
    /// # Errors
    /// Its runtime cannot be used, or it has no code.
    pub fn builder(&self, feature: &FeatureRef) -> Result<Loaded<dyn Builder>, Diagnostic> {
        self.needed::<dyn Builder>(feature)
    }

    /// The remote tier of a feature of the `cache` point; `None` when it has none and is all told
    /// by [`FeatureRef::hot`].
    ///
    /// # Errors
    /// Its runtime cannot be used.
    pub fn cache(&self, feature: &FeatureRef) -> Result<Option<Loaded<dyn Cache>>, Diagnostic> {
        self.code::<dyn Cache>(feature)
    }

    /// The code of a feature of the `repository` point. One that is compiled in needs the services of
    /// [`Plugins::services`].
    ///
    /// # Errors
    /// Its runtime cannot be used, or it has no code.
    pub fn repository(&self, feature: &FeatureRef) -> Result<Loaded<dyn Repository>, Diagnostic> {
        self.needed::<dyn Repository>(feature)
    }

    /// The code of a feature of the `subcommand` point.
    ///
    /// # Errors
    /// Its runtime cannot be used, or it has no code.
    pub fn subcommand(&self, feature: &FeatureRef) -> Result<Loaded<dyn Subcommand>, Diagnostic> {
        self.needed::<dyn Subcommand>(feature)
    }

    /// The code of a feature of the `argument` point.
    ///
    /// # Errors
    /// Its runtime cannot be used, or it has no code.
    pub fn argument(&self, feature: &FeatureRef) -> Result<Loaded<dyn Argument>, Diagnostic> {
        self.needed::<dyn Argument>(feature)
    }

    /// The code of a feature of the `hook` point.
    ///
    /// # Errors
    /// Its runtime cannot be used, or it has no code.
    pub fn hook(&self, feature: &FeatureRef) -> Result<Loaded<dyn Hook>, Diagnostic> {
        self.needed::<dyn Hook>(feature)
    }

    /// The code of a feature of the `transform` point.
    ///
    /// # Errors
    /// Its runtime cannot be used, or it has no code.
    pub fn transform(&self, feature: &FeatureRef) -> Result<Loaded<dyn Transform>, Diagnostic> {
        self.needed::<dyn Transform>(feature)
    }

    /// The code of a feature of the `importer` point.
    ///
    /// # Errors
    /// Its runtime cannot be used, or it has no code.
    pub fn importer(&self, feature: &FeatureRef) -> Result<Loaded<dyn Importer>, Diagnostic> {
        self.needed::<dyn Importer>(feature)
    }

    fn needed<T: Code + ?Sized>(&self, feature: &FeatureRef) -> Result<Loaded<T>, Diagnostic> {
        self.code::<T>(feature)?.ok_or_else(|| message::no_code(feature))
    }

    fn code<T: Code + ?Sized>(
        &self,
        feature: &FeatureRef,
    ) -> Result<Option<Loaded<T>>, Diagnostic> {
        match feature.runtime {
            None => Ok(None),
            Some(RuntimeKind::Native) => Ok(match folder_of(self, feature) {
                Some(Folder::Bundled(_, plugin)) => {
                    code_for(plugin, &feature.feature).and_then(T::of).map(Loaded::Native)
                }
                _ => None,
            }),
            Some(RuntimeKind::Process) => {
                Ok(T::process(self.process_feature(feature)?).map(Loaded::Process))
            }
            Some(RuntimeKind::Starlark) => {
                Ok(T::starlark(self.starlark_feature(feature)?).map(Loaded::Starlark))
            }
            Some(other) => Err(message::cannot_run(feature, other.as_str())),
        }
    }

    pub(super) fn parsed_schema(
        &self,
        folder: &Folder<'_>,
        plugin: &str,
        digest: Digest,
        file: &str,
        named: &Origin,
    ) -> Result<Arc<Schema>, Vec<Diagnostic>> {
        let key = (digest, file.to_owned());
        if let Some(schema) = lock(&self.schemas).get(&key) {
            return Ok(schema.clone());
        }
        let text = folder
            .read(file, &self.files)
            .map_err(|error| vec![message::unreadable_file(plugin, file, &error, named.clone())])?;
        let source = Source::of_plugin(plugin, folder.shown().join(file), Some(text.into_owned()));
        let schema = Arc::new(Schema::parse(&source)?);
        lock(&self.schemas).insert(key, schema.clone());
        Ok(schema)
    }
}

impl FeatureRef {
    /// For a cache: which local copy the host keeps in front of it.
    #[must_use]
    pub fn hot(&self) -> Hot {
        match self.detail() {
            Detail::Cache { hot, .. } => *hot,
            _ => Hot::None,
        }
    }
}
