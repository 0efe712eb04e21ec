//! HTTP only.

pub mod assets;
pub mod back_office;
pub mod hosted_page;
