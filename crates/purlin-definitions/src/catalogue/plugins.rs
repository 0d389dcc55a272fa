//! The catalogue of what the host knows.

use std::sync::Arc;

use purlin_host::{FeatureRef, Loaded, Need, Plugins, ShippedFile};
use purlin_model::{Diagnostic, Diagnostics};
use purlin_plugin::contract::Host;
use purlin_plugin::language::LeafType;
use purlin_plugin::manifest::Detail;
use purlin_plugin::message::PluginError;
use purlin_plugin::transform::{Fragment, Importer, Name, Transform, TransformContext};
use purlin_plugin::{Point, Schema};
use serde_json::Value as Json;

use super::{
    Catalogue, FeatureHead, ImporterFeature, LeafFeature, Load, SectionFeature, ShippedDefinitions,
    TransformFeature,
};

impl Catalogue {
    /// What the enabled plugins provide. Manifests alone are looked at.
    #[must_use]
    pub fn of(plugins: &Arc<Plugins>) -> Self {
        let mut catalogue = Self::empty(plugins.clone());
        catalogue.sections = plugins.sections();
        for feature in catalogue.found(plugins, Point::Leaf) {
            let Detail::Leaf { constructor, sections, role, marks } = feature.detail() else {
                continue;
            };
            catalogue.leaves.push(LeafFeature::new(
                head(&feature),
                constructor.clone(),
                sections.clone(),
                marks.clone(),
                role.clone(),
                leaf_type(plugins, &feature),
            ));
        }
        for feature in catalogue.found(plugins, Point::Transform) {
            let Detail::Transform { reads, extends, outputs, shared, section } = feature.detail()
            else {
                continue;
            };
            let section = section.as_ref().map(|section| SectionFeature {
                name: section.name.clone(),
                schema: loading(plugins, &feature, |plugins, feature| {
                    plugins.section_schema(feature).map(Arc::new)
                }),
            });
            catalogue.transforms.push(TransformFeature {
                head: head(&feature),
                reads: reads.clone(),
                extends: extends.clone(),
                outputs: outputs.clone(),
                is_shared: *shared,
                section,
                schema: schema(plugins, &feature),
                load: loading(plugins, &feature, |plugins, feature| {
                    let code = plugins.transform(feature).map_err(|diagnostic| vec![diagnostic])?;
                    Ok(Arc::new(Code(code)) as Arc<dyn Transform>)
                }),
            });
        }
        for feature in catalogue.found(plugins, Point::Importer) {
            let Detail::Importer { inputs, into } = feature.detail() else { continue };
            catalogue.importers.push(ImporterFeature {
                head: head(&feature),
                inputs: inputs.clone(),
                into: into.clone(),
                schema: schema(plugins, &feature),
                load: loading(plugins, &feature, |plugins, feature| {
                    let code = plugins.importer(feature).map_err(|diagnostic| vec![diagnostic])?;
                    Ok(Arc::new(Code(code)) as Arc<dyn Importer>)
                }),
            });
        }
        for file in plugins.definition_files() {
            if !file.file.ends_with(".star") {
                catalogue.diagnostics.push(no_language(&file));
                continue;
            }
            let (plugins, plugin) = (plugins.clone(), file.plugin.clone());
            catalogue.shipped.push(ShippedDefinitions {
                plugin,
                load: Box::new(move || {
                    plugins.definition_file(&file).map_err(|diagnostic| vec![diagnostic])
                }),
            });
        }
        catalogue
    }

    /// The features of a point that can be used; what stands in the way of others is kept.
    fn found(&mut self, plugins: &Plugins, point: Point) -> Vec<FeatureRef> {
        let mut found = Vec::new();
        for name in plugins.names(point) {
            match plugins.find(point, &name, Need::Enabled) {
                Ok(feature) => found.push(feature),
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
        }
        found
    }
}

fn head(feature: &FeatureRef) -> FeatureHead {
    FeatureHead {
        name: feature.name.clone(),
        plugin: feature.plugin.clone(),
        origin: feature.origin.clone(),
    }
}

fn loading<T: ?Sized + 'static>(
    plugins: &Arc<Plugins>,
    feature: &FeatureRef,
    load: fn(&Plugins, &FeatureRef) -> Result<Arc<T>, Diagnostics>,
) -> Load<T> {
    let (plugins, feature) = (plugins.clone(), feature.clone());
    Box::new(move || load(&plugins, &feature))
}

fn schema(plugins: &Arc<Plugins>, feature: &FeatureRef) -> Load<Option<Arc<Schema>>> {
    loading(plugins, feature, |plugins, feature| plugins.schema(feature).map(Arc::new))
}

fn leaf_type(plugins: &Arc<Plugins>, feature: &FeatureRef) -> Load<LeafType> {
    loading(plugins, feature, |plugins, feature| {
        let Detail::Leaf { constructor, role, .. } = feature.detail() else {
            return Err(vec![no_schema(feature)]);
        };
        let schema = plugins.schema(feature)?.ok_or_else(|| vec![no_schema(feature)])?;
        Ok(Arc::new(LeafType {
            name: feature.name.clone(),
            plugin: feature.plugin.clone(),
            constructor: constructor.clone(),
            has_name: LeafType::may_be_named(&schema),
            schema,
            role: role.clone(),
        }))
    })
}

fn no_language(file: &ShippedFile) -> Diagnostic {
    let what = format!("the plugin `{}` ships definitions in `{}`", file.plugin, file.file);
    Diagnostic::error("shipped-definitions", what).label(file.origin.clone(), "named here").help(
        "definitions that plugins ship are functions and constants in files `*.star`".to_owned(),
    )
}

fn no_schema(feature: &FeatureRef) -> Diagnostic {
    let what = format!("the leaf type `{}` has no schema", feature.name);
    Diagnostic::error("no-schema", what).label(feature.origin.clone(), "declared here")
}

/// Code that the host has loaded, shared.
struct Code<T: ?Sized + 'static>(Loaded<T>);

impl Transform for Code<dyn Transform> {
    fn extend(
        &self,
        context: &dyn TransformContext,
        options: &Json,
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        self.0.extend(context, options, host)
    }

    fn outputs(
        &self,
        context: &dyn TransformContext,
        options: &Json,
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        self.0.outputs(context, options, host)
    }

    fn made_of(&self, options: &Json, output: &[Name]) -> Option<Vec<Vec<Name>>> {
        self.0.made_of(options, output)
    }
}

impl Importer for Code<dyn Importer> {
    fn load(
        &self,
        options: &Json,
        sources: &[String],
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        self.0.load(options, sources, host)
    }
}
