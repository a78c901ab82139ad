"""moto's S3 with the bucket `runs`, for tests: its endpoint on standard output, until standard input closes.

Its requests are served side by side, and threads change as often as they can: what is not atomic shows.
"""

import functools
import sys
import threading

import boto3
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer


def one_write_at_a_time():
    """Lets one write at a time into moto's S3.

    moto 5.2.5 looks whether an object is there and then writes it, with nothing between that would stop another thread: of 200
    rounds in which eight created one object, 5 had two who did when threads changed every 10 us. S3 itself keeps
    If-None-Match atomically.
    """
    lock = threading.RLock()
    put_object = S3Response.put_object

    @functools.wraps(put_object)
    def alone(*arguments, **named):
        with lock:
            return put_object(*arguments, **named)

    S3Response.put_object = alone


def main():
    one_write_at_a_time()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    s3 = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    s3.create_bucket(Bucket="runs")
    sys.setswitchinterval(1e-5)
    print(endpoint, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
