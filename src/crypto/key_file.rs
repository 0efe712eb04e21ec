//! The key file and the steps of a change of key, each of which leaves a file that opens everything.
//!
//! A node that does not know a key cannot read what another one seals with it. So a new key is first added where
//! it only opens ([`prepared`]); when every node has it, it becomes the one that seals ([`switched`]); and when
//! nothing is sealed with older ones any more, those are taken out ([`finished`]).

use super::{CryptoError, random};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::path::Path;
use zeroize::Zeroizing;

/// The name of the line whose key derives keyed hashes. Files from before a change of key have no such line:
/// there it is the oldest key.
const DERIVE: &str = "derive";

/// A key's id and its bytes.
type IdAndKey = (u32, Zeroizing<Vec<u8>>);

/// A key file as text was read: sealing key first.
pub(super) struct Lines {
    /// In the file's order.
    pub keys: Vec<IdAndKey>,
    /// The bytes of the key that derives.
    pub derive: Zeroizing<Vec<u8>>,
}

/// # Errors
/// [`CryptoError::KeyFile`] names the line that is not a key.
pub(super) fn read(text: &str) -> Result<Lines, CryptoError> {
    let (mut keys, mut derive): (Vec<IdAndKey>, Option<_>) = (Vec::new(), None);
    let lines = text.lines().enumerate();
    for (i, line) in lines.filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
        let fault = || CryptoError::KeyFile(format!("line {} is not `id:base64 of 32 bytes`", i + 1));
        let (name, key) = line.trim().split_once(':').ok_or_else(fault)?;
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(key).map_err(|_| fault())?);
        if bytes.len() != 32 {
            return Err(fault());
        }
        if name == DERIVE {
            if derive.replace(bytes).is_some() {
                return Err(fault());
            }
            continue;
        }
        let id: u32 = name.parse().map_err(|_| fault())?;
        if keys.iter().any(|(other, _)| *other == id) {
            return Err(fault());
        }
        keys.push((id, bytes));
    }
    let (_, oldest) = keys.last().ok_or_else(|| CryptoError::KeyFile("there is no key in it".into()))?;
    let derive = derive.unwrap_or_else(|| oldest.clone());
    Ok(Lines { keys, derive })
}

impl Lines {
    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::from(
            "# id:key, the first one seals, all of them open; `derive` makes keyed hashes and stays\n",
        ));
        for (id, key) in &self.keys {
            text.push_str(&format!("{id}:{}\n", BASE64_STANDARD.encode(&**key)));
        }
        text.push_str(&format!("{DERIVE}:{}\n", BASE64_STANDARD.encode(&**self.derive)));
        text
    }

    fn newest(&self) -> u32 {
        self.keys.iter().map(|(id, _)| *id).max().unwrap_or_default()
    }
}

/// The file with one more key, which opens and does not seal yet; and that key's id.
///
/// # Errors
/// [`CryptoError::KeyFile`] when it cannot be read, or such a key is there already.
pub fn prepared(text: &str) -> Result<(Zeroizing<String>, u32), CryptoError> {
    let mut lines = read(text)?;
    let newest = lines.newest();
    if lines.keys[0].0 != newest {
        return Err(CryptoError::KeyFile(format!(
            "key {newest} is there and does not seal yet; the next step is `smartpay rotate-key switch`"
        )));
    }
    let id = newest
        .checked_add(1)
        .ok_or_else(|| CryptoError::KeyFile("the ids of the keys have run out".into()))?;
    lines.keys.insert(1, (id, Zeroizing::new(random::<32>().to_vec())));
    Ok((lines.text(), id))
}

/// The file with its newest key as the one that seals; and that key's id.
///
/// # Errors
/// [`CryptoError::KeyFile`] when it cannot be read, or its newest key seals already.
pub fn switched(text: &str) -> Result<(Zeroizing<String>, u32), CryptoError> {
    let mut lines = read(text)?;
    let newest = lines.newest();
    if lines.keys[0].0 == newest {
        return Err(CryptoError::KeyFile(format!(
            "its newest key, {newest}, seals already; a new one is added with `smartpay rotate-key prepare`"
        )));
    }
    lines.keys.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    Ok((lines.text(), newest))
}

/// The end of a change of key.
pub struct Finished {
    /// The file with the sealing key only.
    pub kept: Zeroizing<String>,
    /// A file of the other keys.
    pub retired: Zeroizing<String>,
    /// Their ids.
    pub ids: Vec<u32>,
}

impl std::fmt::Debug for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finished").field("ids", &self.ids).finish_non_exhaustive()
    }
}

/// Takes all keys but the sealing one out of the file.
///
/// # Errors
/// [`CryptoError::KeyFile`] when it cannot be read, there is no older key, or the newest does not seal yet.
pub fn finished(text: &str) -> Result<Finished, CryptoError> {
    let mut lines = read(text)?;
    let sealing = lines.keys[0].0;
    if lines.newest() != sealing {
        return Err(CryptoError::KeyFile(
            "its newest key does not seal yet; the next step is `smartpay rotate-key switch`".into(),
        ));
    }
    let older = lines.keys.split_off(1);
    if older.is_empty() {
        return Err(CryptoError::KeyFile("there is no older key in it".into()));
    }
    let ids = older.iter().map(|(id, _)| *id).collect();
    let retired = Lines {
        keys: older,
        derive: lines.derive.clone(),
    };
    Ok(Finished {
        kept: lines.text(),
        retired: retired.text(),
        ids,
    })
}

/// Replaces a private file by one that was written and flushed whole: a crash leaves the old one or the new one.
///
/// # Errors
/// [`CryptoError::KeyFile`] when the folder cannot be written.
pub fn replace(path: &Path, text: &str) -> Result<(), CryptoError> {
    use std::io::Write as _;
    let fault = |e: std::io::Error| CryptoError::KeyFile(format!("cannot write {}: {e}", path.display()));
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // It is made with mode 0600, beside the old one, so that the rename stays on one file system.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fault)?;
    file.write_all(text.as_bytes()).map_err(fault)?;
    file.as_file().sync_all().map_err(fault)?;
    file.persist(path).map_err(|e| fault(e.error))?;
    std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Place, Vault};

    const HERE: Place<'_> = Place {
        table: "payments",
        column: "psu_email",
        row: "7",
    };

    #[test]
    fn each_step_opens_what_the_others_sealed_and_hashes_stay() {
        let old = Vault::new_key_file();
        let (prepared, added) = prepared(&old).unwrap();
        let (switched, seals) = switched(&prepared).unwrap();
        let end = finished(&switched).unwrap();
        assert_eq!((added, seals, &end.ids), (2, 2, &vec![1]));
        let [old, prepared, switched, finished, retired] =
            [&*old, &*prepared, &*switched, &*end.kept, &*end.retired].map(|text| Vault::parse(text).unwrap());
        let opens = |vault: &Vault, sealed: &[u8]| vault.open(HERE, sealed).is_ok();
        let (before, between, after) = (old.seal(HERE, b"x"), prepared.seal(HERE, b"x"), switched.seal(HERE, b"x"));
        assert!(opens(&switched, &before) && opens(&switched, &between) && opens(&old, &between));
        assert!(
            opens(&prepared, &after),
            "a node that was not switched yet reads what the others write"
        );
        assert!(opens(&finished, &after) && !opens(&finished, &before) && opens(&retired, &before));
        for vault in [&prepared, &switched, &finished, &retired] {
            assert_eq!(vault.keyed_hash("search", "a"), old.keyed_hash("search", "a"));
        }
        assert_eq!(finished.seals_with(), 2);
        assert_eq!(Vault::sealed_with(&after), Some(2));
        assert_eq!(Vault::sealed_with(&before), Some(1));
    }

    #[test]
    fn a_step_out_of_turn_says_which_one_is_next() {
        let old = Vault::new_key_file();
        let says = |result: Result<_, CryptoError>| result.map(|_: Zeroizing<String>| ()).unwrap_err().to_string();
        assert!(says(switched(&old).map(|(text, _)| text)).contains("prepare"));
        assert!(says(finished(&old).map(|end| end.kept)).contains("no older key"));
        let (text, _) = prepared(&old).unwrap();
        assert!(says(prepared(&text).map(|(text, _)| text)).contains("switch"));
        assert!(says(finished(&text).map(|end| end.kept)).contains("switch"));
    }

    #[cfg(unix)]
    #[test]
    fn the_new_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("encryption.key");
        let old = Vault::new_key_file();
        replace(&path, &old).unwrap();
        replace(&path, &prepared(&old).unwrap().0).unwrap();
        assert_eq!(Vault::open_file(&path).unwrap().seals_with(), 1);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
