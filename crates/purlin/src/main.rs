//! Purlin with the plugins that come with it.

fn main() -> std::process::ExitCode {
    purlin::main(&purlin::bundled())
}
