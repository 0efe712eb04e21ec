//! Which module may use which, read from the sources and compared with the plan.

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each module and the modules it may use. `app` puts everything together and may use all.
const MAY_USE: [(&str, &[&str]); 20] = [
    // The rules know nothing of the world around them.
    ("payment", &[]),
    ("partner", &["payment", "clock"]),
    ("consent", &["payment"]),
    ("statement", &[]),
    // Tools.
    ("clock", &[]),
    ("fail_point", &["clock"]),
    ("crypto", &[]),
    ("config", &[]),
    ("telemetry", &["config"]),
    // The ways out, which do not know one another.
    ("bank", &["payment", "config", "clock", "fail_point"]),
    (
        "store",
        &["payment", "consent", "partner", "statement", "crypto", "clock", "fail_point"],
    ),
    ("mail", &["payment", "partner", "clock"]),
    ("webhook", &["payment"]),
    // Who somebody is, over the one HTTP client.
    ("identity", &["bank", "crypto", "clock"]),
    // The verbs use the ways out; the ways in start verbs.
    (
        "flow",
        &[
            "payment",
            "consent",
            "partner",
            "statement",
            "bank",
            "store",
            "mail",
            "webhook",
            "identity",
            "crypto",
            "clock",
            "fail_point",
        ],
    ),
    (
        "web",
        &[
            "flow",
            "payment",
            "consent",
            "partner",
            "statement",
            "bank",
            "store",
            "crypto",
            "clock",
        ],
    ),
    ("worker", &["flow", "payment", "consent"]),
    // The other side of the wire: it shares one type and the time.
    ("sandbox", &["payment::iban", "clock"]),
    // Partners of their own; what they start and seed goes through the same doors.
    (
        "demo",
        &["app", "flow", "store", "payment", "partner", "sandbox", "config", "crypto", "clock"],
    ),
    ("app", &["*"]),
];

const MAX_LINES: usize = 450;

struct Source {
    path: PathBuf,
    /// The module below the crate it belongs to.
    module: String,
    /// How many modules deep it is.
    depth: usize,
    lines: usize,
    /// Without comments and tests.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(source(&root, &path));
            }
        }
    }
    assert!(found.len() > 80, "{} sources", found.len());
    found
}

fn source(root: &Path, path: &Path) -> Source {
    let text = std::fs::read_to_string(path).unwrap();
    let inside = path.strip_prefix(root).unwrap().with_extension("");
    let mut parts: Vec<&str> = inside.iter().map(|p| p.to_str().unwrap()).collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    let tests = Regex::new(r"(?m)^#\[cfg\(test\)\]\nmod tests \{").unwrap();
    let code = tests.find(&text).map_or(text.as_str(), |t| &text[..t.start()]);
    Source {
        path: Path::new("src").join(path.strip_prefix(root).unwrap()),
        module: parts[0].to_owned(),
        depth: parts.len(),
        lines: text.lines().count(),
        code: code
            .lines()
            .filter(|l| !l.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn is_test(path: &Path) -> bool {
    path.iter().any(|part| {
        let part = part.to_str().unwrap();
        part == "tests" || part == "simulation" || part.starts_with("simulated") || part == "tests.rs" || part.ends_with("_tests.rs")
    })
}

/// What this library is made of, without its tests and the binary's own files.
fn production() -> Vec<Source> {
    let binary = ["main", "cli", "lib"];
    sources()
        .into_iter()
        .filter(|s| !is_test(&s.path) && !binary.contains(&s.module.as_str()))
        .collect()
}

/// The paths below the crate that a source names, by `crate::` or by as many `super::` as lead there.
fn named(source: &Source) -> BTreeSet<String> {
    let single = Regex::new(r"\bcrate::([a-z_]+(?:::[a-z_]+)?)").unwrap();
    let group = Regex::new(r"\bcrate::\{([^;]*)\}").unwrap();
    let supers = Regex::new(r"((?:\bsuper::)+)([a-z_]+)").unwrap();
    let mut names: BTreeSet<String> = single.captures_iter(&source.code).map(|c| c[1].to_owned()).collect();
    for listed in group.captures_iter(&source.code) {
        names.extend(top_level(&listed[1]));
    }
    for climb in supers.captures_iter(&source.code) {
        if climb[1].matches("super::").count() >= source.depth {
            names.insert(climb[2].to_owned());
        }
    }
    names
}

/// The first words of `a, b::{c, d}, e`.
fn top_level(list: &str) -> Vec<String> {
    let (mut depth, mut words, mut word) = (0, Vec::new(), String::new());
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => words.push(std::mem::take(&mut word)),
            _ if depth == 0 && !c.is_whitespace() => word.push(c),
            _ => {}
        }
    }
    words.push(word);
    let first = |w: &String| w.split("::").next().unwrap_or_default().to_owned();
    words.iter().map(first).filter(|w| !w.is_empty()).collect()
}

#[test]
fn modules_use_only_what_they_may() {
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut broken = Vec::new();
    for source in production() {
        let Some(allowed) = rules.get(source.module.as_str()) else {
            broken.push(format!("{}: no rule for {}", source.path.display(), source.module));
            continue;
        };
        for name in named(&source) {
            let module = name.split("::").next().unwrap_or_default();
            let may = module == source.module || allowed.contains(&"*") || allowed.contains(&module) || allowed.contains(&name.as_str());
            if !may {
                broken.push(format!("{}: {} may not use {name}", source.path.display(), source.module));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Sources outside `places` in which the pattern stands.
fn strays(pattern: &str, places: &[&str]) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    production()
        .into_iter()
        .filter(|s| !places.contains(&s.module.as_str()))
        .filter_map(|s| {
            let found = pattern.find(&s.code)?;
            Some(format!("{}: {}", s.path.display(), found.as_str()))
        })
        .collect()
}

#[test]
fn each_tool_has_its_place() {
    for (what, pattern, places) in [
        ("SQL", r"\bdiesel(_migrations)?::|\br2d2::", &["store"] as &[&str]),
        (
            "the web framework",
            r"\bactix_(web|session|tls)\b",
            &["web", "app", "sandbox", "demo"],
        ),
        ("writing to the database", r"\.write\(\s*(move\s*)?\|", &["flow", "store"]),
        ("waiting", r"\btokio::time::sleep\b", &["clock", "demo"]),
        ("reading the system's time", r"\b(Utc|Local|SystemTime)::now\b", &["clock"]),
        ("calling other hosts", r"\breqwest::", &["bank", "webhook", "demo"]),
        ("sending mail", r"\blettre::(Message|AsyncSmtp|Smtp|transport)", &["mail"]),
    ] {
        assert_eq!(strays(pattern, places), [] as [String; 0], "{what} belongs to {places:?}");
    }
}

#[test]
fn no_source_grows_too_long() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|s| s.lines > MAX_LINES)
        .map(|s| format!("{}: {} lines", s.path.display(), s.lines))
        .collect();
    assert_eq!(long, [] as [String; 0], "at most {MAX_LINES} lines");
}

#[test]
fn the_reading_of_sources_reads_what_it_should() {
    let source = Source {
        path: PathBuf::new(),
        module: "flow".into(),
        depth: 2,
        lines: 0,
        code: "use crate::web::{Site, html};\nuse crate::{telemetry, store::{self, Db}};\nlet x = super::super::worker::run();\nuse super::error;"
            .into(),
    };
    let names: Vec<String> = named(&source).into_iter().collect();
    assert_eq!(names, ["store", "telemetry", "web", "worker"]);
    assert!(strays(r"fn deliver_mail\b", &["flow"]).is_empty() && !strays(r"fn deliver_mail\b", &[]).is_empty());
}
