#!/usr/bin/env python3
"""Runs ropewalk with the real claude, codex and vibe programs and checks that all accounts agree.

    run-lab.py --ropewalk PROGRAM --model-server FILE --agents FILE [--keep]

--model-server is a scripted model on loopback (its first line of output is its port, and
`GET /_requests` tells what it was asked); --agents holds lines LAB_CLAUDE=/path and so on.
Ten dependent tasks run over a repository of 3,000 files, then tasks that are limited, then four on
which several agents work together (strategies.py), then some within a fence (fence.py), then eight
that are ended in the midst and gone on with (crash.py). Afterwards the report, the journal, `git`
and the model's own account must tell one story, and nothing may be left running.
"""
import argparse, json, pathlib, shutil, subprocess, sys, tempfile, urllib.request
import crash, fence, strategies
from lab import PROBLEMS, Lab, check, sh


PLAN = {
    "name": "lab", "base": "main", "concurrency": 4,
    "agents": {
        "claude": {"runner": "claude", "model": "claude-fake-1"},
        "codex": {"runner": "codex", "model": "gpt-5.5"},
        "vibe": {"runner": "vibe"},
        # Another login of the same CLI: its limits put nobody else to sleep.
        "other": {"runner": "codex", "model": "gpt-5.5", "env": {"OPENAI_API_KEY": "sk-other"}},
    },
    "defaults": {"timeout": "90s", "retry": {"attempts": 1}},
    "tasks": [
        {"id": "model", "agent": "claude", "expect": "changes",
         "prompt": "Write the model. [[write model.txt users\\n]] [[run cp model.txt copy-of-model.txt]] "
                   "[[tokens 1200 40]] [[say The model has users.]]"},
        {"id": "api", "agent": "codex", "needs": ["model"], "expect": "changes",
         "prompt": "Build the API. The model said: {{needs.model.output}} "
                   "[[run cat model.txt > api-saw.txt]] [[write api.txt GET /users\\n]] "
                   "[[tokens 2000 60]] [[say The API lists users.]]"},
        {"id": "ui", "agent": "vibe", "needs": ["model"], "expect": "changes",
         "prompt": "Build the page. [[run cat model.txt > ui-saw.txt]] [[write ui.txt a page\\n]] "
                   "[[tokens 900 30]] [[say The page shows users.]]"},
        {"id": "docs", "agent": "claude", "needs": ["api", "ui"], "expect": "changes",
         "verify": ["test -s api.txt", ["grep", "-q", "page", "docs.txt"]],
         "prompt": "Write the docs. [[run cat api.txt ui.txt model.txt > docs.txt]] [[say Documented.]]"},
        {"id": "login", "agent": "claude", "prompt": "Log in. [[fail 401]]"},
        {"id": "limited", "agent": "other", "priority": 10,
         "prompt": "Wait your turn. [[fail 429 1]] [[run echo late > late.txt]] [[say Better late.]]"},
        {"id": "hang", "agent": "claude", "timeout": "6s",
         "prompt": "Hang. [[write half.txt half done\\n]] [[sleep 600]] [[say never]]"},
        {"id": "daemon", "agent": "vibe", "expect": "changes",
         "prompt": "Leave something running. "
                   "[[run setsid sh -c 'sleep 987' </dev/null >/dev/null 2>&1 & echo left > left.txt]] [[say Left.]]"},
        {"id": "after", "agent": "vibe", "needs": ["hang"], "prompt": "Never asked. [[say no]]"},
        {"id": "review", "agent": "codex", "needs": ["docs", "limited"], "expect": "answer",
         "prompt": "Review. [[run cat docs.txt late.txt]] [[tokens 3000 20]] [[say Looks right.]]"},
    ],
}

# Where nobody is to wait for a limit, whoever is limited fails, and so does who would have been next.
LIMITS = {
    "name": "limits", "base": "main", "concurrency": 1, "onLimit": "fail",
    "agents": {
        "codex": {"runner": "codex", "model": "gpt-5.5", "env": {"OPENAI_API_KEY": "sk-third"}},
        "claude": {"runner": "claude", "model": "claude-fake-1"},
    },
    "tasks": [
        {"id": "first", "agent": "codex", "prompt": "Be limited. [[fail 429]]"},
        {"id": "second", "agent": "codex", "prompt": "Nor asked. [[say no]]"},
        {"id": "free", "agent": "claude", "prompt": "Be free. [[say Free.]]"},
    ],
}


def main():
    options = argparse.ArgumentParser()
    for name in ("ropewalk", "model-server", "agents"):
        options.add_argument("--" + name, required=True)
    options.add_argument("--keep", action="store_true")
    options = options.parse_args()
    ropewalk = str(pathlib.Path(options.ropewalk).resolve())
    agents = dict(line.split("=", 1) for line in pathlib.Path(options.agents).read_text().splitlines())
    # Not below the usual temporary folder: codex keeps its sandbox out of there.
    top = pathlib.Path(tempfile.mkdtemp(prefix="ropewalk-lab-", dir=pathlib.Path.home()))
    server = subprocess.Popen([sys.executable, options.model_server, "--exit-with-parent"],
                              stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline())
    try:
        (top / "main").mkdir()
        lab = Lab(ropewalk, top / "main", agents, port)
        tasks, events, run = lab.run(PLAN, code=1)
        expect(tasks)
        agree_with_journal(tasks, events)
        agree_with_git(tasks, run, lab.repo, lab.env)
        agree_with_model(tasks, port)
        tasks, events, run = lab.run(LIMITS, code=1)
        limits(tasks, lab, port)
        tasks, events, run = lab.run(strategies.PLAN, code=0)
        strategies.examine(tasks, events, run, lab.git, check)
        if shutil.which("bwrap"):
            tasks, events, run = lab.run(fence.PLAN, code=0 if fence.CODEX_WORKS else 1)
            fence.examine(tasks, events, lab)
        lab.close()
        crash.examine(ropewalk, top, agents, options.model_server)
    finally:
        server.kill()
        if PROBLEMS or options.keep:
            print(f"kept: {top}")
        else:
            shutil.rmtree(top)
    print(f"{'lab failed' if PROBLEMS else 'lab passed'}: {len(PROBLEMS)} problems")
    raise SystemExit(1 if PROBLEMS else 0)


def expect(tasks):
    wanted = {
        "model": ("completed", "changed", None), "api": ("completed", "changed", None),
        "ui": ("completed", "changed", None), "docs": ("completed", "verified", None),
        "login": ("failed", None, "notLoggedIn"), "limited": ("completed", "changed", None),
        "hang": ("timedOut", None, "timedOut"), "daemon": ("completed", "changed", None),
        "after": ("skipped", None, None), "review": ("completed", "answered", None),
    }
    for id, (state, verdict, cause) in wanted.items():
        t = tasks[id]
        got = (t["state"], t.get("verdict"), t.get("cause"))
        check(got == (state, verdict, cause), f"{id}: {state}, {verdict}, {cause}: {got} {t.get('message')}")
    check(tasks["limited"]["attempts"] == 2, "limited: it waited, and lost its one try not by that")
    check(tasks["login"]["attempts"] == 1, "login: a refused login is not tried again")
    check("hang" in tasks["after"]["message"], "after: skipped, and the need is named")
    check("The API lists users." in tasks["api"]["output"], "api: its answer is its output")
    model = tasks["model"]
    check(model["cost"]["source"] == "reported" and model["cost"]["usd"] > 0, "model: claude reports its cost")
    # codex tells tokens and no money; gpt-5.5 costs 5, 0.5 (read from the cache) and 30 dollars a million.
    used, cost = tasks["api"]["tokens"], tasks["api"]["cost"]
    priced = (used["input"] * 5 + used["cacheRead"] * 0.5 + used["output"] * 30) / 1e6
    check(cost["source"] == "priced" and abs(cost["usd"] - priced) < 1e-9,
          f"api: codex's tokens are priced {cost} {priced}")
    check(tasks["ui"]["cost"]["source"] == "reported", "ui: vibe's result file tells its cost")
    check(tasks["ui"]["tokens"]["input"] == 900 * 3 and tasks["ui"]["tokens"]["output"] == 30 * 3,
          f"ui: three turns of 900 and 30 tokens ({tasks['ui']['tokens']})")


def asked(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_requests") as answer:
        return json.load(answer)


def limits(tasks, lab, port):
    got = {id: (task["state"], task.get("cause"), task["attempts"]) for id, task in tasks.items()}
    wanted = {"first": ("failed", "rateLimited", 1), "second": ("failed", "rateLimited", 0),
              "free": ("completed", None, 1)}
    check(got == wanted, f"limits: nobody waits, and another CLI does not mind {got}")
    check(not [r for r in asked(port) if "Nor asked." in r["prompt"]], "limits: a sleeper is not asked")
    book = json.loads((lab.state / "ropewalk" / "limits.json").read_text())["limits"]
    check([limit["account"].split("-")[0] for limit in book] == ["codex"], f"limits: one account is written down {book}")
    check(len(lab.asleep) == 1, f"limits: the status says who sleeps {lab.asleep}")


def agree_with_journal(tasks, events):
    ended = {e["task"]: e for e in events if e["kind"] == "taskFinished"}
    check(set(ended) == set(tasks), "every task has one taskFinished")
    for id, t in tasks.items():
        check(ended[id]["state"] == t["state"], f"{id}: journal and report agree on {t['state']}")
        tries = [e for e in events if e["kind"] == "attemptStarted" and e["task"] == id]
        check(len(tries) == t["attempts"], f"{id}: {t['attempts']} attempts in the journal")
    for id in ("model", "api", "ui"):
        calls = [e for e in events if e["kind"] == "agentToolCall" and e["task"] == id]
        check(len(calls) == 2, f"{id}: two tool calls were seen as two events ({len(calls)})")
    leftover = [e for e in events if e["kind"] == "attemptFinished" and e["task"] == "daemon"]
    check(leftover and leftover[0].get("leftovers", 0) >= 1, "daemon: what it left behind was found and ended")


def agree_with_git(tasks, run, repo, env):
    def show(branch, file):
        return subprocess.run(["git", "show", f"{branch}:{file}"], cwd=repo, env=env,
                              capture_output=True, text=True).stdout
    branches = sh("git", "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/ropewalk",
                  cwd=repo, env=env).split("\n")
    refs = dict(line.split() for line in branches if line)
    good = {id: t for id, t in tasks.items() if t["state"] == "completed"}
    check(set(refs) == {f"ropewalk/{run}/{id}" for id in good}, f"a branch for every result and no other {sorted(refs)}")
    for id, t in good.items():
        check(refs.get(t["branch"]) == t["commit"], f"{id}: branch and commit agree")
    check(show(good["api"]["branch"], "api-saw.txt") == "users\n", "api saw its need's work")
    check(show(good["ui"]["branch"], "ui-saw.txt") == "users\n", "ui saw its need's work")
    docs = show(good["docs"]["branch"], "docs.txt") if "docs" in good else ""
    check("GET /users" in docs and "a page" in docs and "users" in docs, "docs saw both of its needs, merged")
    for need in ("api", "ui"):
        if "docs" in good:
            code = subprocess.run(["git", "merge-base", "--is-ancestor", good[need]["commit"], good["docs"]["commit"]],
                                  cwd=repo, env=env).returncode
            check(code == 0, f"docs descends from {need}")
    hang = tasks["hang"]
    check(show(hang.get("ref") or "none", "half.txt") == "half done\n", "hang: its partial work is kept in a snapshot")
    log = sh("git", "log", "--all", "--format=%H", cwd=repo, env=env).split()
    check(all(t["commit"] in log for t in good.values()), "git log --all holds every result")


def agree_with_model(tasks, port):
    requests = asked(port)

    def of(words):
        return [r for r in requests if words in r["prompt"]]
    turns = {"Write the model.": 3, "Build the API.": 3, "Build the page.": 3, "Write the docs.": 2,
             "Leave something running.": 2, "Review.": 2}
    for words, count in turns.items():
        good = [r for r in of(words) if r["status"] == 200 and r.get("tools")]
        check(len(good) == count, f"the model was asked {count} times for `{words}` ({len(good)})")
    check(any(r["status"] == 401 for r in of("Log in.")), "the model refused the login with 401")
    statuses = [r["status"] for r in of("Wait your turn.")]
    check(statuses.count(429) == 1 and statuses.count(200) == 2, f"429 once, then two turns: {statuses}")
    check(not of("Never asked."), "the skipped task's prompt never reached the model")
    check(any("The model has users." in r["prompt"] for r in of("Build the API.")),
          "the need's answer was in the dependant's prompt")


main()
