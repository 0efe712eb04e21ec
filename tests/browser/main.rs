//! Stories in a real browser against the program as people start it: `smartpay demo`.
//!
//! `tests/run.sh` runs them, or `cargo test --test browser` with Chromium and chromedriver installed. Every
//! page on the way must fit on a phone and leave the browser's console silent. With `SMARTPAY_SCREENSHOTS`
//! set, pictures of the pages are kept under `var/screenshots`.

mod payer;
mod steps;
mod stories;
mod support;
