//! The way to the provider and back: a URL, then a code, then an ID token that is looked at from all sides.

use super::{Attempt, CameBack, IdentityError, MatchBy, Metadata, Person, Provider, http};
use crate::clock::Timestamp;
use crate::crypto;
use chrono::{DateTime, Duration, Utc};
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreGenderClaim, CoreIdTokenClaims, CoreJwsSigningAlgorithm,
    CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthenticationContextClass, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EmptyAdditionalClaims, EndpointMaybeSet, EndpointNotSet, EndpointSet, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, TokenResponse as _, UserInfoClaims,
};
use secrecy::ExposeSecret as _;
use url::Url;

/// How far the provider's clock may be off.
const SKEW: Duration = Duration::seconds(30);
/// Signatures by which nobody but the provider can have made the token; never `none`, never a shared secret.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

impl Provider {
    fn client(&self, metadata: Metadata) -> Client {
        let settings = &self.0.settings;
        let known = metadata.token_endpoint_auth_methods_supported();
        let wants_form = known.is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic) && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(settings.client_id.clone()),
            Some(ClientSecret::new(settings.client_secret.expose_secret().to_owned())),
        )
        .set_redirect_uri(RedirectUrl::from_url(settings.redirect_uri.clone()));
        // HTTP Basic, which everybody must know (RFC 6749 section 2.3.1), unless the provider says otherwise.
        if wants_form {
            client.set_auth_type(AuthType::RequestBody)
        } else {
            client
        }
    }

    /// The way there. With `anew` the person must prove again to be there, however long signed in already
    /// (`prompt=login`, `max_age=0`; OpenID Connect Core 1.0 section 3.1.2.1).
    ///
    /// # Errors
    /// [`IdentityError::Unreachable`].
    pub async fn begin(&self, anew: bool, now: Timestamp) -> Result<(Url, Attempt), IdentityError> {
        let client = self.client(self.metadata(now).await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(crypto::new_token()),
                || Nonce::new(crypto::new_token()),
            )
            .add_scopes(self.0.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        if let Some(acr) = &self.0.settings.second_factor_acr {
            request = request.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
        }
        if anew {
            request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(std::time::Duration::ZERO);
        }
        let (url, state, nonce) = request.url();
        let attempt = Attempt {
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            anew,
            began_at: now,
        };
        Ok((url, attempt))
    }

    /// Who came back.
    ///
    /// # Errors
    /// [`IdentityError::Refused`] names what is not good; [`IdentityError::Unreachable`] when there is nobody to ask.
    pub async fn finish(&self, attempt: Attempt, back: CameBack, now: Timestamp) -> Result<Person, IdentityError> {
        let metadata = self.metadata(now).await?;
        self.is_the_answer(&metadata, &attempt, &back)?;
        let client = self.client(metadata.clone());
        let tokens = self.buy(&client, back.code, attempt.verifier).await?;
        let nonce = Nonce::new(attempt.nonce);
        let claims = match verified(&client, &tokens, &nonce, now) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let client = self.client(self.with_new_keys(metadata, now).await?);
                verified(&client, &tokens, &nonce, now)
            }
            other => other,
        }
        .map_err(|error| IdentityError::Refused(reason(&error)))?;
        let proved_at = claims.auth_time().map(|at| at.naive_utc());
        if attempt.anew && proved_at.is_none_or(|at| at + SKEW < attempt.began_at) {
            return Err(IdentityError::Refused("not_anew"));
        }
        Ok(Person {
            name: self.name(&client, &tokens, &claims).await?,
            account: crypto::token_hash(&format!("{} {}", self.0.settings.issuer, claims.subject().as_str())),
            second_factor: self.is_second_factor(&claims),
            proved_at,
        })
    }

    /// State (RFC 6749 section 10.12), issuer (RFC 9207 section 2.4), and no error.
    fn is_the_answer(&self, metadata: &Metadata, attempt: &Attempt, back: &CameBack) -> Result<(), IdentityError> {
        if !crypto::same(&attempt.state, &back.state) {
            return Err(IdentityError::Refused("state"));
        }
        let promised = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        let right = match &back.iss {
            Some(iss) => iss == &self.0.settings.issuer,
            None => !promised,
        };
        if !right {
            return Err(IdentityError::Refused("issuer_of_the_answer"));
        }
        match &back.error {
            Some(_) => Err(IdentityError::Refused("refused_there")),
            None if back.code.is_empty() => Err(IdentityError::Refused("no_code")),
            None => Ok(()),
        }
    }

    async fn buy(&self, client: &Client, code: String, verifier: String) -> Result<CoreTokenResponse, IdentityError> {
        let ask = |request| http::exchange(&self.0.http, request);
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| IdentityError::Unreachable)?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        request.request_async(&ask).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(_) => IdentityError::Refused("code"),
            _ => IdentityError::Unreachable,
        })
    }

    fn is_second_factor(&self, claims: &CoreIdTokenClaims) -> bool {
        let settings = &self.0.settings;
        let by_class = settings
            .second_factor_acr
            .as_ref()
            .is_some_and(|acr| claims.auth_context_ref().is_some_and(|said| said.as_str() == acr));
        let methods = claims.auth_method_refs().map(Vec::as_slice).unwrap_or_default();
        by_class
            || methods
                .iter()
                .any(|said| settings.second_factor_amr.iter().any(|known| known == said.as_str()))
    }

    /// The word that names a user of ours: from the ID token or, where it is not in there, from the provider's
    /// UserInfo, which must be about the same subject (OpenID Connect Core 1.0 section 5.3.2).
    async fn name(&self, client: &Client, tokens: &CoreTokenResponse, claims: &CoreIdTokenClaims) -> Result<String, IdentityError> {
        let by = self.0.settings.match_by;
        let in_token = match by {
            MatchBy::Subject => return Ok(claims.subject().to_string()),
            MatchBy::Email => claims.email().map(|mail| (mail.to_string(), claims.email_verified())),
            MatchBy::PreferredUsername => claims.preferred_username().map(|name| (name.to_string(), None)),
        };
        let (name, verified) = match in_token {
            Some(found) => found,
            None => self.user_info(client, tokens, claims).await?,
        };
        if by == MatchBy::Email && verified != Some(true) {
            return Err(IdentityError::Refused("email_not_verified"));
        }
        Ok(name)
    }

    async fn user_info(
        &self,
        client: &Client,
        tokens: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
    ) -> Result<(String, Option<bool>), IdentityError> {
        let ask = |request| http::exchange(&self.0.http, request);
        let request = client
            .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
            .map_err(|_| IdentityError::Refused("no_name"))?;
        let info: UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim> =
            request.request_async(&ask).await.map_err(|error| match error {
                openidconnect::UserInfoError::ClaimsVerification(_) => IdentityError::Refused("other_subject"),
                _ => IdentityError::Unreachable,
            })?;
        let found = match self.0.settings.match_by {
            MatchBy::Email => info.email().map(|mail| (mail.to_string(), info.email_verified())),
            _ => info.preferred_username().map(|name| (name.to_string(), None)),
        };
        found.ok_or(IdentityError::Refused("no_name"))
    }
}

/// What the ID token says, once it has been looked at: signature, issuer, audience, end, time of issue, nonce, and the
/// access token's hash (OpenID Connect Core 1.0 sections 3.1.3.7 and 3.1.3.8).
fn verified(
    client: &Client,
    tokens: &CoreTokenResponse,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let now: DateTime<Utc> = now.and_utc();
    let token = tokens
        .id_token()
        .ok_or_else(|| ClaimsVerificationError::Unsupported("there is no ID token".into()))?;
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(SIGNATURES)
        .set_time_fn(move || now)
        .set_issue_time_verifier_fn(move |issued| {
            if issued <= now + SKEW {
                Ok(())
            } else {
                Err("issued in the future".to_owned())
            }
        });
    let claims = token.claims(&verifier, nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let unsigned = ClaimsVerificationError::SignatureVerification;
        let (key, alg) = (
            token.signing_key(&verifier).map_err(unsigned)?,
            token.signing_alg().map_err(unsigned)?,
        );
        let found = AccessTokenHash::from_token(tokens.access_token(), alg, key);
        if found.ok().as_ref() != Some(expected) {
            return Err(ClaimsVerificationError::Other("at_hash".into()));
        }
    }
    Ok(claims.clone())
}

/// A word for the audit log: the error's own text may quote the token.
fn reason(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::Expired(_) => "expired",
        ClaimsVerificationError::InvalidAudience(_) => "audience",
        ClaimsVerificationError::InvalidIssuer(_) => "issuer",
        ClaimsVerificationError::InvalidNonce(_) => "nonce",
        ClaimsVerificationError::SignatureVerification(_) => "signature",
        _ => "id_token",
    }
}
