"""A Python client made from the OpenAPI document: it signs in with a credential key, and lists a folder.

    python check.py URL CLIENT_ID CLIENT_SECRET ORG FOLDER

FOLDER has the document as openapi.json; the client is made into it. Prints the names in the Drive.
"""

import importlib
import json
import pathlib
import re
import subprocess
import sys

url, client_id, client_secret, org, into = sys.argv[1:]
folder = pathlib.Path(into)
tool = pathlib.Path(sys.executable).with_name("openapi-python-client")
(folder / "config.yml").write_text("package_name_override: commonhold_client\nproject_name_override: commonhold-client\npost_hooks: []\n")
made = subprocess.run(
    [tool, "generate", "--path", "openapi.json", "--config", "config.yml", "--meta", "none", "--output-path", "commonhold_client", "--overwrite"],
    cwd=folder, capture_output=True, text=True, check=False,
)
# What it cannot make it leaves out with a warning. It knows neither ZIP files nor pictures nor maps nor the type of a piece of a tus upload,
# and nothing else may be left out.
said = made.stdout + made.stderr
left_out = re.findall(r"WARNING parsing ([^\n]+)\n+([^\n]*)", said)
known = ("Unsupported content_type application/zip", "Unsupported content_type image/jpeg", "Unsupported content_type image/tiff", "Unsupported content type application/offset+octet-stream")
unexpected = [one for one in left_out if not any(words in one[1] for words in known)]
if made.returncode != 0 or unexpected:
    sys.exit(f"the client could not be made:\n{said}")

sys.path.insert(0, str(folder))
client = importlib.import_module("commonhold_client")
token = importlib.import_module("commonhold_client.api.keys.post_oauth_token")
show = importlib.import_module("commonhold_client.api.organizations.get_orgs_org")
children = importlib.import_module("commonhold_client.api.drive.get_resources_id_children")
create = importlib.import_module("commonhold_client.api.drive.post_resources")
models = importlib.import_module("commonhold_client.models")

form = models.AccessTokenForm(grant_type="client_credentials", client_id=client_id, client_secret=client_secret)
answer = token.sync(client=client.Client(base_url=url), body=form)
assert isinstance(answer, models.AccessTokenBody), answer
signed_in = client.AuthenticatedClient(base_url=url, token=answer.access_token)
found = show.sync(org, client=signed_in)
root = found.accounts[0].root
made = create.sync(client=signed_in, body=models.NewResourceBody(parent=root, kind="folder", name="By Python"))
assert isinstance(made, models.ResourceBody), made
print(json.dumps([item.name for item in children.sync(root, client=signed_in, limit=10).items]))
