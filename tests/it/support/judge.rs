//! A judge between the connectors and the sandbox banks (`tests/conformance/judge.py`), where `SMARTPAY_JUDGE` says
//! at which `host:port` it gives out places.

use serde_json::json;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

/// The address (`http://host:port`) under which the judge offers the banks that listen at this one; `None` without
/// a judge. `seals` are the certificates (PEM) with which the TPP and the banks sign, where they do.
pub fn before(banks: &str, seals: Option<(&str, &str)>) -> Option<String> {
    let judge = std::env::var("SMARTPAY_JUDGE").ok()?;
    let mut desk = TcpStream::connect(judge).unwrap();
    let seals = seals.map(|(tpp, bank)| json!({ "tpp": tpp, "bank": bank }));
    writeln!(desk, "{}", json!({ "banks": banks.trim_start_matches("http://"), "seals": seals })).unwrap();
    let mut place = String::new();
    BufReader::new(desk).read_line(&mut place).unwrap();
    assert!(!place.is_empty(), "the judge has no place for {banks}");
    Some(format!("http://{}", place.trim_end()))
}
