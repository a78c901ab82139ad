"""An SQS that only takes sends signed as botocore signs them, for tests.

Prints its endpoint and serves until standard input closes. The signature of each request is worked out anew
from what arrived: the headers it names, the bytes of its body, the secret of its access key.
"""

import datetime
import hashlib
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a/session+token=="
REGION = "eu-west-1"
MUST_SIGN = {"host", "x-amz-date", "x-amz-target", "content-type", "x-amz-security-token"}
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})"
)


class Refused(Exception):
    """The code SQS answers with."""


def verify(method, path, headers, body):
    parts = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if parts is None:
        raise Refused("IncompleteSignature")
    key, scope, names, signature = parts.groups()
    date = headers.get("x-amz-date", "")
    if key != ACCESS_KEY or headers.get("x-amz-security-token") != TOKEN:
        raise Refused("InvalidClientTokenId")
    now = datetime.datetime.now(datetime.timezone.utc)
    signed_at = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs(now - signed_at) > datetime.timedelta(minutes=15):
        raise Refused("RequestExpired")
    names = names.split(";")
    if scope != f"{date[:8]}/{REGION}/sqs/aws4_request" or not MUST_SIGN <= set(names):
        raise Refused("IncompleteSignature")
    request = AWSRequest(
        method=method,
        url=f"http://{headers['host']}{path}",
        data=body,
        headers={name: headers[name] for name in names},
    )
    request.context["timestamp"] = date
    signer = SigV4Auth(Credentials(ACCESS_KEY, SECRET, TOKEN), "sqs", REGION)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if signer.signature(text, request) != signature:
        raise Refused("SignatureDoesNotMatch")


def accept(target, body):
    sent = json.loads(body)

    def accepted(entry):
        digest = hashlib.md5(entry["MessageBody"].encode()).hexdigest()
        return {"MessageId": "m", "MD5OfMessageBody": digest}

    if target == "AmazonSQS.SendMessage":
        return accepted(sent)
    return {"Successful": [{"Id": entry["Id"], **accepted(entry)} for entry in sent["Entries"]]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers["content-length"]))
        try:
            verify(self.command, self.path, headers, body)
            status, answer = 200, accept(headers["x-amz-target"], body)
        except Refused as refused:
            status, answer = 403, {"__type": f"com.amazonaws.sqs#{refused}", "message": "refused"}
        answer = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", ACCESS_KEY, SECRET, TOKEN, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
