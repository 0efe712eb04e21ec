mod bulk;
mod decoupled;
mod embedded;
mod faults;
mod periodic;
mod redirect;
mod restart;
mod single;
pub(in crate::sandbox) mod support;
