use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use super::*;

struct Plugin {
    dir: tempfile::TempDir,
}

impl Plugin {
    fn new() -> Self {
        let plugin = Self { dir: tempfile::tempdir().unwrap() };
        plugin.write("plugin.toml", "name");
        plugin.write("code/main.py", "print(1)");
        plugin
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("plugin")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn digest(&self) -> Digest {
        content_digest(&self.folder(), &self.dir.path().join("cache")).unwrap()
    }

    fn known(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("cache")).map_or(0, Iterator::count)
    }
}

#[test]
fn names_contents_and_modes_count_and_the_place_does_not() {
    let (one, other) = (Plugin::new(), Plugin::new());
    let first = one.digest();
    assert_eq!(first, other.digest());

    one.write("code/main.py", "print(2)");
    assert_ne!(one.digest(), first);
    one.write("code/main.py", "print(1)");
    assert_eq!(one.digest(), first);

    one.write("code/more.py", "");
    assert_ne!(one.digest(), first);
    std::fs::remove_file(one.folder().join("code/more.py")).unwrap();
    assert_eq!(one.digest(), first);

    let main = one.folder().join("code/main.py");
    std::fs::set_permissions(&main, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_ne!(one.digest(), first);
    std::fs::set_permissions(&main, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(one.digest(), first, "only whether it is executable counts");

    std::fs::rename(&main, one.folder().join("code/mian.py")).unwrap();
    assert_ne!(one.digest(), first);
}

#[test]
fn version_control_and_compiled_python_do_not_count() {
    let plugin = Plugin::new();
    let first = plugin.digest();
    plugin.write(".git/HEAD", "ref");
    plugin.write("code/__pycache__/main.cpython-313.pyc", "compiled");
    assert_eq!(plugin.digest(), first);
    // Python runs one that lies elsewhere even where there is no source.
    plugin.write("code/helper.pyc", "compiled");
    assert_ne!(plugin.digest(), first);
}

#[test]
fn links_stay_inside() {
    let plugin = Plugin::new();
    let first = plugin.digest();
    let link = plugin.folder().join("link");
    symlink("code/main.py", &link).unwrap();
    let with_link = plugin.digest();
    assert_ne!(with_link, first);

    let refused = |to: &Path| {
        std::fs::remove_file(&link).unwrap();
        symlink(to, &link).unwrap();
        content_digest(&plugin.folder(), &plugin.dir.path().join("cache")).unwrap_err().to_string()
    };
    assert_eq!(refused(Path::new("nothing")), "`link`: the link leads nowhere");
    let outside = "`link`: the link leads out of the plugin's folder";
    assert_eq!(refused(Path::new("/etc/hostname")), outside);
    assert_eq!(refused(Path::new("..")), outside);
    // Inside as it is written, outside as the system follows it.
    symlink("..", plugin.folder().join("code/up")).unwrap();
    std::fs::write(plugin.dir.path().join("secret"), "").unwrap();
    assert_eq!(refused(Path::new("code/up/../secret")), outside);
}

#[test]
fn a_folder_that_was_not_touched_is_not_read_again() {
    let plugin = Plugin::new();
    let first = plugin.digest();
    assert_eq!(plugin.known(), 0, "too fresh to be kept");
    std::thread::sleep(Duration::from_millis(25));
    assert_eq!(plugin.digest(), first);
    assert_eq!(plugin.known(), 1);

    // Nobody reads the file: what is kept is believed.
    let known =
        std::fs::read_dir(plugin.dir.path().join("cache")).unwrap().next().unwrap().unwrap();
    let kept = std::fs::read_to_string(known.path()).unwrap();
    let stamp = kept.lines().next().unwrap();
    std::fs::write(known.path(), format!("{stamp}\n{}\n", Digest::of(b"kept"))).unwrap();
    assert_eq!(plugin.digest(), Digest::of(b"kept"));

    // A change counts even when its time was set back.
    let main = plugin.folder().join("code/main.py");
    let before = main.metadata().unwrap().modified().unwrap();
    plugin.write("code/main.py", "print(3)");
    File::options().write(true).open(&main).unwrap().set_modified(before).unwrap();
    let second = plugin.digest();
    assert!(second != first && second != Digest::of(b"kept"));

    std::fs::write(known.path(), "rubbish").unwrap();
    std::thread::sleep(Duration::from_millis(25));
    assert_eq!(plugin.digest(), second);
}
