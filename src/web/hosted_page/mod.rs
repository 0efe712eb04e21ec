//! The page a payer sees: what may be typed, what is said, how it looks.
//!
//! **Invariant:** only fields that the partner's kind leaves to the payer are read from a form, and nothing
//! that came from a partner, a bank or a payer reaches HTML unescaped.

pub mod colour;
pub mod form;
pub mod pages;
pub mod texts;
