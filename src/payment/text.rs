//! Text on its way to a bank: transliterated to the character set banks accept, and cut to their lengths.

/// The SEPA character set (EPC 217-08, "Latin character set"): what every bank served here must accept.
fn is_sepa(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(c)
}

/// The text as it will be sent to a bank: diacritics transliterated (ă→a, ș→s), anything else outside the
/// SEPA character set replaced by a space, runs of spaces folded, cut at `max_chars`. A leading `/` or `//`
/// inside, which EPC rules forbid, are removed.
#[must_use]
pub fn for_bank(text: &str, max_chars: usize) -> String {
    let ascii = deunicode::deunicode_with_tofu(text, " ");
    let allowed: String = ascii.chars().map(|c| if is_sepa(c) { c } else { ' ' }).collect();
    let mut folded = allowed.split_whitespace().collect::<Vec<_>>().join(" ");
    while folded.contains("//") {
        folded = folded.replace("//", "/");
    }
    let cut: String = folded.trim_matches(['/', ' ']).chars().take(max_chars).collect();
    cut.trim_end_matches(['/', ' ']).to_owned()
}

/// Control characters and bidirectional overrides, which could disguise a text on a page or break a mail header.
#[must_use]
pub fn has_forbidden_characters(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'))
}

/// Longest e-mail address, in characters (RFC 5321 section 4.5.3.1.3: a path of 256 with its brackets).
pub const MAX_EMAIL_CHARS: usize = 254;

/// Whether mail can be sent to it. Stricter than the HTML standard where mail would not arrive: a host
/// without a domain, an address literal, stray dots in the local part.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let deliverable = text.rsplit_once('@').is_some_and(|(local, domain)| {
        domain.contains('.') && !domain.starts_with('[') && !local.starts_with('.') && !local.ends_with('.') && !local.contains("..")
    });
    text.chars().count() <= MAX_EMAIL_CHARS
        && deliverable
        && !has_forbidden_characters(text)
        && validator::ValidateEmail::validate_email(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn romanian_becomes_plain_letters() {
        assert_eq!(
            for_bank("Plată factură nr. 12 – școală & țiglă", 140),
            "Plata factura nr. 12 - scoala tigla"
        );
        assert_eq!(for_bank("//ref//x/", 140), "ref/x");
        assert_eq!(for_bank("ÎÂĂȘȚ îâășț ŞŢ", 8), "IAAST ia");
    }

    #[test]
    fn overrides_and_line_breaks_are_noticed() {
        for text in ["a\nb", "a\u{202e}b", "a\0b", "a\u{200b}b"] {
            assert!(has_forbidden_characters(text));
        }
        assert!(!has_forbidden_characters("Șaorma & fiii, S.R.L."));
    }

    proptest! {
        #[test]
        fn the_result_is_short_allowed_and_stable(text in "\\PC{0,200}", max in 1..160usize) {
            let sent = for_bank(&text, max);
            prop_assert!(sent.len() <= max && sent.chars().all(is_sepa));
            prop_assert_eq!(for_bank(&sent, max), sent);
        }
    }
}
