//! A STET bank that answers as it is told, signing what it says.

mod accounts;
mod lies;
mod payments;
mod support;
