import json
import sys
import time

fault = sys.argv[1]
if fault == "process.start":
    time.sleep(0.6)


def answer(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "$/cancel":
        if fault == "process.cancel":
            sys.exit("what is to be cancelled?")
        continue
    method, params, id = request["method"], request["params"], request.get("id")
    known = {"name", "payload"}
    provides = [{"point": "hook", "name": "run.finished"}]
    result = {}
    error = None
    if method == "initialize":
        if fault == "process.provides":
            provides.append({"point": "hook", "name": "env.activated"})
        result = {"protocol": 1, "provides": provides}
    elif method != "hook/event":
        if fault == "process.unknown-method":
            sys.exit(1)
        error = {"code": -32601, "message": "there is no such method"}
    elif fault == "process.newer-host" and not known.issuperset(params):
        error = {"code": -32602, "message": "there is a parameter too much"}
    elif fault == "process.stdout":
        print("how are you?")
    if error is None:
        answer({"jsonrpc": "2.0", "id": id, "result": result})
    else:
        answer({"jsonrpc": "2.0", "id": id, "error": error})

if fault == "process.end":
    time.sleep(3600)
