"""Files, tried with programs of others: tus clients through a connection that breaks, ZIP readers, curl, and an S3 server.

    python files.py PROGRAM FOLDER [--s3]

Starts PROGRAM (`commonhold`) on loopback with a database of its own in FOLDER, sends it files, ends it the hard way in the middle,
and compares what arrived. With --s3 the bytes are in moto, an S3 server, instead of a folder; PROGRAM has to be built with that
feature. Prints what was done, and ends with an error where anything is not as it must be.
"""

import argparse
import concurrent.futures
import contextlib
import hashlib
import io
import os
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time
import zipfile

import requests
from tusclient.client import TusClient

from support import Server, check, free_port, say, wait_for

HERE = pathlib.Path(__file__).resolve().parent
PIECE = 512 * 1024
FILES = 100

parser = argparse.ArgumentParser()
parser.add_argument("program", type=pathlib.Path)
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--s3", action="store_true")
args = parser.parse_args()
random.seed(20261129)


class BrokenLine:
    """A proxy that cuts connections after some bytes: every second one, somewhere in its first megabyte."""

    def __init__(self, port):
        self.to = port
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        number = 0
        while True:
            with contextlib.suppress(OSError):
                client, _ = self.listener.accept()
                number += 1
                left = random.randint(1, 1_000_000) if number % 2 else None
                threading.Thread(target=self.serve, args=(client, left), daemon=True).start()

    def serve(self, client, left):
        try:
            server = socket.create_connection(("127.0.0.1", self.to))
        except OSError:
            client.close()
            return
        threading.Thread(target=self.copy, args=(server, client, None), daemon=True).start()
        self.copy(client, server, left)

    def copy(self, source, target, left):
        try:
            while part := source.recv(65_536):
                if left is not None and len(part) >= left:
                    target.sendall(part[:left])
                    self.cuts += 1
                    break
                left = None if left is None else left - len(part)
                target.sendall(part)
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def start_moto(environment):
    port = free_port()
    moto = subprocess.Popen(
        [pathlib.Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    wait_for(f"{url}/moto-api/")
    import boto3

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    s3 = boto3.client("s3", endpoint_url=url, **keys)
    s3.create_bucket(Bucket="files")
    environment.update(
        AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION="us-east-1", AWS_ENDPOINT=url, AWS_ALLOW_HTTP="true",
        COMMONHOLD_STORAGE="eu-central=s3://files/alpine,us-east=s3://files/alpine",
    )
    return moto, s3


args.folder.mkdir(parents=True, exist_ok=True)
environment = dict(os.environ)
environment["COMMONHOLD_DATABASE"] = f"sqlite://{args.folder / 'deep.db'}"
environment["COMMONHOLD_DATA"] = str(args.folder / "data")
moto, s3 = start_moto(environment) if args.s3 else (None, None)
server = Server(args.program, args.folder, environment)
server.run("demo")
server.start()
try:
    session = requests.Session()
    session.headers.update({"X-Requested-With": "commonhold"})
    api = f"{server.url}/api/v1"
    signed_in = session.post(f"{api}/session", json={"email": "john@example.com", "password": "survey-the-alps-by-drone"})
    check(signed_in.ok, "John of the example signs in")
    root = session.get(f"{api}/orgs/alpine-survey").json()["accounts"][0]["root"]
    made = session.post(f"{api}/resources", json={"parent": root, "kind": "dataset", "name": "Deep", "dataset": {}})
    check(made.status_code == 201, "a dataset is made")
    dataset = made.json()["id"]

    say(f"{FILES} files through a line that breaks, half of them by tuspy, half by tus-js-client")
    sent = {}
    files = args.folder / "files"
    files.mkdir(exist_ok=True)
    for number in range(FILES):
        content = random.randbytes(random.randint(1, 2_000_000))
        path = files / f"DJI_{number:04}.bin"
        path.write_bytes(content)
        sent[path.name] = hashlib.sha256(content).hexdigest()
    line = BrokenLine(server.port)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
    headers = {"Cookie": cookies, "X-Requested-With": "commonhold"}

    def send(name):
        client = TusClient(f"{line.url}/api/v1/uploads", headers=headers)
        for attempt in range(60):
            try:
                uploader = client.uploader(
                    str(files / name), chunk_size=PIECE, retries=20, retry_delay=0.2,
                    metadata={"dataset": dataset, "path": name, "modified": "2026-11-20T10:00:00Z"},
                )
                uploader.upload()
                return
            except Exception as error:  # What breaks is told in as many ways as there are layers; the sums decide in the end.
                last = error
                time.sleep(0.2)
        raise last

    names = sorted(sent)
    by_python, by_node = names[::2], names[1::2]
    node = subprocess.Popen(
        ["node", HERE / "tus.mjs", f"{line.url}/api/v1/uploads", dataset, cookies, str(files), *by_node],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(send, name) for name in by_python]
        while sum(future.done() for future in futures) < len(futures) // 3:
            time.sleep(0.05)
        say("  the server is killed in the middle, and started again")
        server.kill()
        server.start()
        for future in futures:
            future.result()
    said, _ = node.communicate(timeout=300)
    check(node.returncode == 0, f"tus-js-client has sent its files {said.strip()[-300:]}")
    check(line.cuts >= 20, f"the line broke {line.cuts} times")

    arrived = {}
    cursor = ""
    while True:
        page = session.get(f"{api}/datasets/{dataset}/files", params={"limit": 200, "cursor": cursor}).json()
        for item in page["items"]:
            if item["path"] in arrived:
                sys.exit(f"FAILED: {item['path']} is there twice")
            arrived[item["path"]] = item
        cursor = page["next_cursor"]
        if not cursor:
            break
    check({path: item["sha256"] for path, item in arrived.items()} == sent, "every file is there once, with the right sum")

    say("Taking them")
    one = arrived[names[0]]
    whole = session.get(f"{api}/datasets/{dataset}/files/{one['number']}/content").content
    check(hashlib.sha256(whole).hexdigest() == sent[names[0]], "a file comes back as it was")
    address = f"{api}/datasets/{dataset}/zip"
    archive = args.folder / "all.zip"
    taken = session.get(address)
    archive.write_bytes(taken.content)
    check(int(taken.headers["Content-Length"]) == len(taken.content), "the ZIP is as long as it said")
    check(subprocess.run(["unzip", "-tqq", archive], check=False).returncode == 0, "unzip finds no fault in it")
    with zipfile.ZipFile(io.BytesIO(taken.content)) as opened:
        check(opened.testzip() is None, "nor does Python's zipfile")
        sums = {name: hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()}
    check(sums == sent, "and its files are the files")
    cut = args.folder / "cut.zip"
    cut.write_bytes(taken.content[: len(taken.content) // 3])
    curl = ["curl", "-sS", "--fail", "-C", "-", "-H", f"Cookie: {cookies}", "-o", cut, address]
    check(subprocess.run(curl, check=False).returncode == 0, "curl goes on with one that was cut")
    check(cut.read_bytes() == taken.content, "and has the same bytes in the end")

    say("What is freed")
    numbers = [item["number"] for item in arrived.values()][:50]
    gone = session.post(f"{api}/datasets/{dataset}/files/delete", json={"numbers": numbers})
    check(gone.status_code == 204, "fifty files are deleted")
finally:
    server.stop()
# It ends with an error if it finds any fault.
say(server.run("doctor", "--files"))
if s3 is not None:
    keys = [entry["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket="files") for entry in page.get("Contents", [])]
    check(len(keys) >= FILES, f"S3 has {len(keys)} objects")
    check(not any(name in key for key in keys for name in sent), "and none has a person's name for a file")
    moto.terminate()
say("All as it must be.")
