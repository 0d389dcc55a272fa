//! Sets of permissions: what is asked for, and whether that is more than something else.

use super::Permissions;

impl Permissions {
    /// The kinds with what is asked for of each, in the order of their names.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &[String]); 6] {
        [
            ("environment", &self.environment),
            ("network", &self.network),
            ("read", &self.read),
            ("run", &self.run),
            ("secrets", &self.secrets),
            ("write", &self.write),
        ]
    }

    /// The kinds to be filled, in the order of their names.
    pub fn lists_mut(&mut self) -> [(&'static str, &mut Vec<String>); 6] {
        [
            ("environment", &mut self.environment),
            ("network", &mut self.network),
            ("read", &mut self.read),
            ("run", &mut self.run),
            ("secrets", &mut self.secrets),
            ("write", &mut self.write),
        ]
    }

    /// True when nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, list)| list.is_empty())
    }

    /// The same set in its one spelling: sorted, each entry once.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        for (_, list) in self.lists_mut() {
            list.sort();
            list.dedup();
        }
        self
    }

    /// What is in this set and not in the other one. Entries are compared as they are written:
    /// that a pattern of `granted` would match an entry does not cover it.
    #[must_use]
    pub fn beyond(&self, granted: &Self) -> Self {
        let mut more = self.clone();
        for ((_, list), (_, granted)) in more.lists_mut().into_iter().zip(granted.lists()) {
            list.retain(|entry| !granted.contains(entry));
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(folders: &[&str]) -> Permissions {
        let read = folders.iter().map(|folder| (*folder).to_owned()).collect();
        Permissions { read, ..Permissions::default() }
    }

    #[test]
    fn a_set_has_one_spelling() {
        assert_eq!(reads(&["/b", "/a", "/b"]).canonical(), reads(&["/a", "/b"]));
        assert!(Permissions::default().is_empty());
        assert!(!reads(&["/a"]).is_empty());
    }

    #[test]
    fn what_is_more_is_told_by_kind() {
        assert!(reads(&["/a"]).beyond(&reads(&["/b", "/a"])).is_empty());
        assert_eq!(reads(&["/a", "/c"]).beyond(&reads(&["/a"])), reads(&["/c"]));
        let writes = Permissions { write: vec!["/a".to_owned()], ..Permissions::default() };
        assert_eq!(writes.beyond(&reads(&["/a"])), writes);
        // A narrower entry below a wider one is asked for all the same.
        assert!(!reads(&["/a/b"]).beyond(&reads(&["/a"])).is_empty());
    }

    #[test]
    fn no_kind_is_forgotten() {
        let mut all = Permissions::default();
        for (name, list) in all.lists_mut() {
            list.push(name.to_owned());
        }
        let json = serde_json::to_value(&all).unwrap();
        for (name, list) in all.lists() {
            assert_eq!(json[name][0], name);
            assert_eq!(list, [name]);
        }
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(6));
    }
}
