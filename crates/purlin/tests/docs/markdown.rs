//! Fenced blocks of a page, in order.

/// A fenced block.
pub(crate) struct Block {
    /// The word behind the fence.
    pub(crate) language: String,
    /// What follows that word: `file=purlin.toml`.
    pub(crate) options: Vec<String>,
    /// Its lines, each with its line break.
    pub(crate) text: String,
    /// The line of its opening fence, from 1.
    pub(crate) line: usize,
    /// The last heading above it, without `#`.
    pub(crate) heading: String,
}

impl Block {
    /// The value of an option `name=value`.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.options.iter().any(|option| option == word)
    }
}

pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    let mut heading = String::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let fence = line.trim_end().strip_prefix("```");
        match (open.as_mut(), fence) {
            (None, Some(info)) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                open = Some(Block {
                    language: words.next().unwrap_or_default(),
                    options: words.collect(),
                    text: String::new(),
                    line: number + 1,
                    heading: heading.clone(),
                });
            }
            (Some(_), Some("")) => found.extend(open.take()),
            (Some(block), _) => block.text.push_str(line),
            (None, None) if line.starts_with('#') => {
                heading = line.trim_start_matches('#').trim().to_owned();
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block does not end");
    found
}

#[test]
fn blocks_have_a_language_options_and_a_heading() {
    let found = blocks("# A\n\n```toml file=x.toml\na = 1\n```\ntext\n## B\n```\n```\n");
    let told: Vec<_> = found
        .iter()
        .map(|block| (block.language.as_str(), block.option("file"), block.line, &*block.heading))
        .collect();
    assert_eq!(told, [("toml", Some("x.toml"), 3, "A"), ("", None, 8, "B")]);
    assert_eq!(found[0].text, "a = 1\n");
}

#[test]
fn links_lead_to_files() {
    let mut pages = Vec::new();
    collect(&super::page(""), &mut pages);
    pages.extend(
        ["README.md", "CONTRIBUTING.md", "STYLE.md"].map(|name| super::page("..").join(name)),
    );
    let mut count = 0;
    for page in pages {
        let text = super::read(&page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            let leads = page.parent().unwrap().join(path).exists();
            assert!(leads, "{} links to {target}, which is not there", page.display());
            count += 1;
        }
    }
    assert!(count > 20, "links are not found any more: {count}");
}

fn collect(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

#[test]
fn every_page_is_in_the_index() {
    let folder = super::page("");
    let index = super::read(&folder.join("README.md"));
    let mut pages = Vec::new();
    collect(&folder, &mut pages);
    for page in pages {
        let path = page.strip_prefix(&folder).unwrap().display().to_string();
        let known = path == "README.md" || index.contains(&format!("]({path})"));
        assert!(known, "docs/README.md does not lead to {path}");
    }
}
