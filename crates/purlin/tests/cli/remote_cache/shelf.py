"""The cache `shelf`: a folder, from the workspace's root. It speaks the protocol by itself, so that the tests are about the host.

Files in the folder make it misbehave: `down` (nothing works), `deaf` (nothing can be put), `slow` (putting takes
as many seconds as it says, or a minute). `calls` tells what it was asked, `starts` who was started.
"""

import json
import os
import shutil
import sys
import time


class Down(Exception):
    pass


root = ""


def work(method, params):
    if method == "cache/open":
        folder = os.path.join(root, params["config"]["folder"])
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/starts", "a") as file:
            file.write(f"{os.getpid()}\n")
        if os.path.exists(f"{folder}/down"):
            raise Down("the shelf has fallen down")
        return {"handle": folder}
    folder, items = params["handle"], params["items"]
    names = [f"{item['kind']}-{item['digest']}" for item in items]
    with open(f"{folder}/calls", "a") as file:
        file.write(f"{method} {len(items)} {' '.join(sorted({i['kind'] for i in items}))}\n")
    if os.path.exists(f"{folder}/down"):
        raise Down("the shelf has fallen down")
    if method == "cache/contains":
        return {"found": [os.path.exists(f"{folder}/{name}") for name in names]}
    if method == "cache/fetch":
        fetched = [os.path.lexists(f"{folder}/{name}") for name in names]
        for name, there in zip(names, fetched):
            if there:
                shutil.copyfile(f"{folder}/{name}", f"{params['dir']}/{name}")
        return {"fetched": fetched}
    if os.path.exists(f"{folder}/slow"):
        open(f"{folder}/putting", "w").close()
        with open(f"{folder}/slow") as file:
            time.sleep(float(file.read() or 60))
    if os.path.exists(f"{folder}/deaf"):
        raise Down("the shelf is full")
    for name in names:
        shutil.copyfile(f"{params['dir']}/{name}", f"{folder}/{os.getpid()}")
        os.rename(f"{folder}/{os.getpid()}", f"{folder}/{name}")
    return {}


for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    answer = {"jsonrpc": "2.0", "id": message["id"]}
    if message["method"] == "initialize":
        root = message["params"]["root"]
        provides = [{"point": "cache", "name": "shelf"}]
        answer["result"] = {"protocol": 1, "provides": provides}
    else:
        try:
            answer["result"] = work(message["method"], message["params"])
        except Down as error:
            data = {"code": "TRANSIENT"}
            answer["error"] = {"code": -32000, "message": str(error), "data": data}
    print(json.dumps(answer), flush=True)
