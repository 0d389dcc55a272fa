"""A cache that is a folder, and an environment that a command installs. It speaks the protocol by itself."""

import json
import os
import shutil
import sys


class Down(Exception):
    pass


def work(method, params):
    if method == "environment/describe":
        return {
            "changes": [],
            "installed_when": [".place/tool"],
            "after": [{"name": "install"}],
        }
    if method == "cache/open":
        folder = params["config"]["folder"]
        if os.path.exists(f"{folder}/down"):
            raise Down("the shelf has fallen down")
        return {"handle": folder}
    folder, items = params["handle"], params["items"]
    names = [f"{item['kind']}-{item['digest']}" for item in items]
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
        provides = [
            {"point": "cache", "name": "shelf"},
            {"point": "environment", "name": "place"},
        ]
        answer["result"] = {"protocol": 1, "provides": provides}
    else:
        try:
            answer["result"] = work(message["method"], message["params"])
        except Down as error:
            data = {"code": "TRANSIENT"}
            answer["error"] = {"code": -32000, "message": str(error), "data": data}
    print(json.dumps(answer), flush=True)
