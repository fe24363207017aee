"""Real agents within a write fence: a whole session works there, and goes on in a second one.

Knows what a fenced session must be able to do.  Unaware of how the fence is made.
"""
import os
from lab import check

# Without a capability root cannot make the user namespace in which codex's own sandbox begins: as root
# codex cannot write within a fence, and must not be said to have worked.
CODEX_WORKS = os.getuid() != 0
NAMES = ("claude", "codex", "vibe") if CODEX_WORKS else ("claude", "vibe")

# The first work is refused by its verification, so that the session goes on in a second fence.
DEED = ("echo done > shell.txt; echo x > \"$HOME/out-of-bounds\"; "
        "printf '%s[run echo m > mended.txt]%s' '[' ']' > say-so.txt")
PLAN = {
    "name": "fenced", "base": "main", "concurrency": 3,
    "agents": {
        "claude": {"runner": "claude", "model": "claude-fake-1"},
        "codex": {"runner": "codex", "model": "gpt-5.5"},
        "vibe": {"runner": "vibe"},
    },
    "defaults": {"timeout": "60s", "retry": {"attempts": 1}, "expect": "changes", "sandbox": "write-fence"},
    "tasks": [
        {"id": f"fenced-{name}", "agent": name, "repair": 1,
         "verify": ["test -s mended.txt || { cat say-so.txt; false; }"],
         "prompt": f"Be fenced, {name}. [[write plain.txt plain\\n]] [[run {DEED}]] [[say First.]]"}
        for name in NAMES
    ] + [
        {"id": "hindered", "agent": "codex", "prompt": "Be hindered. [[run echo x > x.txt]] [[say All good!]]"}
        for _ in range(not CODEX_WORKS)],
}


def examine(tasks, events, lab):
    for name in NAMES:
        id = f"fenced-{name}"
        task = tasks[id]
        check(task["state"] == "completed", f"{id}: completed ({task['state']} {task.get('message')})")
        check(task["attempts"] == 2, f"{id}: it went on after a refusal ({task['attempts']} attempts)")
        if task["state"] == "completed":
            held = lab.git("diff", "--name-only", "main", task["branch"]).split()
            wanted = ["mended.txt", "plain.txt", "say-so.txt", "shell.txt"]
            check(held == wanted, f"{id}: what it wrote through its tools is there {held}")
        known = {e.get("sessionId") for e in events if e["kind"] == "attemptFinished" and e["task"] == id}
        check(len(known) == 1 and None not in known, f"{id}: both in one session {known}")
    if not CODEX_WORKS:
        hindered = tasks["hindered"]
        check((hindered["state"], hindered.get("verdict")) == ("failed", "empty"),
              f"hindered: it claims success, and nothing came of it ({hindered['state']} {hindered.get('verdict')})")
    check(not (lab.top / "home" / "out-of-bounds").exists(), "nothing was written outside of the fences")
