"""A plugin that misbehaves as its first argument says."""

import json
import os
import sys
import time

MODE = sys.argv[1]
ECHO = {"point": "dependency", "name": "echo"}


def send(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def expansion(value):
    return {"values": [value]}


def fork(detached):
    if os.fork() == 0:
        if detached:
            os.setsid()
            if os.fork() != 0:
                os._exit(0)
        time.sleep(1000)
        os._exit(0)


def call(request):
    """Answers a call, or does not."""
    identity = request["id"]
    params = request["params"]
    config = params.get("config")
    if MODE == "hang":
        print("thinking about it", file=sys.stderr, flush=True)
        time.sleep(1000)
    elif MODE == "slow":
        time.sleep(config)
    elif MODE == "rubbish":
        send(id=identity, result=expansion(1), extra=True)
        return
    elif MODE == "no-json":
        print('{"jsonrpc": "2.0", "id": 2,', flush=True)
    elif MODE == "print":
        print("hello from a stray print", flush=True)
    elif MODE == "bytes":
        sys.stdout.buffer.write(b"\xff\xfe\n")
        sys.stdout.flush()
    elif MODE == "twice":
        line = json.dumps({"jsonrpc": "2.0", "id": identity, "result": expansion(1)}) + "\n"
        sys.stdout.write(line * 2)
        sys.stdout.flush()
        return
    elif MODE == "unknown-id":
        send(id=4711, result=expansion(1))
    elif MODE == "flood-stdout":
        while True:
            sys.stdout.write("x" * 65536)
    elif MODE == "flood-stderr":
        for _ in range(300):
            sys.stderr.write("y" * 65536)
        sys.stderr.write("\n")
        for number in range(100_000):
            sys.stderr.write(f"line {number}\n")
    elif MODE == "die" or (MODE == "die-once" and not os.path.exists(config)):
        if MODE == "die-once":
            open(config, "w").close()
        print("I cannot go on", file=sys.stderr, flush=True)
        os._exit(7)
    elif MODE == "kill":
        os.kill(os.getpid(), 9)
    elif MODE == "close":
        os.close(1)
        time.sleep(1000)
    elif MODE == "shape":
        send(id=identity, result={"globs": "**"})
        return
    elif MODE == "surplus-field":
        send(id=identity, result={"globs": [], "glob": []})
        return
    elif MODE == "error":
        data = {"code": "INVALID_CONFIG", "path": "/path"}
        send(id=identity, error={"code": -32000, "message": "no such tree", "data": data})
        return
    elif MODE == "unknown-method":
        send(id=identity, error={"code": -32601, "message": "no"})
        return
    elif MODE in ("children", "children-die"):
        fork(detached=False)
        fork(detached=True)
        time.sleep(0.1)
        if MODE == "children-die":
            os._exit(1)
    elif MODE == "memory":
        held = []
        while True:
            # Asked for and not touched: what was asked for counts.
            held.append(bytes(16 << 20))
    elif MODE in ("ask-and-stay", "ask-and-hang"):
        # The answers are more than fits into a pipe. The many are also more than wait to be served.
        size, count = (200_000, 2) if MODE == "ask-and-stay" else (1, 3000)
        for number in range(count):
            # An answer repeats the id.
            send(id=f"{number}" * size, method="host/memo", params={"key": 1})
        if MODE == "ask-and-stay":
            send(id=identity, result=expansion(config))
        time.sleep(1000)
    elif MODE == "run-many":
        for number in range(60):
            send(id=number, method="host/exec", params={"argv": ["x"]})
        for _ in range(60):
            sys.stdin.readline()
    elif MODE == "last-words":
        send(id=identity, result=expansion(config))
        for line in config["lines"]:
            print(line.replace("ID", str(identity)), flush=True)
        return
    elif MODE == "notification":
        send(method="$/gossip", params={})
    elif MODE == "look":
        send(id=identity, result={"values": [look(config)]})
        return
    send(id=identity, result=expansion(config))


def look(what):
    """What the system says to an attempt."""
    try:
        if "read" in what:
            with open(what["read"]) as file:
                return file.read()
        if "write" in what:
            with open(what["write"], "w") as file:
                return file.write("written")
        if "connect" in what:
            import socket

            with socket.socket() as client:
                client.settimeout(5)
                client.connect(("127.0.0.1", what["connect"]))
                return "connected"
        if "run" in what:
            import subprocess

            result = subprocess.run(what["run"], capture_output=True, text=True)
            return [result.returncode, result.stdout, result.stderr]
        if "environment" in what:
            return dict(os.environ)
        if "open" in what:
            return os.fstat(what["open"]).st_size
        if "kill" in what:
            return os.kill(what["kill"], 0)
    except OSError as error:
        import errno

        return errno.errorcode.get(error.errno, str(error))
    return None


def initialize(request):
    provides = [ECHO]
    protocol = 1
    if MODE == "hang-at-start":
        time.sleep(1000)
    elif MODE == "die-at-start":
        sys.exit("ModuleNotFoundError: No module named 'boto3'")
    elif MODE == "print-at-start":
        print("Welcome!", flush=True)
    elif MODE == "future":
        protocol = 2
    elif MODE == "future-error":
        send(id=request["id"], error={"code": -32001, "message": "3 to 5 are spoken here"})
        return
    elif MODE == "other-things":
        provides = [{"point": "dependency", "name": "tree"}]
    elif MODE == "more-things":
        provides = [ECHO, {"point": "hook", "name": "run.finished"}]
    send(id=request["id"], result={"protocol": protocol, "provides": provides})


if MODE == "deaf":
    time.sleep(1000)
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "initialize":
        initialize(message)
    elif message["method"] == "$/cancel":
        pass
    else:
        call(message)
if MODE == "stay":
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)
