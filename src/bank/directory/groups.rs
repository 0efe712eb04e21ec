//! Banks of one group speak the same protocol alike: `[group.NAME.PROTOCOL]` says it once, and a bank with
//! `group = "NAME"` says only what is its own. What a bank says counts before what its group says.

use super::{DirectoryError, wrong};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// The protocols a group may speak of, as their tables are named in a bank's entry.
const PROTOCOLS: [&str; 3] = ["berlin_group", "stet", "epp"];

/// The groups of a directory.
pub(super) struct Groups {
    all: BTreeMap<String, Table>,
    used: BTreeSet<String>,
}

fn wrong_group(name: &str, problem: &str) -> DirectoryError {
    DirectoryError::File(format!("group {name:?}: {problem}"))
}

impl Groups {
    /// Of the file's table `group`.
    ///
    /// # Errors
    /// [`DirectoryError::File`] names the group and what does not belong there. What is inside a protocol's table is
    /// checked with the entries it becomes part of.
    pub(super) fn of(value: Option<Value>) -> Result<Self, DirectoryError> {
        let written = || DirectoryError::File("groups are written as [group.NAME.PROTOCOL]".to_owned());
        let groups = match value {
            None => Table::new(),
            Some(Value::Table(groups)) => groups,
            Some(_) => return Err(written()),
        };
        let mut all = BTreeMap::new();
        for (name, protocols) in groups {
            let Value::Table(protocols) = protocols else {
                return Err(written());
            };
            for (key, value) in &protocols {
                if !PROTOCOLS.contains(&key.as_str()) || !value.is_table() {
                    return Err(wrong_group(&name, &format!("{key:?} is not the table of a protocol")));
                }
            }
            all.insert(name, protocols);
        }
        Ok(Self {
            all,
            used: BTreeSet::new(),
        })
    }

    /// A bank's entry with what its group says and it does not; answers the group's name.
    ///
    /// # Errors
    /// [`DirectoryError::Bank`] when there is no such group.
    pub(super) fn complete(&mut self, bank: &str, entry: &mut Value) -> Result<Option<String>, DirectoryError> {
        let Some(entry) = entry.as_table_mut() else { return Ok(None) };
        let name = match entry.remove("group") {
            None => return Ok(None),
            Some(Value::String(name)) => name,
            Some(_) => return Err(wrong(bank, "group", "is the name of a group")),
        };
        let Some(defaults) = self.all.get(&name) else {
            return Err(wrong(bank, "group", format!("there is no group {name:?} in the bank directory")));
        };
        for (protocol, defaults) in defaults.iter().filter_map(|(key, value)| Some((key, value.as_table()?))) {
            let own = entry.entry(protocol.clone()).or_insert_with(|| Value::Table(Table::new()));
            // Something else than a table is refused when the entry is read.
            let Value::Table(own) = own else { continue };
            for (key, value) in defaults {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        self.used.insert(name.clone());
        Ok(Some(name))
    }

    /// Refuses a group of which no bank is: nothing in it has been checked.
    ///
    /// # Errors
    /// [`DirectoryError::File`] names it.
    pub(super) fn all_used(&self) -> Result<(), DirectoryError> {
        let idle = self.all.keys().find(|name| !self.used.contains(*name));
        idle.map_or(Ok(()), |name| Err(wrong_group(name, "no bank is of this group")))
    }
}
