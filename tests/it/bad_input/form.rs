//! What arrives at the listeners themselves.
