//! Who enrolled at the portal.

use serde::{Deserialize, Serialize};
use url::Url;

/// A person who registered at the portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalUser {
    /// The name to sign in with.
    pub username: String,
    /// SHA-256 of user name and password, hex.
    pub password_sha256: String,
    /// First and last name.
    pub name: String,
    /// The organization, as it was given.
    pub organization: String,
}

/// An application that was created at the portal: a TPP's client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolledClient {
    /// `x-ibm-client-id`, and the OAuth client id.
    pub client_id: String,
    /// SHA-256 of its secret, hex.
    pub secret_sha256: String,
    /// Where PSUs may be sent back to.
    pub redirect_uri: Url,
    /// What people call it.
    pub title: String,
    /// Whose it is.
    pub username: String,
}
