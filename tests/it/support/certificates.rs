//! One development CA per test process, and what it signed.

use smartpay::clock::Clock;
use smartpay::demo::certificates::{DevelopmentCa, Purpose, write_private};
use std::path::Path;
use std::sync::OnceLock;

/// Name of each certificate, whose organisation stands in it, and what it is for.
const ISSUED: [(&str, &str, Purpose); 8] = [
    ("gateway", "SmartPay", Purpose::Server),
    ("qsealc", "SmartPay", Purpose::Client),
    ("shop", "Foișor Atelier SRL", Purpose::Client),
    // For the shop's change-over.
    ("shop-next", "Foișor Atelier SRL", Purpose::Client),
    ("other-shop", "Prăvălia Vecină SRL", Purpose::Client),
    ("erp", "Registru SRL", Purpose::Client),
    ("dinar", "Vodovod Vrelo DOO", Purpose::Client),
    // Signed by the right CA, but nobody's partner.
    ("stranger", "Necunoscut SRL", Purpose::Client),
];

struct File {
    name: String,
    content: Vec<u8>,
}

fn all() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let ca = DevelopmentCa::create(folder.path(), &Clock::default()).unwrap();
        for (name, organization, purpose) in ISSUED {
            ca.issue(name, organization, purpose).unwrap();
        }
        let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| {
            let entry = entry.unwrap();
            File {
                name: entry.file_name().into_string().unwrap(),
                content: std::fs::read(entry.path()).unwrap(),
            }
        });
        files.collect()
    })
}

/// The PEM of `NAME.pem`, `NAME.key` or `ca.pem`.
pub fn pem(file: &str) -> &'static [u8] {
    &all().iter().find(|f| f.name == file).unwrap_or_else(|| panic!("no {file}")).content
}

/// Writes all of them into a folder.
pub fn write_to(folder: &Path) {
    for file in all() {
        write_private(&folder.join(&file.name), &file.content).unwrap();
    }
}
