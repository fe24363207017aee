"""What every part of the lab stands on: a repository, real agents' settings, checks, and how a run is looked at.

Knows what must hold after any run.  Unaware of plans.
"""
import json, os, pathlib, subprocess, time, zlib

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


def make_repository(path, env, files=FILES):
    path.mkdir()
    sh("git", "init", "-q", "-b", "main", cwd=path, env=env)
    for n in range(files):
        file = path / f"pkg{n % 60}" / f"file{n}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"file {n}\n" * (1 + n % 20))
    sh("git", "add", "-A", cwd=path, env=env)
    sh("git", "commit", "-qm", "base", cwd=path, env=env)


def environment(home, port, agents):
    bin = home / "bin"
    bin.mkdir(parents=True)
    for name in ("claude", "codex", "vibe"):
        (bin / name).symlink_to(agents["LAB_" + name.upper()])
    (home / ".codex").mkdir()
    (home / "state-of-vibe").mkdir()
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
    (home / "state-of-vibe" / "config.toml").write_text(f"""
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
        "VIBE_HOME": str(home / "state-of-vibe"), "VIBE_TEST_DISABLE_KEYRING": "1",
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
    def __init__(self, ropewalk, top, agents, port, files=FILES):
        self.ropewalk, self.top, self.repo, self.state = ropewalk, top, top / "repo", top / "state"
        # What limits an agent in one place must not put those of another to sleep.
        self.env = environment(top / "home", port, agents) | {
            "XDG_STATE_HOME": str(self.state), "ROPEWALK_TEST_TAG": f"lab-{os.getpid()}-{top.name}"}
        make_repository(self.repo, self.env, files)
        self.before = fingerprint(self.repo, self.env)
        self.runs = []

    def git(self, *words):
        return sh("git", *words, cwd=self.repo, env=self.env)

    def run(self, plan, code):
        """Runs a plan and checks what holds for every run. Returns its tasks by id, its events and its name."""
        file = self.top / (plan["name"] + ".json")
        file.write_text(json.dumps(plan, indent=1))
        begun = time.monotonic()
        done = subprocess.run([self.ropewalk, "run", str(file), "--json"], cwd=self.repo, env=self.env,
                              capture_output=True, text=True, timeout=300)
        print(f"the run `{plan['name']}` took {time.monotonic() - begun:.1f} s", flush=True)
        check(done.returncode == code, f"exit status {code} ({done.returncode})")
        return self.look(done.stdout, done.stderr)

    def look(self, printed, words, isWhole=True):
        """Checks a run that has come to its end by what was printed of it, or of its last part."""
        left = tagged(self.env["ROPEWALK_TEST_TAG"])
        check(not left, f"no process is left {left or ''}")
        lines = [json.loads(line) for line in printed.splitlines()]
        if not lines:
            raise SystemExit(f"the run printed no events: {words[-2000:]}")
        last = lines[-1]
        check(last["kind"] == "runFinished", "the last line is runFinished")
        run, status = last["run"], last["status"]
        self.runs.append((run, {t["id"] for t in status["tasks"]}))
        shown = json.loads(sh(self.ropewalk, "status", run, "--json", cwd=self.repo, env=self.env))
        # Who sleeps by now is no part of the run.
        self.asleep = shown.pop("asleep", [])
        check(shown == status, "status --json equals the report in the last event")
        events = read_journal(self.folder(run) / "journal.jsonl")
        told = events if isWhole else events[-len(lines):]
        check(told == lines, "the journal's lines are the lines that were printed")
        check([e["seq"] for e in events] == list(range(1, len(events) + 1)), "events are numbered without a gap")
        return {t["id"]: t for t in status["tasks"]}, events, run

    def folder(self, run):
        return self.repo / ".git" / "ropewalk" / "runs" / run

    def close(self):
        """Checks what holds when all runs are over."""
        self.check_worktrees()
        check(fingerprint(self.repo, self.env) == self.before,
              "the user's checkout, index, HEAD, config and hooks are untouched")
        check("error" not in self.git("fsck", "--no-dangling"), "git fsck passes")

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
