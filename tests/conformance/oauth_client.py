"""An ordinary OAuth client: authlib with requests, and joserfc for the token, told nothing but where the issuer is and which
certificate is ours.

    oauth_client.py ISSUER CLIENT_ID FOLDER     FOLDER holds CLIENT_ID.pem, CLIENT_ID.key and ca.pem
"""

import base64
import hashlib
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import KeySet

issuer, client_id, folder = sys.argv[1:4]
certificate = (f"{folder}/{client_id}.pem", f"{folder}/{client_id}.key")

# Nobody needs a certificate to read these.
metadata = AuthorizationServerMetadata(requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=30).json())
assert metadata["issuer"] == issuer, metadata
metadata.validate_token_endpoint()
metadata.validate_grant_types_supported()
metadata.validate_scopes_supported()
keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())

# The form that tls_client_auth sends: the client id in the body, no secret.
session = OAuth2Session(client_id, token_endpoint_auth_method="none", scope="banks:read payments:read")
session.trust_env, session.cert, session.verify = False, certificate, f"{folder}/ca.pem"
endpoint = metadata["mtls_endpoint_aliases"]["token_endpoint"]
token = session.fetch_token(endpoint, grant_type="client_credentials")
assert token["token_type"] == "Bearer" and token["scope"] == "banks:read payments:read", token

# RFC 9068 and RFC 8705, section 3.1.
read = jwt.decode(token["access_token"], keys, algorithms=["ES256"])
assert read.header["typ"] == "at+jwt" and read.header["kid"], read.header
audience = endpoint.removesuffix("/oauth2/token")
claims = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": issuer},
    aud={"essential": True, "value": audience},
    sub={"essential": True, "value": client_id},
    exp={"essential": True},
)
claims.validate(read.claims)
with open(certificate[0], "rb") as file:
    der = x509.load_pem_x509_certificate(file.read()).public_bytes(Encoding.DER)
thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
assert read.claims["cnf"] == {"x5t#S256": thumbprint}, read.claims

banks = session.get(f"{audience}/gateway/core/rest/api/banks")
assert banks.status_code == 200 and banks.json()["payload"], banks.text
# Without the right scope authlib's session says nothing, and the gateway 403.
refused = session.post(f"{audience}/gateway/core/rest/api/payments", headers={"Idempotency-Key": "a"}, json={})
assert refused.status_code == 403 and 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"], refused.text
# The same token without the certificate's connection does not even get through TLS.
try:
    requests.get(banks.url, headers={"Authorization": f"Bearer {token['access_token']}"}, verify=f"{folder}/ca.pem", timeout=30)
except requests.exceptions.RequestException:
    pass
else:
    raise AssertionError("the gateway answered without a certificate")
print(f"read {len(banks.json()['payload'])} banks with a token of {issuer}")
