"""Knows what every deed of the soak's agents writes, says and must come to. Unaware of who does it.

A deed is one way for an agent to behave in one attempt. What it writes depends on task and agent
alone, so that work done again is the same work.
"""
import hashlib
import os

AGENTS = ("text", "json", "jsonl")

# By deed: the files that are there at its end, and how an attempt ends that does it:
# a verdict of a success, or the causes that a failure may be told by.
DEEDS = {
    "good": ("abcd", "changed"), "small": ("a", "changed"), "reset": ("ab", "changed"),
    "merge": ("amn", "changed"), "unlink": ("a", "changed"), "setsid": ("a", "changed"),
    "fork": ("a", "changed"), "closes": ("a", "changed"), "huge": ("a", "changed"),
    "halfline": ("a", "changed"), "untold": ("a", "changed"), "clash": ("a", "changed"),
    "mended": ("ab", "changed"), "answer": ("", "answered"), "declared": ("", "unchanged"),
    "claim": ("", ("empty",)), "exit": ("a", ("exitCode",)), "crash": ("a", ("killedBySignal",)),
    "torn": ("a", ("incomplete",)), "hang": ("a", ("timedOut",)), "idle": ("a", ("idle",)),
    "deaf": ("a", ("timedOut",)), "costly": ("a", ("exitCode",)), "refused": ("a", ("rejected",)),
    "escape": ("a", ("escaped",)),
}
GOOD = ("good", "good", "good", "small", "small", "reset", "merge", "unlink", "setsid", "fork")
BAD = ("exit", "crash", "hang", "idle", "deaf")


def succeeds(deed):
    return isinstance(DEEDS[deed][1], str)


def path(task, agent, name):
    return f"w/{task}/{agent}/{name}"


def content(task, agent, name):
    """The bytes of one file; some are longer than a pipe's buffer, some are no text."""
    seed = hashlib.sha256(f"{task}/{agent}/{name}".encode()).digest()
    head = f"{task} {agent} {name}\n".encode()
    return head + (seed * (seed[0] * 12) if seed[1] < 40 else head * (seed[0] % 30))


def blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def files(task, agent, deed):
    """Paths and blobs of what the deed leaves."""
    found = {path(task, agent, name): blob(content(task, agent, name)) for name in DEEDS[deed][0]}
    if deed == "clash":
        found["w/clash"] = blob(content(task, agent, "clash"))
    return found


def dollars(task, agent):
    """What an attempt says that it cost: a sum of these has no rounding. None: it does not say."""
    return None if agent == "text" else (1 + hashlib.sha256(f"{task}{agent}".encode()).digest()[0]) / 1024


def ledger_line(ledger, line):
    """One line in one write, so that those of agents side by side do not mix."""
    descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.write(descriptor, line.encode() + b"\n")
    os.close(descriptor)
