//! The banks as data (`config/banks.toml`): a bank is an entry, not code.
