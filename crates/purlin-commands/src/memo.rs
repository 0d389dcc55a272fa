//! Answers of plugins that cost a process, kept between runs: a run in which nothing has changed
//! starts none.
//!
//! An answer may be computed from files, and only the answer tells which. So two things are kept:
//! under the question the globs of those files, and under the question together with what the files
//! were, the answer.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use purlin_host::{FeatureRef, Memo, Plugins};
use purlin_model::{Diagnostic, Hasher};
use purlin_plugin::message::{EnvironmentDescription, Expansion};
use purlin_store::{Files, Patterns};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::action::below;
use crate::session::{file_index, private_folder};

/// The answers that are known, by type of dependency.
pub(crate) struct Memos {
    root: String,
    opened: RefCell<BTreeMap<Type, Option<Rc<Memo>>>>,
    files: OnceCell<Files>,
}

/// Plugin and feature.
type Type = (String, String);

/// An answer that tells which files it was computed from.
pub(crate) trait Answer: Serialize + DeserializeOwned {
    /// Globs of those files.
    fn inputs(&self) -> &[String];
}

impl Answer for Expansion {
    fn inputs(&self) -> &[String] {
        &self.inputs
    }
}

impl Answer for EnvironmentDescription {
    fn inputs(&self) -> &[String] {
        &self.expansion.inputs
    }
}

/// One question.
pub(crate) struct Question {
    memo: Rc<Memo>,
    text: Json,
}

impl Memos {
    pub(crate) fn new(root: &str) -> Self {
        Self { root: root.to_owned(), opened: RefCell::default(), files: OnceCell::new() }
    }

    /// A question to a plugin; `None` where asking costs nothing.
    ///
    /// # Errors
    /// The plugin may not run, or cannot.
    pub(crate) fn question(
        &self,
        plugins: &Plugins,
        feature: &FeatureRef,
        text: Json,
    ) -> Result<Option<Question>, Diagnostic> {
        let key = (feature.plugin.clone(), feature.feature.name.clone());
        let known = self.opened.borrow().get(&key).cloned();
        let memo = match known {
            Some(memo) => memo,
            None => {
                let memo = plugins.memo(feature)?.map(Rc::new);
                self.opened.borrow_mut().insert(key, memo.clone());
                memo
            }
        };
        Ok(memo.map(|memo| Question { memo, text }))
    }

    /// The answer to a question, remembered or asked for.
    ///
    /// # Errors
    /// Those of asking.
    pub(crate) fn answer<A: Answer, E>(
        &self,
        question: &Question,
        ask: impl Fn() -> Result<A, E>,
    ) -> Result<A, E> {
        let mut globs = self.globs(question);
        if let Some(known) = globs.as_ref().and_then(|globs| self.known(question, globs)) {
            return Ok(known);
        }
        let before = globs.as_ref().and_then(|globs| self.state(globs));
        let mut answer = ask()?;
        if !self.keep(question, &answer, globs.as_deref(), before.as_deref()) {
            // The files were not looked at before it, so one may have changed meanwhile: what is
            // kept must belong to what is there.
            globs = Some(answer.inputs().to_vec());
            let before = globs.as_ref().and_then(|globs| self.state(globs));
            answer = ask()?;
            self.keep(question, &answer, globs.as_deref(), before.as_deref());
        }
        Ok(answer)
    }

    /// The answer to a question, if it is remembered and still holds.
    pub(crate) fn remembered<A: Answer>(&self, question: &Question) -> Option<A> {
        self.known(question, &self.globs(question)?)
    }

    /// The files that the answer was computed from the last time.
    fn globs(&self, question: &Question) -> Option<Vec<String>> {
        serde_json::from_value(question.memo.get(&question.text)?).ok()
    }

    fn known<A: Answer>(&self, question: &Question, globs: &[String]) -> Option<A> {
        let found = self.state(globs)?;
        serde_json::from_value(question.memo.get(&json!([question.text, found]))?).ok()
    }

    /// Keeps an answer, if the files that it was computed from were the same before and after it.
    /// False when that is worth another try.
    fn keep<A: Answer>(
        &self,
        question: &Question,
        answer: &A,
        globs: Option<&[String]>,
        before: Option<&str>,
    ) -> bool {
        let inputs = answer.inputs();
        let after = self.state(inputs);
        let same = globs == Some(inputs) && before == after.as_deref();
        if !same && !inputs.is_empty() {
            return false;
        }
        if let (Some(found), Ok(text)) = (after, serde_json::to_value(answer)) {
            question.memo.put(&json!([question.text, found]), &text);
            question.memo.put(&question.text, &json!(inputs));
        }
        true
    }

    /// What the files of some globs are; `None` when that cannot be told.
    fn state(&self, globs: &[String]) -> Option<String> {
        let mut hasher = Hasher::new("expansion-inputs");
        if globs.is_empty() {
            return Some(hasher.finish().to_hex());
        }
        let globs: Vec<String> = globs.iter().map(|glob| below(&self.root, glob.clone())).collect();
        let patterns = Patterns::new(&globs).ok()?;
        let files = self.files.get_or_init(|| {
            let private = private_folder(Path::new(&self.root));
            Files::open(PathBuf::from(&self.root), file_index(&private))
        });
        for (path, state) in &files.inputs(&[&patterns]).ok()?.first()?.files {
            hasher.field(path.as_bytes()).field(state.digest.to_hex().as_bytes());
            hasher.field(&[u8::from(state.executable), u8::from(state.symlink)]);
        }
        Some(hasher.finish().to_hex())
    }
}
