//! Takes the addresses out of a page that is only looked at.

/// The attributes of our pages that hold an address.
const ATTRIBUTES: [&str; 5] = [
    " href=\"",
    " action=\"",
    " formaction=\"",
    " data-status-url=\"",
    " data-refresh-url=\"",
];

/// Where the addresses of a page lead instead.
#[derive(Debug)]
pub(super) struct Instead<'a> {
    /// This very page: every form, and every link that leads on or away.
    pub own: &'a str,
    /// This page in the other language.
    pub other_language: &'a str,
    /// Answers the script that nothing has changed.
    pub unchanged: &'a str,
    /// The style sheet of the sample partner.
    pub style: &'a str,
}

impl Instead<'_> {
    /// The page with every address replaced but those of our files, of the terms, and within the page.
    pub fn over(&self, page: &str) -> String {
        let mut out = String::with_capacity(page.len());
        let mut rest = page;
        while let Some((start, name)) = next(rest) {
            let (before, after) = rest.split_at(start + name.len());
            let Some(end) = after.find('"') else { break };
            let tag = before.rfind('<').map_or(before, |at| &before[at..]);
            out.push_str(before);
            out.push_str(self.of(name, tag, &after[..end]));
            rest = &after[end..];
        }
        out.push_str(rest);
        out
    }

    fn of<'b>(&'b self, attribute: &str, tag: &str, address: &'b str) -> &'b str {
        let stays = ["#", "/static/", "/banks/", "/terms?"]
            .iter()
            .any(|start| address.starts_with(start));
        if stays {
            address
        } else if attribute == " data-status-url=\"" {
            self.unchanged
        } else if tag.starts_with("<link") && address.starts_with("/partner/") {
            self.style
        } else if tag.contains(" class=\"language\"") {
            self.other_language
        } else {
            self.own
        }
    }
}

/// The next attribute with an address.
fn next(text: &str) -> Option<(usize, &'static str)> {
    let found = ATTRIBUTES.iter().filter_map(|name| Some((text.find(name)?, *name)));
    found.min_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_to_a_payment_or_away() {
        let page = r##"<link rel="stylesheet" href="/partner//style.css?v=1"><link href="/static/app.css">
<a class="language" href="/payment-initiation?lang=en">E</a><a href="#main">m</a><a href="/terms?lang=ro">t</a>
<main data-status-url="/payment-initiation/state" data-refresh-url="/payment-initiation"><a href="https://x.example/">x</a>
<form method="post" action="/payment-initiation/code"><button formaction="/payment-initiation/list">p</button></form>
<p>&#34; href=&#34;/payment-initiation</p>"##;
        let instead = Instead {
            own: "/own",
            other_language: "/other",
            unchanged: "/same",
            style: "/style",
        };
        let expected = r##"<link rel="stylesheet" href="/style"><link href="/static/app.css">
<a class="language" href="/other">E</a><a href="#main">m</a><a href="/terms?lang=ro">t</a>
<main data-status-url="/same" data-refresh-url="/own"><a href="/own">x</a>
<form method="post" action="/own"><button formaction="/own">p</button></form>
<p>&#34; href=&#34;/payment-initiation</p>"##;
        assert_eq!(instead.over(page), expected);
        assert_eq!(instead.over("<a href=\"/cut"), "<a href=\"/cut");
    }
}
