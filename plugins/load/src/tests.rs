use std::fs;

use purlin_plugin::contract::QuietHost;
use purlin_plugin::serde_json::json;

use super::*;

fn expand(root: &Path, config: &Json) -> Result<Expansion, PluginError> {
    let root = root.to_str().expect("the test's folder has a plain name");
    Load.expand(config, &ExpandContext::new(root), &QuietHost)
}

fn workspace(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

/// The message for a file's content.
fn refused(content: &[u8], format: &str) -> String {
    let root = workspace(&[("deps", content)]);
    let error = expand(root.path(), &json!({"path": "deps", "format": format})).unwrap_err();
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::InvalidConfig, Some("/path")));
    error.message
}

#[test]
fn the_folder_is_a_plugin() {
    assert_eq!(PLUGIN.check(), []);
}

#[test]
fn globs_and_values_are_read_from_json() {
    let root = workspace(&[
        ("build/list.json", br#"["src/**", "!src/x"]"#),
        ("build/[a].json", br#"{"values": [1, {"b": 2}], "globs": ["a"]}"#),
    ]);
    let list = expand(root.path(), &json!({"path": "build/list.json", "format": "json"})).unwrap();
    let expected = Expansion {
        inputs: vec!["build/list.json".to_owned()],
        globs: vec!["src/**".to_owned(), "!src/x".to_owned()],
        ..Expansion::default()
    };
    assert_eq!(list, expected);
    let both = expand(root.path(), &json!({"path": "build/[a].json", "format": "json"})).unwrap();
    let expected = Expansion {
        inputs: vec![r"build/\[a\].json".to_owned()],
        globs: vec!["a".to_owned()],
        values: vec![json!(1), json!({"b": 2})],
        ..Expansion::default()
    };
    assert_eq!(both, expected);
}

#[test]
fn globs_are_read_from_depfiles() {
    let root = workspace(&[("src/a.c", b""), ("src/b.h", b"")]);
    let absolute = root.path().join("src/b.h");
    let rule = format!("a.o: src/a.c {} /usr/include/stdio.h\n", absolute.display());
    fs::write(root.path().join("a.d"), rule).unwrap();
    let expansion = expand(root.path(), &json!({"path": "a.d", "format": "depfile"})).unwrap();
    assert_eq!(expansion.globs, ["src/a.c", "src/b.h"]);
    assert_eq!(expansion.inputs, ["a.d"]);
}

#[cfg(unix)]
#[test]
fn a_root_behind_a_link_is_the_same_root() {
    let root = workspace(&[("real/src/a.c", b"")]);
    let (real, link) = (root.path().join("real"), root.path().join("link"));
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let named = real.canonicalize().unwrap().join("src/a.c");
    fs::write(real.join("a.d"), format!("a.o: {}\n", named.display())).unwrap();
    let expansion = expand(&link, &json!({"path": "a.d", "format": "depfile"})).unwrap();
    assert_eq!(expansion.globs, ["src/a.c"]);
}

#[test]
fn paths_that_leave_the_workspace_are_errors() {
    let root = workspace(&[("inner/x", b""), ("deps.json", b"[]")]);
    let inner = root.path().join("inner");
    let absolute = root.path().join("deps.json");
    for path in ["../deps.json", "x/../../deps.json", absolute.to_str().unwrap(), "/dev/zero"] {
        let error = expand(&inner, &json!({"path": path, "format": "json"})).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidConfig);
        assert!(error.message.contains("must lie in the workspace"), "{}", error.message);
    }
}

#[test]
fn a_file_that_is_missing_is_told_with_the_way_out() {
    let root = workspace(&[]);
    let error = expand(root.path(), &json!({"path": "x.d", "format": "depfile"})).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    assert_eq!(error.message, "`x.d` does not exist; depend on the command that writes it");
}

#[test]
fn a_folder_is_not_read() {
    let root = workspace(&[("build/x", b"")]);
    let error = expand(root.path(), &json!({"path": "build", "format": "json"})).unwrap_err();
    assert_eq!(error.message, "`build`: it is not a file");
}

#[test]
fn the_size_has_a_limit() {
    let mut content = vec![b' '; usize::try_from(MAX_SIZE).unwrap()];
    content[0] = b'[';
    content[1] = b']';
    let root = workspace(&[("deps", &content)]);
    assert!(expand(root.path(), &json!({"path": "deps", "format": "json"})).is_ok());
    content.push(b' ');
    assert_eq!(refused(&content, "json"), "`deps`: it is larger than 16 MiB");
}

#[test]
fn what_cannot_be_read_is_told() {
    for (content, format, told) in [
        (&b"\xff"[..], "json", "`deps`: it is not UTF-8"),
        (b"3", "json", "`deps`: it holds neither a list nor an object"),
        (b"[1]", "json", "`deps`: `1` among the globs is not a string"),
        (b"{\"globs\": \"a\"}", "json", "`deps`: `globs` is not a list"),
        (b"{\"files\": []}", "json", "`deps`: it has `files` besides `globs` and `values`"),
        (b"a b", "depfile", "`deps`: line 1 is not a rule such as `target: prerequisite`"),
    ] {
        assert_eq!(refused(content, format), told);
    }
    assert!(refused(b"[", "json").starts_with("`deps`: it is not valid JSON: "));
}

#[test]
fn another_format_is_an_error() {
    let root = workspace(&[("deps", b"[]")]);
    let error = expand(root.path(), &json!({"path": "deps", "format": "xml"})).unwrap_err();
    assert_eq!(error.path.as_deref(), Some("/format"));
}
