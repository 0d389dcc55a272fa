//! The cache by which packages are shared: that of commands which name none.

use purlin_commands::{CacheChoice, ContextValues, ProcessVariables, Request, Selection};

use super::Packages;
use crate::arguments::Run;
use crate::asked::Asked;
use crate::failure::Failure;
use crate::run_options;

impl Packages<'_> {
    /// The cache of `[defaults]`; `None` where the workspace says none, and what is kept stays here.
    pub(super) fn shared(
        &self,
        variables: &ProcessVariables,
    ) -> Result<Option<CacheChoice>, Failure> {
        let context = self.context;
        let defaults = context.document.get("defaults");
        if defaults.and_then(|defaults| defaults.get("cache")).is_none() {
            return Ok(None);
        }
        let (definitions, _) = context.read_definitions();
        let asked = Asked::new(&run_options::that_choose(&Run::default())?);
        let values = ContextValues::new(&definitions, &[], variables, asked.options())?;
        let root = self.root.to_string_lossy();
        let request = Request {
            definitions: &definitions,
            plugins: &context.plugins,
            root: &root,
            variables,
            context: &values,
            selection: &Selection::default(),
            starts_processes: false,
            packages: None,
        };
        Ok(Some(request.default_cache()?))
    }
}
