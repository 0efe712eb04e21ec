//! The bank over real HTTP, as a TPP and a browser meet it.

mod api;
mod bulk;
mod journeys;
mod support;
