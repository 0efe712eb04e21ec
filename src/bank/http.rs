//! The one HTTP client for bank calls.
