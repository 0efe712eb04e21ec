"""An authorisation server made of authlib: authorization code with PKCE, refresh tokens that change, a protected resource.

    authorization_server.py CLIENT_ID REDIRECT_URI

Prints its address and serves until its standard input ends. `GET /authorize` shows that the request is good,
`POST /authorize` with `decision` is the PSU's answer, `POST /token` sells tokens, `GET /resource` wants one.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

# Plain HTTP, which is on this machine only.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.common.encoding import to_unicode  # noqa: E402
from authlib.common.security import generate_token  # noqa: E402
from authlib.oauth2 import OAuth2Error, OAuth2Request  # noqa: E402
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, ResourceProtector, TokenMixin, grants  # noqa: E402
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # noqa: E402
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator  # noqa: E402
from authlib.oauth2.rfc7636 import CodeChallenge  # noqa: E402

CODES, TOKENS = {}, []


class Client(ClientMixin):
    """A public client: PKCE is all that binds a code to it."""

    def __init__(self, client_id, redirect_uri):
        self.client_id, self.redirect_uri = client_id, redirect_uri

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope if scope and scope.startswith("PIS:") else None

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret):
        return False

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "none"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "refresh_token")


class Code:
    def __init__(self, code, request):
        asked = request.payload.data
        self.code, self.user = code, request.user
        self.redirect_uri, self.scope = asked["redirect_uri"], request.scope
        self.code_challenge, self.code_challenge_method = asked.get("code_challenge"), asked.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class Token(TokenMixin):
    def __init__(self, made, client, user):
        self.made, self.client, self.user, self.revoked, self.since = made, client, user, False, time.time()

    def check_client(self, client):
        return client is self.client

    def get_scope(self):
        return self.made["scope"]

    def get_expires_in(self):
        return self.made["expires_in"]

    def is_expired(self):
        return time.time() > self.since + self.made["expires_in"]

    def is_revoked(self):
        return self.revoked

    def get_user(self):
        return self.user

    def get_client(self):
        return self.client


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

    def save_authorization_code(self, code, request):
        CODES[code] = Code(code, request)

    def query_authorization_code(self, code, client):
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code):
        del CODES[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        return next((t for t in TOKENS if t.made.get("refresh_token") == refresh_token and not t.revoked), None)

    def authenticate_user(self, refresh_token):
        return refresh_token.user

    def revoke_old_credential(self, refresh_token):
        refresh_token.revoked = True


class Validator(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return next((t for t in TOKENS if t.made["access_token"] == token_string), None)


class Request(OAuth2Request):
    """An HTTP request as authlib wants it: the query and the form apart, and both together."""

    def __init__(self, method, uri, query, form, headers):
        super().__init__(method, uri, headers=headers)
        self._query, self._form = query, form
        self.payload = Payload(query + form)

    @property
    def args(self):
        return dict(self._query)

    @property
    def form(self):
        return dict(self._form)


class Payload(BasicOAuth2Payload):
    def __init__(self, pairs):
        super().__init__(dict(pairs))
        self._datalist = {}
        for name, value in pairs:
            self._datalist.setdefault(name, []).append(value)


class Server(AuthorizationServer):
    def __init__(self, client):
        super().__init__()
        self.client = client
        self.register_token_generator(
            "default",
            BearerTokenGenerator(lambda **_: generate_token(42), lambda **_: generate_token(48)),
        )
        self.register_grant(CodeGrant, [CodeChallenge(required=True)])
        self.register_grant(RefreshGrant)

    def query_client(self, client_id):
        return self.client if client_id == self.client.client_id else None

    def save_token(self, token, request):
        TOKENS.append(Token(token, request.client, request.user))

    def create_oauth2_request(self, request):
        return request

    def handle_response(self, status, body, headers):
        return status, body, headers

    def send_signal(self, name, *args, **kwargs):
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do(self):
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        query, form = parse_qsl(parts.query), parse_qsl(body)
        # authlib looks for names as they are written in the RFCs.
        headers = {name.title(): value for name, value in self.headers.items()}
        request = Request(self.command, f"http://{headers['Host']}{self.path}", query, form, headers)
        oauth = self.server.oauth
        match self.command, parts.path:
            case "GET", "/authorize":
                try:
                    oauth.get_consent_grant(request, "psu")
                    self.answer(200, "Do you agree?", [])
                except OAuth2Error as error:
                    self.answer(400, error.error, [])
            case "POST", "/authorize":
                psu = "psu" if ("decision", "yes") in form else None
                grant = oauth.get_consent_grant(request, psu)
                self.answer(*oauth.create_authorization_response(request, grant_user=psu, grant=grant))
            case "POST", "/token":
                self.answer(*oauth.create_token_response(request))
            case "GET", "/resource":
                try:
                    token = self.server.protector.validate_request(["PIS:1"], request)
                    self.answer(200, {"of": token.user}, [])
                except OAuth2Error as error:
                    self.answer(*error())
            case _:
                self.answer(404, "", [])

    def answer(self, status, body, headers):
        text = body if isinstance(body, str) else json.dumps(body)
        content = to_unicode(text).encode()
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.oauth = Server(Client(*sys.argv[1:]))
    server.protector = ResourceProtector()
    server.protector.register_token_validator(Validator())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    sys.stdin.read()
