"""The server is killed at random moments while engines work: no job is lost, none is paid twice, and doctor finds nothing.

    python jobs.py PROGRAM FOLDER [--rounds 50] [--postgres URL]

With --postgres two nodes serve one database there, and each round kills one of them. The engines are real ones over REST: they claim,
give signs of life, write logs and results, and complete, fail, give back, or simply go away.
"""

import argparse
import atexit
import collections
import pathlib
import random
import sqlite3
import subprocess
import threading
import time

import requests
from support import PASSWORD, Founder, Server, check, say, surroundings

parser = argparse.ArgumentParser()
parser.add_argument("program", type=pathlib.Path)
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--rounds", type=int, default=50)
parser.add_argument("--postgres")
args = parser.parse_args()
args.program, args.folder = args.program.resolve(), args.folder.resolve()
args.folder.mkdir(parents=True, exist_ok=True)
random.seed(20261129)

ENGINES, DATASETS, CREDITS = 4, 12, 1_000_000
environment = surroundings(args.folder, args.postgres)
if args.postgres:
    # Nodes on one database need one secret.
    environment["COMMONHOLD_SECRET"] = "the same secret for both nodes of the deep tests"
servers = [Server(args.program, args.folder, environment) for _ in range(2 if args.postgres else 1)]
atexit.register(lambda: [server.kill() for server in servers if server.process and server.process.poll() is None])
servers[0].run("demo")
for server in servers:
    server.start()
john = Founder(servers[0], "Job Works", CREDITS)
john.app("ortho", "processing", makes_processed=True)
client = john.key("engine")
datasets = [john.dataset(f"Flight {number}", 10) for number in range(DATASETS)]
balance = john.post(f"/datasets/{datasets[0]}/jobs?plan=true", {"app": "ortho"})["balance"]["credits"]
check(balance == CREDITS, f"there are {CREDITS} credits")
over, ready = threading.Event(), threading.Event()
started, counted, lock = {}, collections.Counter(), threading.Lock()
told_done, unknown_end, faults = set(), set(), []


def watched(work, *words):
    """A thread that does something, whose fault is ours."""

    def run():
        try:
            work(*words)
        except BaseException as problem:  # SystemExit too, which ends only its thread.
            faults.append(problem)
            raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def count(what):
    with lock:
        counted[what] += 1


def insist(method, path, session, **more):
    """A request, again while nobody answers, of one node or the other."""
    while not over.is_set():
        try:
            answer = session.request(method, random.choice(servers).url + path, timeout=20, **more)
            if answer.status_code < 500 and answer.status_code != 429:
                return answer
            count(f"answer {answer.status_code}")
        except requests.RequestException:
            count("no answer")
        time.sleep(random.uniform(0.02, 0.2))
    return None


def starter():
    """Starts jobs, each once: what was not answered is sent again with the same key."""
    session = requests.Session()
    session.headers.update(john.session.headers)
    # The cookie of a node on loopback has the name of its port.
    for server in servers:
        session.post(f"{server.url}/api/v1/session", json={"email": "john@example.com", "password": PASSWORD}, timeout=30).raise_for_status()
    ready.set()
    number = 0
    while not over.is_set():
        number += 1
        dataset = random.choice(datasets)
        key = {"Idempotency-Key": f"job-{number}"}
        answer = insist("POST", f"/api/v1/datasets/{dataset}/jobs", session, json={"app": "ortho"}, headers=key)
        if answer is None:
            return
        if answer.status_code == 201:
            started[answer.json()["id"]] = dataset
            if random.random() < 0.1:
                insist("POST", f"/api/v1/jobs/{answer.json()['id']}/cancel", session, json={})
        elif answer.status_code != 409:  # One is under way there.
            raise SystemExit(f"FAILED: {answer.status_code} {answer.text}")
        time.sleep(random.uniform(0.01, 0.1))


def engine(number):
    session = requests.Session()
    token = None
    while not over.is_set():
        if token is None:
            answer = insist("POST", "/oauth/token", session, auth=client, data={"grant_type": "client_credentials"})
            if answer is None:
                return
            token = answer.json()["access_token"]
        try:
            bearer = {"Authorization": f"Bearer {token}"}
            claim = {"apps": ["ortho"], "wait": 1}
            answer = session.post(random.choice(servers).url + "/api/v1/engine/claim", json=claim, headers=bearer, timeout=20)
        except requests.RequestException:
            count("claims without an answer")
            time.sleep(0.1)
            continue
        if answer.status_code == 401:
            token = None
        if answer.status_code == 200:
            count(work(session, answer.json(), number))


def work(session, claimed, number):
    """One job, and how it ended for this engine."""
    bearer = {"Authorization": f"Bearer {claimed['token']}"}
    first = True

    def say_it(what, body):
        body["lease"] = claimed["lease"]
        return insist("POST", f"/api/v1/engine/jobs/{claimed['job']}/{what}", session, json=body, headers=bearer)

    for step in range(random.randint(1, 3)):
        answer = say_it("heartbeat", {"progress": 300 * step, "step": f"step {step}"})
        if answer is None or answer.status_code in (401, 409):
            return "lost"
        if answer.json()["state"] == "cancel":
            return "cancelled" if say_it("release", {}) is not None else "left"
        say_it("log", {"first": step + 1, "lines": [{"text": f"engine {number}, step {step}"}]})
        time.sleep(random.uniform(0, 0.05))
    chance = random.random()
    if chance < 0.05:
        return "gone away"
    if chance < 0.15:
        say_it("fail", {"kind": "app_error", "message": "by chance"})
        return "failed"
    if chance < 0.25:
        say_it("release", {})
        return "given back"
    content = f"made for {claimed['job']}".encode()
    answer = say_it("outputs", {"outputs": [{"path": "map.tif", "bytes": len(content), "role": "orthophoto"}]})
    if answer is None or not answer.ok:
        return "lost"
    item = answer.json()["items"][0]
    if item["state"] in ("new", "resume"):
        while True:
            asked = insist("HEAD", item["upload"]["url"], session, headers={**bearer, "Tus-Resumable": "1.0.0"})
            if asked is None or not asked.ok:
                return "lost"
            offset = int(asked.headers["Upload-Offset"])
            if offset == len(content):
                break
            headers = {**bearer, "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
            insist("PATCH", item["upload"]["url"], session, headers=headers, data=content[offset:])
    while first or not over.is_set():
        try:
            body = {"lease": claimed["lease"], "outputs": 1}
            answer = session.post(
                random.choice(servers).url + f"/api/v1/engine/jobs/{claimed['job']}/complete", json=body, headers=bearer, timeout=20
            )
        except requests.RequestException:
            first = False
            unknown_end.add(claimed["job"])
            time.sleep(0.1)
            continue
        if answer.status_code == 200:
            if answer.json()["state"] == "done":
                if claimed["job"] in told_done:
                    raise SystemExit("FAILED: a job was completed twice")
                told_done.add(claimed["job"])
            return f"ended: {answer.json()['state']}"
        if answer.status_code in (401, 409):
            return "lost, or completed without an answer" if not first else "lost"
        first = False
        time.sleep(0.1)
    return "left"


def leases_run_out():
    """Ten minutes and more pass for whoever is at a job."""
    statement = "UPDATE job SET lease_until = lease_until - 700000 WHERE lease_until IS NOT NULL"
    if args.postgres:
        subprocess.run(["psql", "--quiet", args.postgres, "-c", statement], check=True)
    else:
        with sqlite3.connect(args.folder / "deep.db", timeout=30) as database:
            database.execute(statement)


threads = [watched(starter)] + [watched(engine, number) for number in range(ENGINES)]
ready.wait(60)
say(f"{len(servers)} node(s), {ENGINES} engines, {args.rounds} times kill -9")
for round_ in range(args.rounds):
    if faults:
        break
    time.sleep(random.uniform(0.05, 0.9))
    server = random.choice(servers)
    server.kill()
    if round_ % 10 == 9:
        leases_run_out()
    server.start()
time.sleep(1)
over.set()
for thread in threads:
    thread.join(timeout=60)
check(not faults, f"nothing that engines and starter were told is wrong {faults[:3] or ''}")
check(not any(thread.is_alive() for thread in threads), f"engines and starter have ended: {dict(counted)}")
check(len(started) >= args.rounds, f"{len(started)} jobs were started")

say("What is left is brought to an end")
over.clear()
leases_run_out()
finishing = [watched(engine, number) for number in range(ENGINES)]
deadline = time.monotonic() + 240
while True:
    shown = {job: john.job(job) for job in started}
    open_jobs = [job for job, facts in shown.items() if facts["state"] not in ("done", "failed", "cancelled")]
    if not open_jobs:
        break
    if time.monotonic() > deadline:
        raise SystemExit(f"FAILED: {len(open_jobs)} jobs do not end: {[shown[job] for job in open_jobs[:3]]}")
    time.sleep(2)
    leases_run_out()
over.set()
for thread in finishing:
    thread.join(timeout=60)
check(not faults, f"nothing that the engines were told is wrong {faults[:3] or ''}")
states = collections.Counter(facts["state"] for facts in shown.values())
check(sum(states.values()) == len(started), f"no job is lost: {dict(states)}")
check(all(shown[job]["state"] == "done" for job in told_done), f"{len(told_done)} jobs whose engine was told that they are done are done")
silent = {job for job, facts in shown.items() if facts["state"] == "done"} - told_done
check(silent <= unknown_end, f"{len(silent)} more are done, whose engines were not told since the server died")

listed, cursor = {}, ""
while True:
    page = john.get(f"/orgs/{john.org}/jobs", params={"limit": 200, "cursor": cursor})
    listed.update({job["id"]: job for job in page["items"]})
    cursor = page["next_cursor"]
    if not cursor:
        break
check(set(listed) == set(started), "there is no job that nobody started")
paid = sum(job["price"]["credits"] for job in listed.values() if not job["price"]["refunded"])
left = john.post(f"/datasets/{datasets[0]}/jobs?plan=true", {"app": "ortho"})["balance"]["credits"]
check(left == CREDITS - paid, f"{paid} credits were paid, each job once: {left} are left")
check(all(job["price"]["refunded"] for job in listed.values() if job["state"] == "failed"), "what failed was given back")
for dataset in datasets:
    done = [job for job, at in started.items() if at == dataset and shown[job]["state"] == "done"]
    results = john.results(dataset)
    if done:
        last = max(done, key=lambda job: shown[job]["ended_at"])
        content = john.content(dataset, results["map.tif"]).decode()
        if content not in {f"made for {job}" for job in done} or len(results) != 1:
            raise SystemExit(f"FAILED: {dataset} has {results}: {content}, and not that of {last}")
    elif results:
        raise SystemExit(f"FAILED: {dataset} has results of jobs that are not done")
check(True, "each dataset has one result, of a job that is done")
for server in servers:
    server.stop()
say(servers[0].run("doctor", "--files"))
