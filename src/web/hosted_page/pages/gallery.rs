//! The index of every state of the payer's pages, in the demo.

use super::Shell;
use crate::web::hosted_page::gallery::GalleryTexts;
use askama::Template;

/// A state in the index.
#[derive(Debug)]
pub struct GalleryEntry {
    /// Its address.
    pub name: String,
    /// The heading of its page, as HTML.
    pub heading: String,
}

/// The index.
#[derive(Debug, Template)]
#[template(path = "hosted_page/gallery.html", whitespace = "minimize")]
pub struct GalleryIndex {
    /// What stands around the page.
    pub shell: Shell,
    /// The texts.
    pub g: &'static GalleryTexts,
    /// The states, group by group, below their headings.
    pub groups: Vec<(&'static str, Vec<GalleryEntry>)>,
    /// The names of the mails.
    pub mails: Vec<String>,
}
