//! A user's exports as plain data.

use super::frame::OfficeShell;
use crate::store::exports::State;
use crate::web::hosted_page::texts::catalogue;
use askama::Template;

catalogue! {
    /// The texts of the page of exports.
    ExportTexts {
        title: "Exporturi XLSX", "XLSX exports";
        lead: "Un export se scrie pe server; poți pleca și reveni. Fișierul se păstrează o zi și îl vezi numai tu.",
            "An export is written on the server; you may leave and come back. The file is kept for a day, and only you see it.";
        none: "Niciun export.", "No exports.";
        asked_at: "Cerut", "Asked for";
        state: "Stare", "State";
        rows: "Rânduri", "Rows";
        file: "Fișier", "File";
        waiting: "așteaptă", "waiting";
        running: "se scrie", "being written";
        ready: "gata", "ready";
        failed: "nu a reușit; cere-l din nou", "failed; ask for it again";
        download: "Descarcă", "Download";
        reload: "Reîncarcă pagina", "Reload the page";
        back: "Toate plățile", "All payments";
    }
}

/// An export.
#[derive(Clone, Debug)]
pub struct ExportRow {
    /// When it was asked for, in local time.
    pub asked_at: String,
    /// Where it stands.
    pub state: State,
    /// Rows written so far.
    pub rows: i64,
    /// Where the file is, when it is there.
    pub address: Option<String>,
}

/// The exports.
#[derive(Debug, Template)]
#[template(path = "back_office/exports.html", whitespace = "minimize")]
pub struct ExportList {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts of this page.
    pub l: &'static ExportTexts,
    /// Newest first.
    pub exports: Vec<ExportRow>,
}

impl ExportList {
    const fn word(&self, state: &State) -> &'static str {
        match state {
            State::Waiting => self.l.waiting,
            State::Running => self.l.running,
            State::Ready => self.l.ready,
            State::Failed => self.l.failed,
        }
    }
}
