"""Signs and verifies with httpsig what one line of JSON on the standard input says; answers in one line of JSON.

    {"do": "verify", "key": PEM, "method": …, "target": …, "headers": {…}}   →  true or false
    {"do": "sign", "key": PEM, "key_id": …, "method": …, "target": …, "headers": {…}, "signed": […]}   →  the header
"""

import json
import sys

from httpsig import HeaderSigner, HeaderVerifier
from judge import public_key


def verify(asked):
    names = ["(request-target)", "date", "digest", "x-request-id"]
    judge = HeaderVerifier(
        asked["headers"], public_key(asked["key"]), names, asked["method"], asked["target"], sign_header="signature"
    )
    if judge.algorithm != "rsa-sha256":
        return False
    return bool(judge.verify())


def sign(asked):
    signer = HeaderSigner(asked["key_id"], asked["key"], "rsa-sha256", asked["signed"], sign_header="signature")
    return signer.sign(asked["headers"], method=asked["method"], path=asked["target"])["signature"]


if __name__ == "__main__":
    asked = json.loads(sys.stdin.readline())
    print(json.dumps({"verify": verify, "sign": sign}[asked["do"]](asked)))
