//! Mail as files, for the demo and for looking at.

use super::{MailError, OutgoingMail};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The first 16 bytes of the SHA-256 of a message id, in hex.
pub(super) fn digest(message_id: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message_id.as_bytes());
    hash.as_ref().iter().take(16).fold(String::with_capacity(32), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// `<UTC time>-<hash of the message id>.eml`: sorts by time, and a second copy takes the first one's place.
pub(super) fn file_name(mail: &OutgoingMail) -> String {
    format!("{}-{}.eml", mail.date.format("%Y%m%dT%H%M%S%6fZ"), digest(&mail.message_id))
}

/// Writes a message so that a reader sees all of it or nothing.
pub(super) async fn write(folder: PathBuf, name: String, message: Vec<u8>) -> Result<(), MailError> {
    let written = tokio::task::spawn_blocking(move || write_now(&folder, &name, &message)).await;
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(e)) => Err(MailError::Temporary(format!("writing to the mail folder: {}", e.kind()))),
        Err(_) => Err(MailError::Temporary("writing to the mail folder was interrupted".to_owned())),
    }
}

fn write_now(folder: &Path, name: &str, message: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!(".{name}.{}.tmp", uuid::Uuid::new_v4()));
    let result = create_private(&unfinished)
        .and_then(|mut file| file.write_all(message).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&unfinished, folder.join(name)));
    if result.is_err() {
        // What failed is reported; a left-over that cannot be removed either is hidden by its name.
        let _ = std::fs::remove_file(&unfinished);
    }
    result
}

/// A new file that only its owner can read: it holds a payer's address and payment.
fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::super::{Mailer, OutgoingMail, tests::example};

    #[actix_web::test]
    async fn a_second_copy_replaces_the_first_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = Mailer::folder(folder.path().join("mail"));
        mailer.send(&example()).await.unwrap();
        mailer.send(&example()).await.unwrap();
        let other = OutgoingMail {
            message_id: "other@pay.example".into(),
            ..example()
        };
        mailer.send(&other).await.unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder.path().join("mail"))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names.len(), 2, "{names:?}");
        for name in &names {
            assert!(name.starts_with("20261118T1") && name.ends_with(".eml"), "{name}");
        }
    }

    #[actix_web::test]
    async fn a_folder_that_cannot_be_written_is_a_temporary_failure() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Mailer::folder(file.path().join("x")).send(&example()).await.unwrap_err();
        assert!(matches!(error, super::MailError::Temporary(_)), "{error}");
    }
}
