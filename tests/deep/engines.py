"""Engines that work: COLMAP finds the cameras of a rendered survey, and the script of docs/engines.md is run as it stands there.

    python engines.py PROGRAM TOOLS FOLDER

The photos are rendered by the project's own generator, which says where each was taken; their GPS is off by up to a metre.
"""

import csv
import io
import json
import math
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import numpy
from support import Founder, Server, check, say, surroundings

program, tools, folder = (pathlib.Path(word).resolve() for word in sys.argv[1:4])
root = pathlib.Path(__file__).resolve().parents[2]
folder.mkdir(parents=True, exist_ok=True)
# How far cameras may be from where they were, in metres, after the best move, turn and scaling: the photos are 14 cm a pixel.
RMS, MOST = 0.15, 0.5
# And without any, where GPS is off by up to a metre in each direction.
MOST_ABSOLUTE = 1.5


def aligned(found, truth):
    """How far points are from others after the best similarity between them."""
    a, b = found - found.mean(0), truth - truth.mean(0)
    u, s, vt = numpy.linalg.svd(b.T @ a / len(a))
    d = numpy.eye(a.shape[1])
    d[-1, -1] = numpy.sign(numpy.linalg.det(u @ vt))
    scale = numpy.trace(numpy.diag(s) @ d) / (a**2).sum() * len(a)
    return numpy.linalg.norm(scale * a @ (u @ d @ vt).T - b, axis=1)


server = Server(program, folder, surroundings(folder))
server.run("demo")
server.start()
try:
    john = Founder(server, "Engine Works", 1000)
    john.app("camera-positions", "free", options=[{"name": "features", "type": "int", "value": 1500}])
    john.app("image-list", "free")
    client, secret = john.key("engine")
    writer = john.key("write")
    environment = {**os.environ, "COMMONHOLD_SERVER": server.url, "COMMONHOLD_CLIENT_ID": client, "COMMONHOLD_CLIENT_SECRET": secret}

    say("A rendered survey")
    photos = folder / "Survey"
    subprocess.run([tools, "survey", photos], check=True)
    truth = json.loads(photos.with_suffix(".truth.json").read_text())
    dataset = john.dataset("Survey")
    sent = {**environment, "COMMONHOLD_CLIENT_ID": writer[0], "COMMONHOLD_CLIENT_SECRET": writer[1]}
    subprocess.run([program, "upload", photos, "--dataset", dataset], env=sent, check=True, stdout=subprocess.DEVNULL)
    check(len(truth) == 24, "24 photos are sent")

    say("The script of docs/engines.md")
    page = (root / "docs" / "engines.md").read_text(encoding="utf-8")
    script = re.search(r"```sh\n(#!/usr/bin/env bash\n.*?)```", page, re.S).group(1)
    (folder / "engine.sh").write_text(script, encoding="utf-8")

    def shell():
        return subprocess.run(["bash", folder / "engine.sh"], env={**environment, "APP": "image-list"}, capture_output=True, text=True, check=False)

    listed = john.start(dataset, "image-list")
    ran = shell()
    check((ran.returncode, ran.stdout.strip()) == (0, "done"), f"it completes a job {ran.stderr[-500:]}")
    table = john.content(dataset, john.results(dataset)["images.tsv"]).decode().splitlines()
    check(len(table) == 24 and john.job(listed)["state"] == "done", "with a list of all images as its result")
    check(john.get(f"/jobs/{listed}/log")["items"][0]["text"] == "listing the images", "and a line of log")
    ran = shell()
    check((ran.returncode, ran.stdout.strip()) == (0, "no job"), "and finds no other")

    say("COLMAP")
    command = [sys.executable, root / "examples" / "engine-colmap" / "engine.py", "--app", "camera-positions", "--heartbeat", "1"]

    def engine(*more):
        out = open(folder / "engine.log", "ab")
        return subprocess.Popen([*command, *more], env=environment, stdout=out, stderr=out)

    job = john.start(dataset, "camera-positions")
    stopped = engine()
    john.until(job, "running")
    while john.job(job)["progress"] < 200:
        time.sleep(0.2)
    began = time.monotonic()
    stopped.send_signal(signal.SIGTERM)
    stopped.wait(timeout=60)
    check(john.job(job)["state"] == "queued", f"an engine that is stopped gives its job back, after {time.monotonic() - began:.1f} s")
    running = engine()
    while john.job(job)["progress"] < 200:
        time.sleep(0.2)
    began = time.monotonic()
    john.post(f"/jobs/{job}/cancel", {})
    john.until(job, "cancelled")
    check(time.monotonic() - began < 20, f"a cancellation reaches it after {time.monotonic() - began:.1f} s")
    job = john.start(dataset, "camera-positions")
    began = time.monotonic()
    done = john.until(job, "done", "failed", seconds=900)
    check(done["state"] == "done", f"then it takes the next one, for {time.monotonic() - began:.0f} s {done.get('failure', '')}")
    running.send_signal(signal.SIGTERM)
    running.wait(timeout=60)
    results = john.results(dataset)
    report = json.loads(john.content(dataset, results["report.json"]))
    say(f"  {report}")
    check(report["placed"] == 24, "all photos are placed")
    rows = list(csv.DictReader(io.StringIO(john.content(dataset, results["cameras.csv"]).decode())))
    # A degree there, on the ellipsoid; that of the generator (server/pictures/survey.rs) is 111,320 m north and 76,400 m east.
    middle = math.radians(46.66)
    metres = numpy.array(
        [
            111_132.954 - 559.822 * math.cos(2 * middle) + 1.175 * math.cos(4 * middle),
            111_412.84 * math.cos(middle) - 93.5 * math.cos(3 * middle) + 0.118 * math.cos(5 * middle),
        ]
    )
    found = numpy.array([[float(row["latitude"]), float(row["longitude"])] for row in rows])
    names = [row["photo"].rsplit("/", 1)[-1] for row in rows]
    right = numpy.array([[truth[name]["latitude"] / 1e9, truth[name]["longitude"] / 1e9] for name in names])
    off = aligned(found * metres, right * [111_320.0, 76_400.0])
    rms, most = math.sqrt((off**2).mean()), off.max()
    check(rms <= RMS and most <= MOST, f"they are where they were within {rms:.3f} m rms, {most:.3f} m at most (allowed: {RMS}, {MOST})")
    absolute = numpy.linalg.norm((found - right) * metres, axis=1).max()
    check(absolute <= MOST_ABSOLUTE, f"and within {absolute:.2f} m without any move (allowed: {MOST_ABSOLUTE}, as GPS is off by one)")
    heights = numpy.array([float(row["altitude"]) for row in rows])
    check(heights.std() <= 0.5, f"all in one height, within {heights.std():.2f} m")
    collection = json.loads(john.content(dataset, results["cameras.geojson"]))
    points = john.content(dataset, results["points.ply"])
    check(len(collection["features"]) == 24 and points.startswith(b"ply"), "GeoJSON and points are there")
finally:
    server.stop()
say(server.run("doctor", "--files"))
