#!/usr/bin/env python3
"""Runs ropewalk with the real claude, codex and vibe programs and checks that all accounts agree.

    run-lab.py --ropewalk PROGRAM --model-server FILE --agents FILE [--keep]

--model-server is a scripted model on loopback (its first line of output is its port, and
`GET /_requests` tells what it was asked); --agents holds lines LAB_CLAUDE=/path and so on.
Ten dependent tasks run over a repository of 3,000 files, then four tasks on which several agents
work together (strategies.py). Afterwards the report, the journal, `git` and the model's own account
must tell one story, and nothing may be left running.
"""
import argparse, json, os, pathlib, shutil, subprocess, sys, tempfile, time, urllib.request, zlib
import strategies

FILES = 3000
PROBLEMS = []


def check(holds, what):
    print(("ok   " if holds else "FAIL ") + what, flush=True)
    if not holds:
        PROBLEMS.append(what)


def sh(*argv, cwd, env=None, code=0):
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode != code:
        raise SystemExit(f"{argv} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}")
    return done.stdout


def make_repository(path, env):
    path.mkdir()
    sh("git", "init", "-q", "-b", "main", cwd=path, env=env)
    for n in range(FILES):
        file = path / f"pkg{n % 60}" / f"file{n}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"file {n}\n" * (1 + n % 20))
    sh("git", "add", "-A", cwd=path, env=env)
    sh("git", "commit", "-qm", "base", cwd=path, env=env)


PLAN = {
    "name": "lab", "base": "main", "concurrency": 4,
    "agents": {
        "claude": {"runner": "claude", "model": "claude-fake-1"},
        "codex": {"runner": "codex", "model": "gpt-5.5"},
        "vibe": {"runner": "vibe"},
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
        {"id": "limited", "agent": "codex", "retry": {"attempts": 3, "backoff": "100ms"},
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


def environment(home, port, agents):
    bin = home / "bin"
    bin.mkdir(parents=True)
    for name in ("claude", "codex", "vibe"):
        (bin / name).symlink_to(agents["LAB_" + name.upper()])
    (home / ".codex").mkdir()
    (home / ".vibe").mkdir()
    (home / "tmp").mkdir()
    (home / ".codex" / "config.toml").write_text(f"""
model_provider = "fake"
check_for_update_on_startup = false
[features]
plugins = false
[analytics]
enabled = false
[model_providers.fake]
name = "fake"
base_url = "http://127.0.0.1:{port}/v1"
env_key = "FAKE_LLM_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
""")
    (home / ".vibe" / "config.toml").write_text(f"""
active_model = "fake-1"
api_retry_max_elapsed_time = 3.0
enable_telemetry = false
enable_otel = false
enable_update_checks = false
enable_auto_update = false
enable_notifications = false
enable_connectors = false
enable_mcp = false
[[providers]]
name = "fake"
api_base = "http://127.0.0.1:{port}/v1"
api_key_env_var = "FAKE_LLM_KEY"
api_style = "openai"
backend = "generic"
[[models]]
name = "fake-1"
provider = "fake"
alias = "fake-1"
input_price = 1.0
output_price = 2.0
""")
    return {
        "PATH": f"{bin}:{os.environ['PATH']}", "HOME": str(home), "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8", "USER": "lab", "SHELL": "/bin/bash",
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "lab", "GIT_AUTHOR_EMAIL": "lab@example.org",
        "GIT_COMMITTER_NAME": "lab", "GIT_COMMITTER_EMAIL": "lab@example.org",
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}", "ANTHROPIC_API_KEY": "sk-fake",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_MAX_RETRIES": "1",
        "CODEX_HOME": str(home / ".codex"), "FAKE_LLM_KEY": "sk-fake",
        "VIBE_HOME": str(home / ".vibe"), "VIBE_TEST_DISABLE_KEYRING": "1",
        "ROPEWALK_TEST_TAG": f"lab-{os.getpid()}",
    }


def tagged(tag):
    """Processes that carry our mark, whoever their parent is."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"ROPEWALK_TEST_TAG={tag}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry.name, (entry / "cmdline").read_bytes().replace(b"\0", b" ")))
            except OSError:
                pass
    return found


def read_journal(path):
    """Every line, its checksum recomputed here."""
    events = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        body, sum = line[:-18], line[-10:-2]
        check_sum = b"%08x" % zlib.crc32(body)
        if sum != check_sum:
            check(False, f"journal line {number} has its checksum")
        events.append(json.loads(line))
    return events


def fingerprint(repo, env):
    listing = sh("git", "ls-files", "-s", cwd=repo, env=env)
    return (sh("git", "rev-parse", "HEAD", cwd=repo, env=env), listing,
            sh("git", "status", "--porcelain", cwd=repo, env=env),
            (repo / ".git" / "config").read_bytes(),
            sorted(p.name for p in (repo / ".git" / "hooks").iterdir()))


class Lab:
    """The program and the repository in which it runs plans."""
    def __init__(self, ropewalk, repo, env, top):
        self.ropewalk, self.repo, self.env, self.top = ropewalk, repo, env, top
        self.runs = []

    def run(self, plan, code):
        """Runs a plan and checks what holds for every run. Returns its tasks by id, its events and its name."""
        file = self.top / (plan["name"] + ".json")
        file.write_text(json.dumps(plan, indent=1))
        begun = time.monotonic()
        done = subprocess.run([self.ropewalk, "run", str(file), "--json"], cwd=self.repo, env=self.env,
                              capture_output=True, text=True, timeout=300)
        print(f"the run `{plan['name']}` took {time.monotonic() - begun:.1f} s", flush=True)
        left = tagged(self.env["ROPEWALK_TEST_TAG"])
        check(not left, f"no process is left {left or ''}")
        check(done.returncode == code, f"exit status {code} ({done.returncode})")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if not lines:
            raise SystemExit(f"the run printed no events: {done.stderr[-2000:]}")
        last = lines[-1]
        check(last["kind"] == "runFinished", "the last line is runFinished")
        run, status = last["run"], last["status"]
        self.runs.append((run, {t["id"] for t in status["tasks"]}))
        shown = json.loads(sh(self.ropewalk, "status", run, "--json", cwd=self.repo, env=self.env))
        check(shown == status, "status --json equals the report in the last event")
        events = read_journal(self.repo / ".git" / "ropewalk" / "runs" / run / "journal.jsonl")
        check(events == lines, "the journal's lines are the lines that were printed")
        check([e["seq"] for e in events] == list(range(1, len(events) + 1)), "events are numbered without a gap")
        return {t["id"]: t for t in status["tasks"]}, events, run

    def check_worktrees(self):
        """Every worktree that git knows is there and belongs to a task of ours, and no other folder is there."""
        top = self.repo / ".ropewalk" / "worktrees"
        listed = {line.split(" ", 1)[1] for line in sh("git", "worktree", "list", "--porcelain", cwd=self.repo,
                  env=self.env).splitlines() if line.startswith("worktree ")} - {str(self.repo)}
        there = {str(folder) for run in top.iterdir() for folder in run.iterdir()}
        check(listed == there, f"git's worktrees are the folders that are there {sorted(listed ^ there)}")
        ours = {str(top / run) + "/" + task for run, tasks in self.runs for task in tasks}
        strange = {path for path in there if path.split("@")[0] not in ours}
        check(not strange, f"every worktree is a task's {sorted(strange)}")


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
        env = environment(top / "home", port, agents)
        repo = top / "repo"
        make_repository(repo, env)
        before = fingerprint(repo, env)
        lab = Lab(ropewalk, repo, env, top)
        tasks, events, run = lab.run(PLAN, code=1)
        expect(tasks)
        agree_with_journal(tasks, events)
        agree_with_git(tasks, run, repo, env)
        agree_with_model(tasks, port)
        tasks, events, run = lab.run(strategies.PLAN, code=0)
        strategies.examine(tasks, events, run, lambda *words: sh("git", *words, cwd=repo, env=env), check)
        lab.check_worktrees()
        check(fingerprint(repo, env) == before, "the user's checkout, index, HEAD, config and hooks are untouched")
        check("error" not in sh("git", "fsck", "--no-dangling", cwd=repo, env=env), "git fsck passes")
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
    check(tasks["limited"]["attempts"] == 2, "limited: the second attempt succeeded")
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
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_requests") as answer:
        asked = json.load(answer)

    def of(words):
        return [r for r in asked if words in r["prompt"]]
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
