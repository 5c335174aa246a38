"""What the deep tests share: a server of their own, and what they say."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import requests

PASSWORD = "survey-the-alps-by-drone"


def say(text):
    print(text, flush=True)


def check(condition, text):
    if not condition:
        sys.exit(f"FAILED: {text}")
    say(f"  {text}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.RequestException):
            if requests.get(url, timeout=2).status_code < 500:
                return
        time.sleep(0.1)
    sys.exit(f"nothing answers at {url}")


def surroundings(folder, database=None):
    """The environment of a server with a database of its own in a folder."""
    environment = dict(os.environ)
    environment["COMMONHOLD_DATABASE"] = database or f"sqlite://{folder / 'deep.db'}"
    environment["COMMONHOLD_DATA"] = str(folder / "data")
    return environment


class Server:
    """The program under test; it keeps its port when it is started again."""

    def __init__(self, program, folder, environment):
        self.program, self.folder, self.environment = program, folder, environment
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.process = None

    def run(self, *command, fails=False):
        done = subprocess.run([self.program, *command], env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0 and not fails:
            sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *more):
        log = open(self.folder / "server.log", "ab")
        command = [self.program, "serve", "--listen", f"127.0.0.1:{self.port}", "--public-url", self.url, "--rate-limits", "off", *more]
        self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        wait_for(f"{self.url}/readyz")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)


class Founder:
    """John of the example, with an organization of his own that has credits, apps and a key for engines."""

    def __init__(self, server, name, credits):
        self.server, self.api = server, f"{server.url}/api/v1"
        self.session = requests.Session()
        self.session.headers.update({"X-Requested-With": "commonhold"})
        self.post("/session", {"email": "john@example.com", "password": PASSWORD})
        org = self.post("/orgs", {"name": name, "kind": "individual", "country": "CH"})
        self.org, self.root = org["org_id"], org["accounts"][0]["root"]
        server.run("licence", "grant", "--org", self.org, "--product", "cloud-pro", "--model", "credits", "--credits", str(credits))

    def get(self, path, **more):
        answer = self.session.get(self.api + path, timeout=30, **more)
        answer.raise_for_status()
        return answer.json()

    def post(self, path, body, **more):
        answer = self.session.post(self.api + path, json=body, timeout=30, **more)
        if not answer.ok:
            sys.exit(f"FAILED: POST {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def app(self, slug, price, makes_processed=False, options=()):
        self.post(f"/orgs/{self.org}/apps", {"slug": slug, "title": slug, "price": price, "makes_processed": makes_processed})
        self.post(f"/apps/{slug}/versions", {"label": "1", "options": list(options), "timeout_minutes": 600})
        published = self.session.patch(f"{self.api}/apps/{slug}", json={"state": "published"}, timeout=30)
        published.raise_for_status()

    def key(self, *scopes):
        key = self.post(f"/orgs/{self.org}/keys", {"name": "Farm", "scopes": list(scopes)})
        return key["client_id"], key["client_secret"]

    def dataset(self, name, images=0):
        body = {"parent": self.root, "kind": "dataset", "name": name, "dataset": {"images": images}}
        return self.post("/resources", body)["id"]

    def start(self, dataset, app):
        return self.post(f"/datasets/{dataset}/jobs", {"app": app})["id"]

    def job(self, job):
        return self.get(f"/jobs/{job}")

    def until(self, job, *states, seconds=60):
        deadline = time.monotonic() + seconds
        while (shown := self.job(job))["state"] not in states:
            if time.monotonic() > deadline:
                sys.exit(f"FAILED: the job is {shown}, and not {states}")
            time.sleep(0.2)
        return shown

    def results(self, dataset):
        return {file["path"]: file for file in self.get(f"/datasets/{dataset}/files", params={"side": "output", "limit": 200})["items"]}

    def content(self, dataset, file):
        answer = self.session.get(f"{self.api}/datasets/{dataset}/files/{file['number']}/content", timeout=60)
        answer.raise_for_status()
        return answer.content
