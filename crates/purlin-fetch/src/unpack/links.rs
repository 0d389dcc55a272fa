//! Where symbolic links lead, all of them together.

use std::collections::BTreeMap;

use purlin_store::RelativePath;

/// More links on one way than any system follows.
const MOST: usize = 64;

/// Links by the path at which they are, with their texts.
pub(crate) type Links = BTreeMap<RelativePath, Vec<u8>>;

/// Whether the link at `path` leads out of the folder that the paths are relative to, directly or
/// through other links. One that leads nowhere, or round in a circle, does not lead out.
pub(crate) fn leads_out(links: &Links, path: &RelativePath) -> bool {
    let Some(text) = links.get(path) else { return false };
    let mut at: Vec<Vec<u8>> = parts(path.as_bytes());
    at.pop();
    if text.first() == Some(&b'/') {
        return true;
    }
    let mut ahead: Vec<Vec<u8>> = parts(text);
    ahead.reverse();
    let mut followed = 0;
    while let Some(part) = ahead.pop() {
        match part.as_slice() {
            b"." => continue,
            b".." => {
                if at.pop().is_none() {
                    return true;
                }
                continue;
            }
            _ => at.push(part),
        }
        let here = RelativePath::from_bytes(&at.join(&b'/'));
        let Some(text) = here.ok().and_then(|here| links.get(&here)) else { continue };
        followed += 1;
        if followed > MOST {
            return false;
        }
        if text.first() == Some(&b'/') {
            return true;
        }
        at.pop();
        ahead.extend(parts(text).into_iter().rev());
    }
    false
}

fn parts(text: &[u8]) -> Vec<Vec<u8>> {
    let parts = text.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
    parts.map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(links: &[(&str, &str)], path: &str) -> bool {
        let links: Links = links
            .iter()
            .map(|(at, text)| (RelativePath::parse(at).unwrap(), text.as_bytes().to_vec()))
            .collect();
        leads_out(&links, &RelativePath::parse(path).unwrap())
    }

    #[test]
    fn what_stays_inside_may_stay() {
        assert!(!out(&[("a/b", "../c")], "a/b"));
        assert!(!out(&[("a", "b"), ("b", "a")], "a"));
        assert!(!out(&[("a", "nowhere/../at/all")], "a"));
    }

    #[test]
    fn ways_out_are_found_also_through_other_links() {
        assert!(out(&[("a", "/etc")], "a"));
        assert!(out(&[("a", "..")], "a"));
        assert!(out(&[("a/b", "../../c")], "a/b"));
        // Lexically it is inside: the second link makes the way shorter.
        assert!(out(&[("a/deep/er/link", "../../../x/.."), ("x", "a/../..")], "a/deep/er/link"));
        let through = [("deep/er/down", "../.."), ("a/b/c", "../../deep/er/down/../x")];
        assert!(out(&through, "a/b/c"));
        assert!(!out(&[("deep/er/down", "../.."), ("a/b/c", "../../deep/er/down/x")], "a/b/c"));
    }
}
