"""Knows the scratch repository, the environment and the files of one soak. Unaware of what is checked there."""
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time
import zlib


class Place:
    """A folder with a repository, a state of its own and a tag that every process of the soak carries."""

    def __init__(self, top, ropewalk):
        self.top, self.ropewalk = top, ropewalk
        self.repo, self.ledger_file = top / "repo", top / "ledger.jsonl"
        self.tag = f"soak-{os.getpid()}-{top.name}"
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(top / "home"), "TMPDIR": str(top / "tmp"), "LANG": "C.UTF-8",
            "XDG_STATE_HOME": str(top / "state"), "XDG_CONFIG_HOME": str(top / "config"),
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "soak", "GIT_AUTHOR_EMAIL": "soak@example.org",
            "GIT_COMMITTER_NAME": "soak", "GIT_COMMITTER_EMAIL": "soak@example.org",
            "ROPEWALK_TEST_TAG": self.tag,
        }
        for name in ("home", "tmp", "state", "config", "repo/src"):
            (top / name).mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        for number in range(20):
            (self.repo / "src" / f"{number}.txt").write_text(f"line {number}\n" * 50)
        self.git("add", "-A")
        self.git("commit", "-qm", "first")
        (self.repo / ".git" / "hooks" / "post-checkout").write_text("#!/bin/sh\nexit 1\n")
        (self.repo / "src" / "0.txt").write_text("changed by the user\n")
        (self.repo / "staged.txt").write_text("staged by the user\n")
        self.git("add", "staged.txt")
        self.before = self.fingerprint()
        self.run = None
        self.forget()

    # MARK: - Programs

    def git(self, *words, input=None):
        done = subprocess.run(["git", *words], cwd=self.repo, env=self.env, input=input, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"git {' '.join(words)[:200]}: {done.stderr}")
        return done.stdout

    def ask(self, *words, timeout=60):
        """A short command of ropewalk's: exit status, stdout, stderr."""
        done = subprocess.run([self.ropewalk, *words], cwd=self.repo, env=self.env, capture_output=True, text=True,
                              timeout=timeout)
        return done.returncode, done.stdout, done.stderr

    def start(self, name, *words):
        """A command of ropewalk's that goes on; what it prints goes to files of that name."""
        with open(self.top / f"{name}.out", "wb") as out, open(self.top / f"{name}.err", "wb") as err:
            return subprocess.Popen([self.ropewalk, *words], cwd=self.repo, env=self.env, stdout=out, stderr=err,
                                    stdin=subprocess.DEVNULL, start_new_session=True)

    # MARK: - Files

    @property
    def folder(self):
        return self.repo / ".git" / "ropewalk" / "runs" / self.run

    def find_run(self):
        runs = self.repo / ".git" / "ropewalk" / "runs"
        names = sorted(path.name for path in runs.iterdir()) if runs.is_dir() else []
        self.run = names[-1] if names else None
        return self.run

    def forget(self):
        """The journal will be read from its beginning again."""
        self.lines, self.offset, self.events, self.wrong = 0, 0, [], []

    def journal(self):
        """Every event but what agents said, checksums recomputed here, and what was wrong with any line.

        What was read once is not read again: that it is still the same is looked at by the audit.
        """
        path = self.folder / "journal.jsonl"
        data = b""
        if path.exists():
            with open(path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
        for line in data.split(b"\n")[:-1]:
            self.offset += len(line) + 1
            self.lines += 1
            body, sum = line[:-18], line[-10:-2]
            if sum != b"%08x" % zlib.crc32(body):
                self.wrong.append(f"line {self.lines} does not have its checksum")
                continue
            if not line.startswith(b'{"seq":%d,' % self.lines):
                self.wrong.append(f"line {self.lines} has another number: {line[:40]}")
            if b'"kind":"agentMessage"' not in line[:120]:
                self.events.append(json.loads(line))
        return self.events, self.wrong

    def ledger(self):
        if not self.ledger_file.exists():
            return []
        return [json.loads(line) for line in self.ledger_file.read_text().splitlines()]

    def book(self):
        path = self.top / "state" / "ropewalk" / "spending.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line]

    def fingerprint(self):
        """What of the user's must never change."""
        git = self.repo / ".git"
        found = {"HEAD": (git / "HEAD").read_bytes(), "index": (git / "index").read_bytes(),
                 "config": (git / "config").read_bytes(), "main": self.git("rev-parse", "main")}
        for file in sorted((git / "hooks").iterdir()):
            found[f"hooks/{file.name}"] = (file.read_bytes(), file.stat().st_mode)
        for file in sorted(self.repo.rglob("*")):
            part = file.relative_to(self.repo).parts[0]
            is_ours = part in (".git", ".ropewalk") or part.startswith("escaped-")
            if not is_ours and file.is_file():
                found[str(file)] = (hashlib.sha1(file.read_bytes()).hexdigest(), file.stat().st_mode)
        return found

    # MARK: - Processes

    def processes(self):
        """Those that carry the tag, whoever their parent is: number, environment, arguments."""
        mark, found = f"ROPEWALK_TEST_TAG={self.tag}".encode(), []
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    variables = file.read().split(b"\0")
                if mark not in variables:
                    continue
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().decode(errors="replace").split("\0")[:-1]
            except OSError:
                continue
            values = dict(v.decode(errors="replace").split("=", 1) for v in variables if b"=" in v)
            found.append((int(name), values, words))
        return found

    def attendants(self):
        """Number, task and attempt of every attendant that lives, and whether it attends the agent itself."""
        found = []
        for pid, _, words in self.processes():
            if words and words[0].endswith("ropewalk-attend"):
                folder = next((w for w in words[1:] if "/attempts/" in w), None)
                if folder:
                    parts = folder.split("/attempts/")[1].split("/")
                    found.append((pid, parts[0], int(parts[1])))
        return found

    def sweep(self):
        """Ends whatever is left, so that one leak is not told twice."""
        for pid, _, _ in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.2)
