use std::fs;

use super::*;

/// A home folder with programs in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(inside)
    }

    fn file(&self, inside: &str, text: &str) -> PathBuf {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn program(&self, inside: &str, text: &str) -> PathBuf {
        let path = self.file(inside, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn surroundings(&self) -> Surroundings {
        let path = ["me/.local/bin", "opt/node/bin"].map(|one| self.path(one));
        Surroundings {
            variables: vec![
                ("HOME".into(), self.path("me").into()),
                ("PATH".into(), std::env::join_paths(path).unwrap()),
            ],
            cache: self.path("cache"),
            console: None,
            before_plugins: None,
        }
    }

    /// What a program in the folder of a plugin is made of, but for what is the system's.
    fn parts(&self, program: impl AsRef<Path>) -> Vec<String> {
        let parts = parts(program.as_ref(), &self.path("me/plugin"), &self.surroundings());
        let top = self.path("");
        let own = parts.iter().filter_map(|part| part.strip_prefix(&top).ok());
        own.map(|part| part.to_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_detour_grants_what_the_straight_way_does() {
    let home = Home::new();
    home.program("me/plugin/x", "");
    let whole = ["/", "/home", "/root", "/tmp"].map(PathBuf::from);
    for detour in
        ["/home/../bin/sh", "/proc/self/root/bin/sh", "../../../../../../bin/sh", "/bin/sh"]
    {
        let parts = parts(Path::new(detour), &home.path("me/plugin"), &home.surroundings());
        assert!(parts.contains(&Path::new("/bin/sh").canonicalize().unwrap()), "{detour}");
        assert!(!whole.iter().any(|one| parts.contains(one)), "{detour}: {parts:?}");
        home.program("me/plugin/x", &format!("#!{detour}\n"));
        let parts = super::parts(Path::new("./x"), &home.path("me/plugin"), &home.surroundings());
        assert!(!whole.iter().any(|one| parts.contains(one)), "#!{detour}: {parts:?}");
    }
}

#[test]
fn of_what_lies_beside_a_program_only_libraries_are_granted() {
    let home = Home::new();
    for folder in ["lib", "share", "state"] {
        home.file(&format!("me/.local/{folder}/a"), "");
        home.file(&format!("opt/node/{folder}/a"), "");
    }
    home.program("me/.local/bin/tool", "");
    assert_eq!(home.parts("/nowhere"), Vec::<String>::new());
    assert_eq!(
        home.parts(home.path("me/.local/bin/tool")),
        ["me/.local/bin/tool", "me/.local/lib"]
    );
    let node = home.program("opt/node/bin/node", "");
    assert_eq!(home.parts(&node), ["opt/node/bin/node", "opt/node/lib", "opt/node/share"]);
    // The home folder holds everything, whatever there is in its `bin`.
    home.file("me/lib/a", "");
    assert_eq!(home.parts(home.program("me/bin/tool", "")), ["me/bin/tool"]);
    // A file that cannot be started is no program.
    assert_eq!(home.parts(home.file("me/.local/bin/note", "")), Vec::<String>::new());
}

#[test]
fn an_environment_is_told_by_the_link_in_it_and_leads_nowhere_else() {
    let home = Home::new();
    let python = home.program("opt/python/bin/python3", "");
    home.file("opt/python/lib/python3.13/os.py", "");
    home.file("venv/pyvenv.cfg", "");
    home.file("secret/key", "");
    fs::create_dir_all(home.path("venv/bin")).unwrap();
    std::os::unix::fs::symlink(python, home.path("venv/bin/python")).unwrap();
    std::os::unix::fs::symlink(home.path("secret"), home.path("venv/lib")).unwrap();
    assert_eq!(
        home.parts(home.path("venv/bin/python")),
        ["opt/python/bin/python3", "opt/python/lib", "venv/pyvenv.cfg"]
    );
}

#[test]
fn the_interpreter_of_a_script_is_the_one_that_the_system_starts() {
    let home = Home::new();
    let node = ["opt/node/bin/node", "opt/node/lib"].map(str::to_owned);
    home.program(&node[0], "");
    home.file("opt/node/lib/a", "");
    for (line, is_granted) in [
        ("/usr/bin/env node", true),
        ("/usr/bin/env -S A=b node --flag", true),
        ("/usr/bin/env -S -u node sh ./x", false),
        ("/usr/bin/env -u node", false),
        ("/usr/bin/env", false),
        ("/bin/sh node", false),
    ] {
        home.program("me/plugin/script", &format!("#!{line}\n"));
        let mut wanted = if is_granted { node.to_vec() } else { Vec::new() };
        wanted.insert(0, "me/plugin/script".to_owned());
        assert_eq!(home.parts("./script"), wanted, "{line}");
    }
    // Relative to where it is started; and a script may have a script for its interpreter.
    home.program("me/plugin/inner", "#!/usr/bin/env node\n");
    home.program("me/plugin/script", "#! ./inner\n");
    assert_eq!(
        home.parts("./script"),
        ["me/plugin/inner", "me/plugin/script", "opt/node/bin/node", "opt/node/lib"]
    );
}
