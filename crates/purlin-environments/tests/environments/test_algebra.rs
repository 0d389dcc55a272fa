//! What holds for all versions, ranges and requests.

use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;
use purlin_environments::{Range, Request, Strength, Version};

/// Few tokens, so that versions are often equal, begin alike, or lie just beside each other.
fn version() -> impl Strategy<Value = Version> {
    let token = prop::sample::select(vec![
        "0", "1", "01", "2", "10", "1a", "a1", "a", "A", "_", "1_", "b", "1A", "007",
    ]);
    let separator = prop::sample::select(vec![".", "-"]);
    (token.clone(), prop::collection::vec((separator, token), 0..3)).prop_map(|(first, more)| {
        let more: String =
            more.iter().map(|(separator, token)| format!("{separator}{token}")).collect();
        format!("{first}{more}").parse().expect("tokens with separators between")
    })
}

fn piece() -> impl Strategy<Value = String> {
    let two = |between: &'static str| {
        (version(), version()).prop_map(move |(one, two)| {
            let (low, high) = if one <= two { (one, two) } else { (two, one) };
            between.replace('L', low.as_str()).replace('H', high.as_str())
        })
    };
    prop_oneof![
        version().prop_map(|v| v.to_string()),
        version().prop_map(|v| format!("=={v}")),
        version().prop_map(|v| format!("{v}+")),
        version().prop_map(|v| format!(">{v}")),
        version().prop_map(|v| format!("<{v}")),
        version().prop_map(|v| format!("<={v}")),
        two("L..H"),
        two("L+<H"),
        two(">L<=H"),
        two("<=H,>=L"),
    ]
}

fn range() -> impl Strategy<Value = Range> {
    prop::collection::vec(piece(), 1..4)
        // `1+<1` and the like hold nothing, and are no ranges.
        .prop_filter_map("not empty", |pieces| pieces.join("|").parse::<Range>().ok())
}

fn request() -> impl Strategy<Value = Request> {
    (prop::sample::select(vec!["", "!", "~"]), prop::sample::select(vec!["-", "@", "#"]), range())
        .prop_map(|(mark, separator, range)| {
            format!("{mark}foo{separator}{range}").parse().expect("a range behind a separator")
        })
}

fn hash(version: &Version) -> u64 {
    let mut hasher = DefaultHasher::new();
    version.hash(&mut hasher);
    hasher.finish()
}

fn holds(range: Option<&Range>, version: &Version) -> bool {
    range.is_some_and(|range| range.contains(version))
}

proptest! {
    #[test]
    fn the_order_is_total(a in version(), b in version(), c in version()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        if a == b {
            prop_assert_eq!(hash(&a), hash(&b));
            prop_assert_eq!(a.cmp(&c), b.cmp(&c));
        }
    }

    #[test]
    fn versions_and_ranges_print_what_they_parse(version in version(), range in range(), request in request()) {
        prop_assert_eq!(version.as_str().parse::<Version>().expect("printed"), version);
        let again: Range = range.to_string().parse().expect("printed");
        prop_assert_eq!(again.to_string(), range.to_string());
        prop_assert_eq!(again, range);
        let again: Request = request.to_string().parse().expect("printed");
        prop_assert_eq!(again.range, request.range);
        prop_assert_eq!(again.strength, request.strength);
    }

    #[test]
    fn ranges_are_sets(a in range(), b in range(), v in version()) {
        let (in_a, in_b) = (a.contains(&v), b.contains(&v));
        prop_assert_eq!(a.union(&b).contains(&v), in_a || in_b);
        prop_assert_eq!(holds(a.intersection(&b).as_ref(), &v), in_a && in_b);
        prop_assert_eq!(holds(a.inverse().as_ref(), &v), !in_a);
        prop_assert_eq!(holds(a.difference(&b).as_ref(), &v), in_a && !in_b);
        prop_assert_eq!(a.intersects(&b), a.intersection(&b).is_some());
        if a.is_superset(&b) && in_b {
            prop_assert!(in_a);
        }
    }

    #[test]
    fn the_laws_of_sets_hold_in_one_form(a in range(), b in range(), c in range()) {
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.union(&a), a.clone());
        prop_assert_eq!(a.intersection(&a), Some(a.clone()));
        let twice = a.inverse().map_or(Some(Range::any()), |inverse| inverse.inverse());
        prop_assert_eq!(twice, if a.is_any() { Some(Range::any()) } else { Some(a.clone()) });
        prop_assert!(a.union(&b).is_superset(&a));
        if let Some(both) = a.intersection(&b) {
            prop_assert!(a.is_superset(&both) && b.is_superset(&both));
        }
        let outside = a.union(&b).inverse();
        let each = a.inverse().and_then(|not_a| not_a.intersection(&b.inverse()?));
        prop_assert_eq!(outside, each);
    }

    #[test]
    fn a_version_is_in_the_range_of_what_it_begins_with(v in version(), more in version()) {
        let longer: Version = format!("{v}.{more}").parse().expect("two versions");
        let range: Range = v.as_str().parse().expect("a version");
        prop_assert!(range.contains(&v) && range.contains(&longer));
        prop_assert!(v < longer);
    }

    #[test]
    fn a_merged_request_allows_what_both_allow(a in request(), b in request(), v in version()) {
        let allows = |request: &Request| match request.strength {
            Strength::Conflict => !request.range.contains(&v),
            Strength::Wanted | Strength::Weak => request.range.contains(&v),
        };
        let both = allows(&a) && allows(&b);
        prop_assert_eq!(a.merged(&b).is_some_and(|merged| allows(&merged)), both);
    }
}
