"""A processing engine for Commonhold: COLMAP finds where each photo was taken.

    COMMONHOLD_CLIENT_ID=… COMMONHOLD_CLIENT_SECRET=… python engine.py --server http://localhost:3000 --app camera-positions

Takes one job after the other, of the apps that its key's organization publishes, and writes camera positions (CSV and GeoJSON), the
points that the photos have in common (PLY) and a report. An example to begin an engine of your own with: docs/engines.md explains it.
"""

import argparse
import csv
import hashlib
import json
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time

# Before others start threads, which would be ended by a signal instead of us being told: main() has a thread that waits for them.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})

import numpy  # noqa: E402
import pycolmap  # noqa: E402
import requests  # noqa: E402

PIECE = 16 * 1024 * 1024
PHOTOS = (".jpg", ".jpeg", ".png", ".tif", ".tiff")


class Ended(Exception):
    """The job is not ours any more, somebody cancelled it, or the engine is to stop."""


class CannotDo(Exception):
    """The job cannot be done: `kind` is app_error, input_error or insufficient_resources."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class Job:
    """A job under a lease. A thread says every few seconds that we live, and hears whether we should."""

    def __init__(self, server, claimed, at_most):
        self.server, self.claimed, self.id, self.at_most = server, claimed, claimed["job"], at_most
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {claimed['token']}"
        self.progress, self.step, self.lines = 0, "", 0
        self.ended = None  # "cancelled", "lost" or "stopped"
        self.token = pycolmap.CancellationToken()
        self.over = threading.Event()
        threading.Thread(target=self.keep_alive, daemon=True).start()

    def call(self, method, path, tries=8, **more):
        """A request, again after a connection that broke and after what passes by itself."""
        for attempt in range(tries):
            try:
                answer = self.session.request(method, self.server + path, timeout=60, **more)
                if answer.status_code < 500 and answer.status_code not in (423, 429):
                    break
                problem = f"the server answered {answer.status_code}"
            except requests.RequestException as error:
                problem = str(error)
            time.sleep(min(30, 0.5 * 2**attempt))
        else:
            raise ConnectionError(problem)
        # An answer to HEAD has no words.
        if answer.status_code == 401 or (answer.status_code == 409 and (method == "HEAD" or answer.json().get("code") == "lease_lost")):
            self.end("lost")
            raise Ended()
        return answer

    def say(self, what, **body):
        body["lease"] = self.claimed["lease"]
        answer = self.call("POST", f"/api/v1/engine/jobs/{self.id}/{what}", json=body)
        if not answer.ok:
            raise CannotDo("app_error", answer.json().get("detail", answer.text))
        return answer.json()

    def end(self, why):
        self.ended = self.ended or why
        self.token.cancel()

    def keep_alive(self):
        wait = 0
        while not self.over.wait(wait):
            wait = min(self.claimed["heartbeat_seconds"], self.at_most)
            try:
                if self.say("heartbeat", progress=self.progress, step=self.step)["state"] == "cancel":
                    self.end("cancelled")
            except (Ended, CannotDo, ConnectionError):
                pass  # Lost, or another try with the next one. The server decides when it has been too long.

    def at(self, progress, step):
        self.progress, self.step = progress, step
        self.log(step)

    def log(self, text, level="info"):
        """Each line has a number, so that it is there once however often it is sent."""
        if self.ended:
            raise Ended()
        lines = [{"level": level, "text": line} for line in text.splitlines()] or [{"text": ""}]
        self.say("log", first=self.lines + 1, lines=lines)
        self.lines += len(lines)

    def inputs(self):
        cursor = ""
        while cursor is not None:
            page = self.call("GET", f"/api/v1/engine/jobs/{self.id}/inputs", params={"limit": 200, "cursor": cursor}).json()
            yield from page["items"]
            cursor = page["next_cursor"] or None

    def fetch(self, item, path):
        """Brings an input into a file, from where it was cut, and checks its sum."""
        digest = hashlib.sha256()
        with open(path, "wb") as file:
            while file.tell() < item["bytes"]:
                if self.ended:
                    raise Ended()
                ask = {"Range": f"bytes={file.tell()}-"} if file.tell() else {}
                with self.call("GET", item["url"], headers=ask, stream=True) as answer:
                    if not answer.ok:
                        raise CannotDo("app_error", f"{item['path']} cannot be read: {answer.status_code}")
                    try:
                        for part in answer.iter_content(1 << 20):
                            file.write(part)
                            digest.update(part)
                    except requests.RequestException:
                        time.sleep(1)
        if digest.hexdigest() != item["sha256"]:
            raise CannotDo("app_error", f"{item['path']} arrived with other bytes than it should have.")

    def send(self, files):
        """Plans outputs, then sends each by tus, from where it was cut."""
        outputs = [{"path": path.name, "bytes": path.stat().st_size, "role": role} for path, role in files]
        for (path, _), planned in zip(files, self.say("outputs", outputs=outputs)["items"]):
            if planned["state"] == "present":
                continue
            if not planned.get("upload"):
                raise CannotDo("app_error", f"{path.name}: {planned['reason']}")
            url, size = planned["upload"]["url"], path.stat().st_size
            with open(path, "rb") as file:
                while True:
                    offset = int(self.call("HEAD", url, headers={"Tus-Resumable": "1.0.0"}).headers["Upload-Offset"])
                    if offset == size and size > 0:
                        break
                    file.seek(offset)
                    headers = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
                    if self.call("PATCH", url, headers=headers, data=file.read(PIECE)).ok and size == 0:
                        break


def reconstruct(job, folder, names):
    """What photogrammetry is here for. Returns the files that came of it, with their roles."""
    photos, database, results = folder / "photos", folder / "colmap.db", folder / "results"
    results.mkdir()
    features = pycolmap.FeatureExtractionOptions()
    features.sift.max_num_features = int(job.claimed["options"].get("features", 1500))
    job.at(200, f"finding up to {features.sift.max_num_features} features in each of {len(names)} photos")
    pycolmap.extract_features(database, photos, camera_mode=pycolmap.CameraMode.SINGLE, extraction_options=features, cancellation_token=job.token)
    job.at(400, "matching photos")
    if len(names) <= 200:
        pycolmap.match_exhaustive(database, cancellation_token=job.token)
    else:
        pycolmap.match_spatial(database, cancellation_token=job.token)
    job.at(650, "placing cameras")
    options = pycolmap.IncrementalPipelineOptions()
    # From straight above flat ground nobody can tell a longer lens from a higher flight, so what the camera says of its lens holds.
    options.ba_refine_focal_length = False
    options.ba_refine_extra_params = False
    models = pycolmap.incremental_mapping(database, photos, folder, options, cancellation_token=job.token)
    if job.ended:
        raise Ended()
    if not models:
        raise CannotDo("input_error", "No two photos show enough of the same ground.")
    model = max(models.values(), key=lambda model: model.num_reg_images())

    # GPS, as the cameras wrote it, in metres east, north and up of the first photo.
    with pycolmap.Database.open(database) as opened:
        names_by_id = {image.image_id: image.name for image in opened.read_all_images()}
        said = {names_by_id[prior.corr_data_id.id]: prior.position for prior in opened.read_all_pose_priors() if prior.has_position()}
    placed = {image.name: image for image in model.images.values() if image.has_pose}
    known = sorted(name for name in placed if name in said)
    if len(known) < 3:
        raise CannotDo("input_error", f"Only {len(known)} of the placed photos have a position, and three are needed.")
    origin, gps = said[known[0]], pycolmap.GPSTransform()
    metres = gps.ellipsoid_to_enu(numpy.array([said[name] for name in known]), *origin)
    ransac = pycolmap.RANSACOptions()
    ransac.max_error = 5.0  # metres
    moved = pycolmap.align_reconstruction_to_locations(model, known, metres, 3, ransac)
    if moved is None:
        raise CannotDo("input_error", "What the photos show and where they say they were do not go together.")
    model.transform(moved)
    job.at(850, "writing results")
    centres = {name: image.projection_center() for name, image in sorted(placed.items())}
    places = dict(zip(centres, gps.enu_to_ellipsoid(numpy.array(list(centres.values())), *origin)))
    off = [numpy.linalg.norm(centres[name] - place) for name, place in zip(known, metres)]

    with open(results / "cameras.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["photo", "latitude", "longitude", "altitude", "points"])
        for name, (latitude, longitude, altitude) in places.items():
            table.writerow([names[name], f"{latitude:.9f}", f"{longitude:.9f}", f"{altitude:.3f}", placed[name].num_points3D])
    features = [
        {"type": "Feature", "properties": {"photo": names[name]}, "geometry": {"type": "Point", "coordinates": [place[1], place[0], place[2]]}}
        for name, place in places.items()
    ]
    (results / "cameras.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    model.export_PLY(results / "points.ply")
    report = {
        "photos": len(names), "placed": len(places), "not_placed": sorted(names[name] for name in names if name not in placed),
        "points": model.num_points3D(), "reprojection_error_px": round(model.compute_mean_reprojection_error(), 3),
        "off_gps_m": {"rms": round(float(numpy.sqrt(numpy.mean(numpy.square(off)))), 3), "max": round(float(max(off)), 3)},
        "colmap": pycolmap.__version__,
    }
    (results / "report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    job.log(json.dumps(report))
    roles = {"cameras.csv": "index", "cameras.geojson": "index", "points.ply": "point_cloud", "report.json": "report"}
    return [(results / name, role) for name, role in roles.items()]


def work(job):
    """Does a job; how many results there are."""
    with tempfile.TemporaryDirectory(prefix="engine-colmap-") as folder:
        folder, names = pathlib.Path(folder), {}
        (folder / "photos").mkdir()
        job.at(0, "fetching photos")
        for item in job.inputs():
            if item["path"].lower().endswith(PHOTOS):
                # A name of ours: a path of a dataset never becomes one of this machine.
                name = f"{item['number']:06}{pathlib.PurePosixPath(item['path']).suffix.lower()}"
                names[name] = item["path"]
                job.fetch(item, folder / "photos" / name)
        if len(names) < 3:
            raise CannotDo("input_error", f"There are {len(names)} photos, and three are needed.")
        files = reconstruct(job, folder, names)
        job.at(950, "sending results")
        job.send(files)
        return len(files)


def carry_out(job):
    """Does a job, or says why not; what became of it."""
    try:
        end, body = "complete", {"outputs": work(job)}
    except CannotDo as problem:
        end, body = "fail", {"kind": problem.kind, "message": str(problem)}
    except Exception as problem:  # Whatever COLMAP throws; what it throws when it was told to stop is no failure.
        end, body = "fail", {"kind": "app_error", "message": f"{type(problem).__name__}: {problem}"}
        if job.ended or isinstance(problem, ConnectionError):
            end, body = "release", {}
    try:
        return "lost" if job.ended == "lost" else job.say(end, **body)["state"]
    except (Ended, CannotDo, ConnectionError) as problem:
        return f"lost {problem}"
    finally:
        job.over.set()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default=os.environ.get("COMMONHOLD_SERVER", "http://localhost:3000"))
    parser.add_argument("--app", action="append", required=True, help="the slug of an app; several times for several")
    parser.add_argument("--heartbeat", type=int, default=15, help="seconds between two signs of life, at most")
    parser.add_argument("--once", action="store_true", help="end after one job")
    args = parser.parse_args()
    key = (os.environ["COMMONHOLD_CLIENT_ID"], os.environ["COMMONHOLD_CLIENT_SECRET"])

    # Photogrammetry runs for minutes outside of Python, which would not be told of a signal until then. So a thread waits for it.
    stop, current = threading.Event(), []

    def wait_for_signal():
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        stop.set()
        for job in current:
            job.end("stopped")

    threading.Thread(target=wait_for_signal, daemon=True).start()
    token = None
    while not stop.is_set():
        try:
            if token is None:
                answer = requests.post(f"{args.server}/oauth/token", auth=key, data={"grant_type": "client_credentials"}, timeout=60)
                if answer.status_code in (400, 401):
                    sys.exit("The client ID or the client secret is wrong.")
                answer.raise_for_status()
                token = answer.json()["access_token"]
            # What it brings is given back where we are to stop meanwhile, so it waits for a few seconds only.
            claim = {"apps": args.app, "wait": 10}
            answer = requests.post(f"{args.server}/api/v1/engine/claim", json=claim, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        except requests.RequestException as problem:
            print(f"{args.server} does not answer: {problem}", flush=True)
            stop.wait(5)
            continue
        if answer.status_code == 401:
            token = None  # It works for an hour.
        elif answer.status_code == 200:
            job = Job(args.server, answer.json(), args.heartbeat)
            current[:] = [job]
            if stop.is_set():
                job.end("stopped")
            print(f"Job {job.id}: {job.claimed['dataset_name']}", flush=True)
            print(f"Job {job.id}: {carry_out(job)}", flush=True)
            current.clear()
            if args.once:
                return
        elif answer.status_code != 204:
            print(answer.text, flush=True)
            if answer.status_code < 500:
                sys.exit(1)
            stop.wait(5)


if __name__ == "__main__":
    main()
