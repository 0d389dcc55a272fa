//! The list of checks.

use purlin_plugin::Point;

use super::dependency::Expand;
use super::environment::Describe;
use super::trial::{Finding, Trial};
use super::{
    argument, builder, cache, hook, importer, plugin, process, question, repository, subcommand,
    transform,
};

/// One thing that plugins hold to.
pub struct Check {
    /// Its name in reports.
    pub id: &'static str,
    /// What a plugin that passes does.
    pub sentence: &'static str,
    /// What it is about.
    pub about: About,
    pub(super) run: fn(&Trial<'_>) -> Finding,
}

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The plugin, whatever runs it.
    Plugin,
    /// The plugin as a process.
    Process,
    /// Each feature of a point.
    Point(Point),
}

impl std::fmt::Debug for Check {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.id)
    }
}

macro_rules! checks {
    ($($about:expr => { $($id:literal $sentence:literal $run:path;)* })*) => {
        /// All checks, in the order in which they are made.
        pub static CHECKS: &[Check] = &[
            $($(Check { id: $id, sentence: $sentence, about: $about, run: $run },)*)*
        ];
    };
}

checks! {
    About::Plugin => {
        "manifest" "The manifest and the files that it names have no mistakes."
            plugin::manifest;
        "cases" "Each case is about a feature that there is, and its configuration fits the schema."
            plugin::cases;
    }
    About::Process => {
        "process.start" "It answers `initialize` within 500 ms of being started."
            process::start;
        "process.provides" "What it provides is what its manifest says."
            process::provides;
        "process.stdout" "Nothing but messages comes out of its stdout."
            process::stdout;
        "process.unknown-method" "A method that it does not know is refused, and the next call works."
            process::unknown_method;
        "process.newer-host" "Parameters that a newer host adds are ignored."
            process::newer_host;
        "process.cancel" "A call that is cancelled ends within 2 s, and the process lives on."
            process::cancel;
        "process.end" "It ends by itself when its stdin is closed."
            process::end;
    }
    About::Point(Point::Transform) => {
        "transform.answers" "`extend` and `outputs` answer for each case, with the fragments that it expects."
            transform::answers;
        "transform.declared" "What it makes lies in the sections that it extends and below the output roots that it owns."
            transform::declared;
        "transform.same-answer" "The same definitions and options give the same fragments, after a new start as well."
            transform::same_answer;
        "transform.any-order" "The order in which definitions are listed does not change which fragments it makes."
            transform::any_order;
        "transform.at-once" "Calls that are made at the same time get the answers that each gets alone."
            transform::at_once;
    }
    About::Point(Point::Importer) => {
        "importer.answers" "`load` answers for each case, with the fragments that it expects."
            importer::answers;
        "importer.into" "What it makes lies in the section that `into` names."
            importer::into;
        "importer.same-answer" "The same options and files give the same fragments, after a new start as well."
            importer::same_answer;
    }
    About::Point(Point::Dependency) => {
        "dependency.answers" "`expand` answers for each configuration that works, as the cases expect."
            question::answers::<Expand>;
        "dependency.refuses" "A configuration that cannot work is refused as INVALID_CONFIG or NOT_FOUND, with the path in it that is to blame."
            question::refuses::<Expand>;
        "dependency.well-formed" "Its globs are patterns inside the workspace, and the commands and variables that it names have names."
            question::well_formed::<Expand>;
        "dependency.same-answer" "The same question gets the same answer, after a new start as well."
            question::same_answer::<Expand>;
        "dependency.names-its-inputs" "Files that `inputs` does not name do not change the answer."
            question::names_its_inputs::<Expand>;
        "dependency.any-checkout" "The same files in another folder get the same answer."
            question::any_checkout::<Expand>;
        "dependency.at-once" "Questions that are asked at the same time get the answers that each gets alone."
            question::at_once::<Expand>;
    }
    About::Point(Point::Environment) => {
        "environment.answers" "`describe` answers for each configuration that works, as the cases expect."
            question::answers::<Describe>;
        "environment.refuses" "A configuration that cannot work is refused as INVALID_CONFIG or NOT_FOUND, with the path in it that is to blame."
            question::refuses::<Describe>;
        "environment.well-formed" "Its expansion, its changes, its paths and the commands in `after` are such that a host can use them, and commands make what must be installed."
            question::well_formed::<Describe>;
        "environment.same-answer" "The same question gets the same answer, after a new start as well."
            question::same_answer::<Describe>;
        "environment.names-its-inputs" "Files that `inputs` does not name do not change the answer."
            question::names_its_inputs::<Describe>;
        "environment.any-checkout" "The same files in another folder get the same answer: paths are relative, and values say `{root}`."
            question::any_checkout::<Describe>;
        "environment.at-once" "Questions that are asked at the same time get the answers that each gets alone."
            question::at_once::<Describe>;
    }
    About::Point(Point::Builder) => {
        "builder.answers" "`plan` answers for each package that can be built, as the cases expect."
            builder::answers;
        "builder.refuses" "A package that cannot be built is refused as INVALID_CONFIG or NOT_FOUND, with the path in it that is to blame."
            builder::refuses;
        "builder.well-formed" "It plans something, its variables have names, and its packages are requests."
            builder::well_formed;
        "builder.placeholders" "Packages that the plan mentions are such as the package mentions, by the placeholders that stand there."
            builder::placeholders;
        "builder.same-answer" "The same package and context give the same plan, after a new start as well."
            builder::same_answer;
        "builder.at-once" "Plans that are asked for at the same time are those that each gets alone."
            builder::at_once;
    }
    About::Point(Point::Cache) => {
        "cache.opens" "`open` works for each configuration of the cases."
            cache::opens;
        "cache.contains" "`contains` answers once for each item, and false for what nobody has put there."
            cache::contains;
        "cache.round-trip" "What was put is there, and comes back equal byte for byte."
            cache::round_trip;
        "cache.kinds" "An action and a blob of one digest are two things."
            cache::kinds;
        "cache.absent" "`fetch` leaves out what is not there, and brings the rest."
            cache::absent;
        "cache.put-twice" "What is there already can be put again, alone and among new items."
            cache::put_twice;
        "cache.only-its-files" "`fetch` writes nothing but the files of its items, and `put` leaves the folder as it is."
            cache::only_its_files;
        "cache.at-once" "Items that are put and fetched at the same time arrive whole."
            cache::at_once;
        "cache.stays" "What was put is there after a new start."
            cache::stays;
    }
    About::Point(Point::Repository) => {
        "repository.answers" "It answers for each case, with the packages that it expects."
            repository::answers;
        "repository.well-formed" "Names and versions are such as requests can ask for, no version is there twice, and each has a digest."
            repository::well_formed;
        "repository.documents" "Each version has a document that tells its name and its version, and needs requests."
            repository::documents;
        "repository.unknown" "A package that it does not have has no versions, and its document is refused as NOT_FOUND."
            repository::unknown;
        "repository.asked" "`versions` answers for the names that it is asked for and for no others."
            repository::asked;
        "repository.same-answer" "The same question gets the same answer, after a new start as well."
            repository::same_answer;
        "repository.at-once" "Questions that are asked at the same time get the answers that each gets alone."
            repository::at_once;
        "repository.fetch" "`fetch` brings the same files each time, or is refused as UNSUPPORTED."
            repository::fetch;
    }
    About::Point(Point::Subcommand) => {
        "subcommand.status" "It ends with a status from 0 to 255, and with the one that the case expects."
            subcommand::status;
        "subcommand.unknown-argument" "An argument that it does not know is ignored or refused as INVALID_CONFIG."
            subcommand::unknown_argument;
        "subcommand.completion" "Values that completion offers begin with what was typed."
            subcommand::completion;
        "subcommand.completion-time" "Completion answers within 150 ms."
            subcommand::completion_time;
    }
    About::Point(Point::Argument) => {
        "argument.answers" "`apply` answers each request of the cases, with the edits that they expect."
            argument::answers;
        "argument.edits" "Edits lie within the pointers that the manifest declares."
            argument::edits;
        "argument.fits" "Edits can be made in the request, and no edit undoes another."
            argument::fits;
        "argument.same-answer" "The same request gets the same edits."
            argument::same_answer;
        "argument.completion" "Values that completion offers begin with what was typed."
            argument::completion;
        "argument.completion-time" "Completion answers within 150 ms."
            argument::completion_time;
    }
    About::Point(Point::Hook) => {
        "hook.never-fails" "It takes each event, with the payload of the cases and with one that a newer host would send."
            hook::never_fails;
    }
}
