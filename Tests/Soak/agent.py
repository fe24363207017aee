"""Knows how to play one attempt of an agent, by its task's deeds. Unaware of plans and torments.

    agent.py FOLDER AGENT      run by ropewalk, with the attempt's marks in the environment

Every step is told to FOLDER/ledger.jsonl, outside of the repository, when it has been done: `start`;
`wrote` with the files that are whole; `acted` when nothing of the deed is missing but its end; `end`
with what was said of costs; and `overlap` when another attempt of the same work was met alive.
"""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from deeds import DEEDS, blob, content, dollars, files, ledger_line, path  # noqa: E402

HOME, AGENT = sys.argv[1:3]
TASK, ATTEMPT = os.environ["ROPEWALK_TASK"], int(os.environ["ROPEWALK_ATTEMPT"])
LEDGER = HOME + "/ledger.jsonl"


def tell(what, **more):
    ledger_line(LEDGER, json.dumps({"task": TASK, "attempt": ATTEMPT, "agent": AGENT, "what": what,
                                    "pid": os.getpid(), "at": time.time(), **more}))


def earlier():
    """What the ledger says of this task."""
    mark = json.dumps({"task": TASK})[:-1] + ","
    with open(LEDGER, "a+") as ledger:
        ledger.seek(0)
        return [json.loads(line) for line in ledger if line.startswith(mark)]


def is_alive(line):
    """Whether the program of an earlier attempt is still there: not its number, the very program."""
    try:
        with open(f"/proc/{line['pid']}/environ", "rb") as file:
            marks = file.read().split(b"\0")
    except OSError:
        return False
    return (f"ROPEWALK_TASK={line['task']}".encode() in marks
            and f"ROPEWALK_ATTEMPT={line['attempt']}".encode() in marks
            and f"ROPEWALK_RUN={os.environ['ROPEWALK_RUN']}".encode() in marks)


def write(names):
    told = {}
    for name in names:
        place = path(TASK, AGENT, name)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        data = content(TASK, AGENT, name)
        with open(place, "wb") as file:
            file.write(data)
        told[place] = blob(data)
    tell("wrote", files=told)


def git(*words):
    import subprocess
    subprocess.run(["git", "-c", "user.name=agent", "-c", "user.email=agent@example.org",
                    "-c", "gc.auto=0", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def commit(names, message):
    write(names)
    git("add", "-A", "--", *[path(TASK, AGENT, name) for name in names])
    git("commit", "-qm", message)


def leave_behind(forks):
    """A grandchild that sleeps on, in a session of its own or forked away twice."""
    if os.fork() == 0:
        if forks == "setsid" or os.fork() == 0:
            os.setsid()
            for descriptor in (0, 1, 2):
                os.close(descriptor)
            os.execvp("sleep", ["sleep", "987"])
        os._exit(0)


def say(text, deed):
    """The answer, in the agent's own form; returns what was said of costs."""
    told = None if deed == "untold" else dollars(TASK, AGENT)
    if deed == "closes":
        return None
    if AGENT == "text":
        out = text + "\n"
    else:
        value = {"type": "result", "text": text, "in": 10, "out": 5}
        if told is not None:
            value["usd"] = told
        out = json.dumps(value)
        if deed == "torn":
            out, told = out[:len(out) - 20], None
        elif deed != "halfline":
            out += "\n"
        if AGENT == "jsonl":
            out = json.dumps({"type": "message", "text": "at work"}) + "\n" + out
    sys.stdout.write(out)
    sys.stdout.flush()
    return told


def act(deed, pause):
    names = DEEDS[deed][0]
    if deed in ("good", "reset"):
        commit("a", "first")
        time.sleep(pause)
        commit("b", "second")
        if deed == "good":
            commit("c", "third")
            write("d")
        else:
            git("reset", "-q", "--mixed", "HEAD~1")
            commit("x", "thrown away")
            git("reset", "-q", "--hard", "HEAD~1")
            # `b` was committed, and goes with the hard reset as far as git tracked it again.
            write("b")
    elif deed == "merge":
        git("checkout", "-q", "--detach")
        commit("m", "one side")
        git("checkout", "-q", "--detach", "HEAD~1")
        commit("n", "other side")
        git("merge", "-q", "--no-commit", "--no-ff", "HEAD@{2}")
        write("a")
    else:
        time.sleep(pause)
        write(names)
    if deed == "clash":
        data = content(TASK, AGENT, "clash")
        with open("w/clash", "wb") as file:
            file.write(data)
        tell("wrote", files={"w/clash": blob(data)})
    if deed == "unlink":
        os.unlink(".git")
    if deed in ("setsid", "fork"):
        leave_behind(deed)
    if deed == "escape":
        with open(f"{HOME}/repo/escaped-{TASK}", "a") as file:
            file.write(f"outside in attempt {ATTEMPT}\n")
    if deed == "closes":
        for descriptor in (0, 1, 2):
            os.close(descriptor)
        time.sleep(pause)
    if deed == "huge":
        noise = (json.dumps({"type": "noise", "text": "x" * 900}) + "\n") * 200
        for _ in range(110):
            sys.stdout.write(noise)
    if deed == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def main():
    before = earlier()
    with open(f"{HOME}/deeds/{TASK}.json") as file:
        plan = json.load(file)
    mine = [line for line in before if plan["chain"] or line["agent"] == AGENT]
    done = sum(line["what"] == "acted" for line in before if line["agent"] == AGENT)
    deeds = plan["deeds"][AGENT]
    deed = deeds[min(done, len(deeds) - 1)]
    tell("start", deed=deed)
    ended = {line["attempt"] for line in mine if line["what"] == "end"}
    for line in mine:
        if line["what"] == "start" and line["attempt"] not in ended and is_alive(line):
            tell("overlap", other=line["attempt"])
    sys.stdin.read()
    pause = plan["pause"]
    act(deed, pause)
    time.sleep(pause)
    tell("acted")
    if deed in ("hang", "idle", "deaf"):
        while True:
            time.sleep(0.2 if deed == "hang" else 987)
            if deed == "hang":
                sys.stderr.write("still at it\n")
                sys.stderr.flush()
    if deed == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    words = {"declared": "I looked.\nno-change: all of it is there"}.get(deed, f"Did {deed} of {TASK}.")
    status = 7 if deed in ("exit", "costly") else 0
    told = None if deed == "exit" else say(words, deed)
    tell("end", usd=told, status=status)
    os._exit(status)


main()
