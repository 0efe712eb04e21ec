mod decoupled;
mod embedded;
mod redirect;
mod single;
mod support;
