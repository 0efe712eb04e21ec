"""A judge between the connectors and the sandbox banks: prism with public OpenAPI descriptions, and httpsig.

    judge.py serve SPECIFICATIONS PRISM FOLDER    until it is told to end
    judge.py report FOLDER                        what was judged; fails on a violation, and where nothing was judged

Whoever asks at the address in FOLDER/address, in one line of JSON, for a place in front of its banks gets the address of
a proxy, in one line. Calls of a judged interface go through `prism proxy --errors`, which sees what was sent and what
was answered; all other calls (OAuth, pages) go straight to the bank. What prism lets pass reaches the other side byte
for byte as it was written (prism itself writes numbers and queries anew, which would break signatures). Each judged call
is a line of FOLDER/calls. Of an answer that a story had the bank spoil (no answer at all, or X-Sandbox-Fault on it) the
request alone is judged. CEC writes amounts in euro as JSON numbers, against the standard and on purpose: its answers are
judged with texts in their place, and reach the connector as they are.

Not judged: brd and bt (they leave the standard on purpose: names of products, words and headers of their own), 16807
(answers a created order with 200) and STET 1.4.0 (no description of it is at hand).
"""

import collections
import decimal
import http.client
import json
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BERLIN = "bg-1.3.11-testpatched.json"
STET_1_4_2 = "stet-1.4.2-bpce-derived.json"
STET_1_5 = "stet-1.5.0-testpatched.json"
# What stands before the paths of the description, which description, and how its paths begin.
JUDGED = {f"/{bank}": (BERLIN, "/v1/") for bank in ("cec", "standard", "link", "mobil", "cod", "pasi")} | {
    f"/stet/{bank}/stet/psd2/{version}": (file, "/")
    for bank in ("13807", "10807", "17515")
    for version, file in (("v1.4.2", STET_1_4_2), ("v1.5", STET_1_5))
}
NUMBERS_FOR_TEXTS = "/cec/"
CALL = "X-Judge-Call"
LOCAL = "127.0.0.1"
HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "accept-encoding", "keep-alive"}
SECONDS_TO_START = 90


class Call:
    """A judged call on its way: what was sent, and what the bank answered when it was reached."""

    def __init__(self, banks, method, path, headers, body):
        self.banks, self.method, self.path, self.headers, self.body = banks, method, path, headers, body
        self.answer, self.reached, self.odd = None, False, False

    def reach_the_bank(self):
        self.reached = True
        self.answer = ask(self.banks, self.method, self.path, self.headers, self.body)
        return self.answer

    def body_to_judge(self):
        """The answer's body, where the bank has a habit that is known with what the standard wants in its place."""
        if not self.path.startswith(NUMBERS_FOR_TEXTS):
            return self.answer[2]
        body = amounts_as_texts(self.answer[2])
        self.odd = body != self.answer[2]
        return body

    def spoiled(self):
        """Whether the request passed and the bank failed, as a story wanted it."""
        return self.reached and (self.answer is None or any(n.lower() == "x-sandbox-fault" for n, _ in self.answer[1]))


class Judge:
    """Everything that the handlers share."""

    def __init__(self, folder):
        self.lock = threading.Lock()
        self.log = (folder / "calls").open("a", encoding="utf-8")
        self.calls = {}
        self.prisms = {}
        self.number = 0

    def keep(self, call):
        with self.lock:
            self.number += 1
            self.calls[str(self.number)] = call
            return str(self.number)

    def write(self, line):
        with self.lock:
            print(json.dumps(line, ensure_ascii=False), file=self.log, flush=True)


def ask(address, method, path, headers, body):
    """Status, headers and body of an answer. A bank that hangs up is told as it is: an OSError."""
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=False, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body or method in ("POST", "PUT"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


def as_prism_writes(body):
    """JSON as JavaScript writes it: prism sends it on anew, with the length that came."""

    def number(text):
        value = float(text)
        return int(value) if value.is_integer() else value

    try:
        return json.dumps(json.loads(body, parse_float=number), ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError:
        return body


def amounts_as_texts(body):
    """JSON in which no amount beside a currency is a number; as it was where none is."""
    found = []

    def amount(value):
        if "currency" in value and isinstance(value.get("amount"), decimal.Decimal):
            found.append(value["amount"])
            value["amount"] = str(value["amount"])
        return value

    try:
        read = json.loads(body, object_hook=amount, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    except ValueError:
        return body
    return json.dumps(read, ensure_ascii=False, default=float).encode() if found else body


def verdict(call, status, headers, body):
    """`None`, or who broke the standard and how."""
    told = dict((name.lower(), value) for name, value in headers).get("sl-violations")
    if not call.reached:
        return "request", told or f"{status} {body.decode(errors='replace')}"
    if not call.spoiled() and (told or status != call.answer[0]):
        return "answer", f"{told or status}, to {call.answer[2].decode(errors='replace')}"
    return None


def signatures(seals, call):
    """What httpsig thinks of the signatures of both: `None`, or who signed wrongly."""
    from httpsig import HeaderVerifier

    method = call.method.lower()
    request, answer = dict(call.headers), dict(call.answer[1])
    for who, headers, key, needed in (
        ("request", request, seals["tpp"], ["(request-target)", "date", "digest", "x-request-id"]),
        ("answer", answer, seals["bank"], ["date", "x-request-id"]),
    ):
        try:
            good = HeaderVerifier(headers, key, needed, method, call.path, sign_header="signature").verify()
        except Exception as error:  # httpsig raises plain exceptions
            good, error_text = False, repr(error)
        else:
            error_text = "wrong signature"
        if not good:
            return who, error_text
    return None


class Front(BaseHTTPRequestHandler):
    """What the connectors take for the banks."""

    protocol_version = "HTTP/1.1"

    def forward(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = [(n, v) for n, v in self.headers.items() if n.lower() not in HOP_BY_HOP | {"host"}]
        try:
            status, answered, content = self.judged(headers, body) or ask(
                self.server.banks, self.command, self.path, headers, body
            )
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in answered:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def judged(self, headers, body):
        judge = self.server.judge
        for prefix, (file, beginning) in JUDGED.items():
            path = self.path.removeprefix(prefix)
            if self.path.startswith(prefix + "/") and path.startswith(beginning):
                break
        else:
            return None
        call = Call(self.server.banks, self.command, self.path, headers, body)
        sent = [*headers, (CALL, judge.keep(call))]
        status, answered, content = ask(judge.prisms[file], self.command, path, sent, as_prism_writes(body))
        broken = verdict(call, status, answered, content)
        if broken is None and self.server.seals is not None and not call.spoiled():
            broken = signatures(self.server.seals, call)
        line = {"file": file, "bank": prefix, "method": self.command, "path": path, "status": status}
        line["spoiled"], line["odd"] = call.spoiled(), call.odd
        judge.write(line | ({} if broken is None else {"broken by": broken[0], "how": broken[1]}))
        if call.answer is None and call.reached:
            raise ConnectionResetError("the bank hung up")
        return call.answer or (status, answered, content)

    do_GET = do_POST = do_PUT = do_DELETE = forward

    def log_message(self, *_):
        pass


class Back(BaseHTTPRequestHandler):
    """What prism takes for the bank."""

    protocol_version = "HTTP/1.1"

    def forward(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.judge.lock:
            call = self.server.judge.calls.pop(self.headers[CALL])
        try:
            status, headers, _ = call.reach_the_bank()
            body = call.body_to_judge()
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = forward

    def log_message(self, *_):
        pass


class Desk(socketserver.StreamRequestHandler):
    """Gives out places in front of banks: {"banks": "host:port", "seals": {"tpp": PEM, "bank": PEM} or null}."""

    def handle(self):
        asked = json.loads(self.rfile.readline())
        host, port = asked["banks"].rsplit(":", 1)
        front = server(ThreadingHTTPServer, Front, self.server.judge)
        front.banks = (host, int(port))
        front.seals = asked["seals"] and {who: public_key(pem) for who, pem in asked["seals"].items()}
        self.wfile.write(f"{LOCAL}:{front.server_address[1]}\n".encode())


def public_key(certificate):
    """The public key of a certificate, in PEM, as httpsig reads it."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Threading(socketserver.ThreadingTCPServer):
    daemon_threads = True


def server(kind, handler, judge):
    kind.request_queue_size = 128
    made = kind((LOCAL, 0), handler)
    made.daemon_threads, made.judge = True, judge
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


def free_port():
    with socket.socket() as one:
        one.bind((LOCAL, 0))
        return one.getsockname()[1]


def serve(specifications, prism, folder):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    judge = Judge(folder)
    back = server(ThreadingHTTPServer, Back, judge)
    running = []
    try:
        for file in sorted({file for file, _ in JUDGED.values()}):
            port = free_port()
            judge.prisms[file] = (LOCAL, port)
            upstream = f"http://{LOCAL}:{back.server_address[1]}"
            command = [prism, "proxy", "-h", LOCAL, "-p", str(port), "--errors", str(specifications / file), upstream]
            log = (folder / f"{file}.log").open("wb")
            running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        deadline = time.monotonic() + SECONDS_TO_START
        for (host, port), process in zip(judge.prisms.values(), running):
            while True:
                try:
                    socket.create_connection((host, port), 1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        sys.exit(f"judge.py: prism did not start, see {folder}")
                    time.sleep(0.1)
        desk = server(Threading, Desk, judge)
        (folder / "address.new").write_text(f"{LOCAL}:{desk.server_address[1]}")
        (folder / "address.new").rename(folder / "address")
        # Until whoever started this closes its end.
        sys.stdin.read()
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def report(folder):
    lines = [json.loads(line) for line in (folder / "calls").read_text(encoding="utf-8").splitlines()]
    counted = collections.Counter(line["bank"] for line in lines)
    broken = [line for line in lines if "how" in line]
    for line in broken:
        print(f"The {line['broken by']} breaks {line['file']}: {line['bank']} {line['method']} {line['path']} "
              f"{line['status']}\n  {line['how'][:2000]}")
    for prefix, (file, _) in JUDGED.items():
        kinds = {(line["method"], line["status"]) for line in lines if line["bank"] == prefix}
        print(f"{counted[prefix]:6} calls of {prefix} judged by {file}, {len(kinds)} kinds of method and status")
    spoiled = sum(line["spoiled"] for line in lines)
    odd = sum(line["odd"] for line in lines)
    print(f"{len(lines):6} calls judged ({spoiled} by the request alone, {odd} with texts for amounts that were numbers), "
          f"{len(broken)} break the standard")
    silent = [prefix for prefix in JUDGED if not counted[prefix]]
    if silent:
        print(f"No call was judged of {', '.join(silent)}")
    return 1 if broken or silent else 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", specifications, prism, folder]:
            serve(Path(specifications), prism, Path(folder))
        case ["report", folder]:
            sys.exit(report(Path(folder)))
        case _:
            sys.exit(__doc__)
