"""The fake NodeODM of the integration tests, kept honest: pyodm, the client that WebODM's authors maintain, works against it.

    python nodeodm.py TOOLS FOLDER
"""

import pathlib
import subprocess
import sys
import zipfile

import pyodm
from pyodm import Node, exceptions
from pyodm.types import TaskStatus
from support import check, free_port, say, wait_for

tools, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
photos = []
(folder / "photos").mkdir(parents=True, exist_ok=True)
for number in range(6):
    path = folder / "photos" / f"DJI_{number:04}.JPG"
    path.write_bytes(b"\xff\xd8\xff" + bytes([number]) * 300_000)
    photos.append(str(path))
(folder / "photos" / "geo.txt").write_text("EPSG:4326\n")
photos.append(str(folder / "photos" / "geo.txt"))


class Fake:
    def __init__(self, *quirks):
        self.port = free_port()
        self.process = subprocess.Popen([tools, "node", f"127.0.0.1:{self.port}", *quirks], stdout=subprocess.DEVNULL)
        wait_for(f"http://127.0.0.1:{self.port}/auth/info")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def refused(work):
    try:
        work()
    except exceptions.OdmError as error:
        return f"{type(error).__name__}: {error}"
    return ""


say("pyodm against the fake node")
with Fake("token=s3cret", "drops_uploads=2", "takes_ms=3000", "max_images=10") as fake:
    node = Node("127.0.0.1", fake.port, "s3cret")
    info = node.info()
    check((info.engine, info.max_images, info.task_queue_count) == ("odm", 10, 0), f"info is read: {info.version}, {info.engine}")
    check(node.version_greater_or_equal_than("1.4.0"), "its version takes images one by one")
    options = {option.name: option for option in node.options()}
    check(options["orthophoto-resolution"].type == "float" and options["dsm"].domain == "bool", f"{len(options)} options are read")
    wrong = Node("127.0.0.1", fake.port, "wrong")
    check("Invalid authentication token" in refused(wrong.info), "a wrong token is an error, though its status is 200")
    check("quality" in refused(lambda: node.create_task(photos, {"quality": "best"})), "so is a value that an option does not take")
    uuid = "01234567-89ab-7cde-8f01-23456789abcd"
    seen = []
    task = node.create_task(
        photos, {"dsm": True, "tiles": 3}, "Dam", progress_callback=seen.append, task_uuid=uuid, parallel_uploads=2, retry_timeout=1
    )
    check(task.uuid == uuid and seen[-1] == 100, "a task is made under an id of ours, though two uploads were dropped")
    check("Invalid set-uuid" in refused(lambda: node.create_task(photos, task_uuid=uuid)), "and not twice")
    info = task.info()
    check((info.name, info.images_count) == ("Dam", 7), "it has each image once")
    check(info.status in (TaskStatus.QUEUED, TaskStatus.RUNNING), f"and is {info.status.name}")
    check({"name": "dsm", "value": True} in [vars(option) if not isinstance(option, dict) else option for option in info.options], "with our options")
    check(node.info().task_queue_count == 1, "the node counts it")
    check("status is" in refused(lambda: task.download_zip(str(folder))), "what is not done is not to be had")
    progress = []
    task.wait_for_completion(status_callback=lambda info: progress.append(info.progress), interval=0.3)
    check(progress == sorted(progress) and progress[-1] == 100, f"it is followed: {progress[:4]} …")
    lines = task.output()
    check(task.output(2) == lines[2:] and task.output(-1) == lines[-1:], f"{len(lines)} lines are read, from one on, and from the end")
    check(task.info(with_output=0).output == lines, "and with its state")
    archive = task.download_zip(str(folder))
    with zipfile.ZipFile(archive) as opened:
        check(opened.testzip() is None and "odm_orthophoto/odm_orthophoto.tif" in opened.namelist(), "its archive is whole")
    assets = folder / "assets"
    task.download_assets(str(assets))
    check((assets / "odm_report" / "report.pdf").read_bytes().startswith(b"%PDF"), "its assets are unpacked")
    check(task.restart() and task.info().status in (TaskStatus.QUEUED, TaskStatus.RUNNING), "it is restarted")
    check(task.cancel() and task.info().status == TaskStatus.CANCELED, "cancelled")
    check("already" in refused(task.cancel), "not cancelled twice")
    check(task.remove() and "not found" in refused(task.info), "removed, and forgotten")
    many = node.create_task_fallback(photos, {}, "At once")
    check(many.info().images_count == 7, "all in one request works as well")
    check("only process up to" in refused(lambda: node.create_task(photos * 2)), "too many images are refused")
with Fake("fails=Not enough memory", "takes_ms=200") as fake:
    task = Node("127.0.0.1", fake.port).create_task(photos[:1])
    check("FAILED" in refused(lambda: task.wait_for_completion(interval=0.1)), "a task fails")
    check(task.info().last_error == "Not enough memory", "and says why")
say(f"pyodm {getattr(pyodm, '__version__', '')} takes the fake for a node.")
