//! Purlin with plugins of tests compiled in beside the bundled ones.

mod demo;
mod rival;

fn main() -> std::process::ExitCode {
    purlin::main(&purlin::bundled().with(demo::PLUGIN).with(rival::PLUGIN))
}
