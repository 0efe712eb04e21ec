//! OAuth 2.0 code flow with PKCE.
