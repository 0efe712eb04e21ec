//! The audit log as plain data.

use super::frame::OfficeShell;
use crate::web::hosted_page::texts::catalogue;
use askama::Template;

catalogue! {
    /// The texts of the audit log's page.
    AuditTexts {
        title: "Jurnal de audit", "Audit log";
        search: "Caută", "Search";
        search_title: "Caută în jurnal", "Search the log";
        actor: "Cine (utilizator sau id)", "Who (user or id)";
        who: "Cine", "Who";
        action: "Ce a făcut", "What was done";
        subject: "Asupra cui", "To what";
        from: "De la", "From";
        to: "Până la", "To";
        clear: "Șterge căutarea", "Clear the search";
        results: "Înregistrări", "Entries";
        none: "Nicio înregistrare nu se potrivește.", "No entry matches.";
        number: "Nr.", "No.";
        when: "Când", "When";
        detail: "Detalii", "Detail";
        older: "Mai vechi", "Older";
        newer: "Mai noi", "Newer";
        pages: "Pagini", "Pages";
        export_csv: "Descarcă CSV", "Download CSV";
        wrong_day: "O zi nu poate fi citită; nu s-a căutat nimic.", "A day cannot be read; nothing was searched.";
    }
}

/// An entry, as it is shown.
#[derive(Clone, Debug)]
pub struct AuditLine {
    /// Its place in the chain.
    pub number: i64,
    /// When, in local time.
    pub at: String,
    /// Who: a user's name, or a word such as `cli`.
    pub who: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Anything else.
    pub detail: String,
}

/// What was asked, as it is shown again.
#[derive(Clone, Debug, Default)]
pub struct AuditAsked {
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
}

/// The audit log.
#[derive(Debug, Template)]
#[template(path = "back_office/audit.html", whitespace = "minimize")]
pub struct AuditList {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts of this page.
    pub l: &'static AuditTexts,
    /// What was asked.
    pub asked: AuditAsked,
    /// Something was searched for.
    pub searching: bool,
    /// A day cannot be read.
    pub wrong_day: bool,
    /// The entries of this page.
    pub lines: Vec<AuditLine>,
    /// The page before.
    pub newer: Option<String>,
    /// The page after.
    pub older: Option<String>,
    /// Where exactly these entries are taken out from.
    pub csv: String,
}
