mod decoupled;
mod embedded;
mod redirect;
mod single;
pub(in crate::sandbox) mod support;
