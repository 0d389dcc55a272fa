//! The builder `cmake`: configures, builds and installs a project with a `CMakeLists.txt`.

use purlin_plugin::contract::{Builder, Host};
use purlin_plugin::message::{BuildContext, BuildPlan, ErrorCode, PluginError};
use purlin_plugin::{NativeFeature, NativePlugin, quoted, serde_json::Value as Json};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "cmake",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/cmake.json", include_str!("../schemas/cmake.json")),
    ],
    features: &[("cmake", NativeFeature::Builder(&CMake))],
};

/// What the builder says itself.
const OURS: [&str; 3] = ["CMAKE_BUILD_TYPE", "CMAKE_INSTALL_PREFIX", "CMAKE_INSTALL_LIBDIR"];

struct CMake;

impl Builder for CMake {
    fn plan(
        &self,
        leaf: &Json,
        _context: &BuildContext,
        _host: &dyn Host,
    ) -> Result<BuildPlan, PluginError> {
        let config = &leaf["builder"];
        let text = |field: &str, usual: &'static str| {
            config.get(field).and_then(Json::as_str).unwrap_or(usual).to_owned()
        };
        let generator = text("generator", "Unix Makefiles");
        let mut configure = format!(
            "cmake -S \"$src\"/{} -B \"$build\" -G {}",
            quoted(&text("folder", ".")),
            quoted(&generator),
        );
        configure
            .push_str(&format!(" -DCMAKE_BUILD_TYPE={}", quoted(&text("build-type", "Release"))));
        // Debian's own rules would put libraries where nobody looks who is not on Debian.
        configure.push_str(" -DCMAKE_INSTALL_PREFIX=\"$out\" -DCMAKE_INSTALL_LIBDIR=lib");
        // What is linked is in folders of its own, and is found there when the program runs.
        configure.push_str(" -DCMAKE_INSTALL_RPATH_USE_LINK_PATH=ON");
        for (name, value) in config["options"].as_object().into_iter().flatten() {
            configure.push_str(&format!(" -D{}={}", variable(name)?, quoted(&shown(value))));
        }
        let mut build = "cmake --build \"$build\" --parallel \"$PURLIN_JOBS\"".to_owned();
        for target in texts(&config["targets"]) {
            build.push_str(&format!(" --target {}", quoted(target)));
        }
        let runner = if generator == "Ninja" { "ninja" } else { "make" };
        let mut packages = vec!["cmake".to_owned(), runner.to_owned()];
        let languages = config.get("languages").map_or(vec!["c", "c++"], texts);
        packages.extend(languages.iter().map(|language| match *language {
            "c" => "cc".to_owned(),
            _ => "cxx".to_owned(),
        }));
        Ok(BuildPlan {
            build: Some(format!("{configure}\n{build}\n")),
            install: Some("cmake --install \"$build\"\n".to_owned()),
            packages,
            ..BuildPlan::default()
        })
    }
}

/// The name of a variable of the project; those that the builder says are not the project's.
fn variable(name: &str) -> Result<&str, PluginError> {
    let path = format!("/builder/options/{}", name.replace('~', "~0").replace('/', "~1"));
    let refused = |why: String| PluginError::new(ErrorCode::InvalidConfig, why).at(path.as_str());
    if OURS.contains(&name) {
        let why = match name {
            "CMAKE_BUILD_TYPE" => "`build-type` says `CMAKE_BUILD_TYPE`".to_owned(),
            _ => format!("`{name}` is where the package is installed, which is not its choice"),
        };
        return Err(refused(why));
    }
    // `NAME:TYPE` is a spelling of CMake's.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | ':');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(refused(format!("`{name}` cannot be the name of a variable")));
    }
    Ok(name)
}

/// A value as CMake reads it.
fn shown(value: &Json) -> String {
    match value {
        Json::Bool(true) => "ON".to_owned(),
        Json::Bool(false) => "OFF".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn texts(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

#[cfg(test)]
mod tests {
    use purlin_plugin::contract::QuietHost;
    use purlin_plugin::serde_json::json;

    use super::*;

    fn plan(builder: &Json) -> Result<BuildPlan, PluginError> {
        let context = BuildContext { name: "lib".into(), system: "x86_64-linux".into() };
        CMake.plan(&json!({ "builder": builder }), &context, &QuietHost)
    }

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn values_cannot_end_the_text_that_they_stand_in() {
        let plan = plan(&json!({ "options": { "MOTTO": "it's $HOME" } })).expect("it is right");
        let build = plan.build.expect("it builds");
        assert!(build.contains(r"-DMOTTO='it'\''s $HOME'"), "{build}");
    }

    #[test]
    fn where_it_is_installed_is_not_a_choice() {
        for name in ["CMAKE_INSTALL_PREFIX", "CMAKE_BUILD_TYPE", "A B", ""] {
            let error = plan(&json!({ "options": { name: "/usr" } })).expect_err(name);
            assert_eq!(error.path, Some(format!("/builder/options/{name}")));
        }
    }
}
