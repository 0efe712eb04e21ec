//! The bank over real HTTP, as a TPP and a browser meet it.

mod api;
mod journeys;
mod support;
