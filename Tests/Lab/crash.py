"""Crash and resume with real agents: eight sessions at once, ended in the midst, and gone on with.

The model holds every session's third answer back until the torment is over, so that all eight are
surely under way, whatever the machine's speed.  What an ended agent waited for is never answered,
and so never paid.  Knows what must be the same however a run was ended.  Unaware of other plans.
"""
import collections, importlib.util, json, os, signal, subprocess, threading, time
from lab import Lab, check, sh, tagged

AGENTS = {
    "claude": {"runner": "claude", "model": "claude-fake-1"},
    "codex": {"runner": "codex", "model": "gpt-5.5"},
    "vibe": {"runner": "vibe"},
}
# Which CLI does which task.
TASKS = {f"{name}-{n}": name for name, count in (("claude", 3), ("codex", 3), ("vibe", 2))
         for n in range(1, count + 1)}
HELD = 2
TURNS = 4
TOKENS = (1000, 20)


def plan(name):
    return {
        "name": name, "base": "main", "concurrency": len(TASKS), "agents": AGENTS,
        "defaults": {"timeout": "90s", "retry": {"attempts": 1}, "expect": "changes"},
        "tasks": [
            {"id": id, "agent": agent,
             "prompt": f"Crash {id}. [[write {id}-one.txt one\\n]] [[run echo two > {id}-two.txt]] "
                       f"[[run cat {id}-one.txt {id}-two.txt > {id}-both.txt]] "
                       f"[[tokens {TOKENS[0]} {TOKENS[1]}]] [[say {id} is done.]]"}
            for id, agent in TASKS.items()],
    }


class HeldModel:
    """The scripted model within this process, which answers a held turn only when it is let."""
    def __init__(self, file):
        spec = importlib.util.spec_from_file_location("scripted_model", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.state = threading.Condition()
        self.holds, self.era, self.waiting = False, 0, set()
        # By task, the turns that were answered, and how many of them to those who were then killed.
        self.answered, self.unpaid = collections.defaultdict(list), collections.Counter()
        play = module.play

        def held_play(prompt, turn, tools, failures):
            id = next((id for id in TASKS if f"Crash {id}." in prompt), None)
            if id and tools:
                self.pass_on(id, turn)
            return play(prompt, turn, tools, failures)
        module.play = held_play
        self.server = module.Server(("127.0.0.1", 0), module.Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pass_on(self, id, turn):
        """Returns when the turn may be answered; who asked and is gone gets no answer."""
        with self.state:
            era = self.era
            if turn == HELD and self.holds:
                self.waiting.add(id)
                self.state.notify_all()
                self.state.wait_for(lambda: not self.holds or self.era != era)
                if self.era != era:
                    raise ConnectionError("who asked is gone")
            self.answered[id].append(turn)

    def begin(self, holds):
        with self.state:
            self.holds, self.waiting = holds, set()
            self.answered.clear()
            self.unpaid.clear()

    def wait_for_all(self, seconds):
        """Whether every task's session waits for its held answer by then."""
        with self.state:
            return self.state.wait_for(lambda: self.waiting == set(TASKS), seconds)

    def let_go(self):
        with self.state:
            self.holds = False
            self.state.notify_all()

    def forget(self):
        """Those who wait are dead: their turns are never answered."""
        with self.state:
            self.era += 1
            self.holds = False
            self.unpaid.update({id: len(turns) for id, turns in self.answered.items()})
            self.state.notify_all()


class Crash:
    """One run that is ended in the midst and gone on with."""
    def __init__(self, name, lab, model):
        self.name, self.lab, self.model = name, lab, model
        self.tag = lab.env["ROPEWALK_TEST_TAG"]

    def check(self, holds, what):
        check(holds, f"{self.name}: {what}")

    def begin(self):
        """Starts the run and returns when all sessions are in the midst of their work."""
        self.model.begin(holds=True)
        file = self.lab.top / f"{self.name}.json"
        file.write_text(json.dumps(plan(self.name)))
        self.engine = subprocess.Popen(
            [self.lab.ropewalk, "run", str(file), "--json"], cwd=self.lab.repo, env=self.lab.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.check(self.model.wait_for_all(60),
                   f"all sessions are under way {sorted(set(TASKS) - self.model.waiting)}")

    def kill_engine(self):
        self.engine.kill()
        self.engine.communicate()

    def kill_everybody(self):
        self.kill_engine()
        while left := tagged(self.tag):
            for pid, _ in left:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)
        self.model.forget()

    def interrupt(self):
        self.engine.send_signal(signal.SIGINT)
        # Agents that wait for an answer end themselves; it is never given.
        _, words = self.engine.communicate(timeout=60)
        code = self.engine.returncode
        self.check(code == 130, f"an interrupt's exit status is 130 ({code}) {words.strip()[-300:]}")
        left = tagged(self.tag)
        self.check(not left, f"no process is left after the interrupt {left or ''}")
        self.model.forget()

    def resume(self):
        """Goes on with it and looks at what holds for any run. Returns its tasks, events and name."""
        with open(self.lab.top / "words", "w+") as words:
            engine = subprocess.Popen([self.lab.ropewalk, "resume", "--json"], cwd=self.lab.repo, env=self.lab.env,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words, text=True)
            lines = []
            for line in engine.stdout:
                # Once something is told the run is another engine's; agents that wait are answered only now.
                self.model.let_go()
                lines.append(line)
            code = engine.wait()
            words.seek(0)
            said = words.read()
        self.check(code == 0, f"it goes on to a good end ({code}) {said.strip()[-500:]}")
        return self.lab.look("".join(lines), said, isWhole=False)


def files(lab, tasks):
    """What the branches hold."""
    return {id: lab.git("rev-parse", f"{task['branch']}^{{tree}}").strip() if "branch" in task else None
            for id, task in tasks.items()}


def sessions(crash, events, run, tasks):
    """Every second start goes on in the session of the first."""
    starts = [e for e in events if e["kind"] == "attemptStarted"]
    ends = {(e["task"], e["attempt"]): e for e in events if e["kind"] == "attemptFinished"}
    for id, agent in TASKS.items():
        crash.check(tasks[id]["attempts"] == 2, f"{id}: two attempts ({tasks[id]['attempts']})")
        session = ends.get((id, 1), {}).get("sessionId")
        start = next((e for e in starts if e["task"] == id and e["attempt"] == 2), None)
        if not start:
            continue
        spec = json.loads((crash.lab.folder(run) / start["folder"] / "spec.json").read_text())
        words = spec["arguments"]
        carried = session and (f"--resume={session}" in words if agent == "claude" else
                               any(pair in (["--resume", session], ["resume", session])
                                   for pair in (words[n:n + 2] for n in range(len(words)))))
        crash.check(carried, f"{id}: the second start takes up the session {session} {'' if carried else words}")
        crash.check(tasks[id].get("sessionId") == session, f"{id}: and it is the same at the end")


def costs(tasks):
    return {id: task.get("cost") or {} for id, task in tasks.items()}


def money(crash, run, tasks, whole):
    """Status, book and model tell of the same tokens, each once.

    What a killed claude or vibe had used is known to nobody, and that is said; codex counts its whole
    thread when it goes on.  `whole` is what each task costs when nothing disturbs it.
    """
    lab, model = crash.lab, crash.model
    book = [json.loads(line) for line in (lab.state / "ropewalk" / "spending.jsonl").read_text().splitlines()]
    book = [record for record in book if record["run"] == run]
    keys = [(record["task"], record["attempt"]) for record in book]
    crash.check(len(keys) == len(set(keys)), "the book has each attempt once")
    for id, agent in TASKS.items():
        task, records = tasks[id], [record for record in book if record["task"] == id]
        missing = (task.get("tokens") or {}).get("unreportedAttempts", 0)
        turns = len(model.answered[id])
        if missing and agent != "codex":
            turns -= model.unpaid[id]
        given = tuple(count * turns for count in TOKENS)
        written = tuple(map(sum, zip(*(count(record.get("tokens")) for record in records))))
        crash.check(given == count(task.get("tokens")) == written,
                    f"{id}: model {given}, status {task.get('tokens')} and book {written} agree")
        if agent == "claude" and crash.name == "interrupted":
            # Told to end, it has kept what the session cost, and tells the whole when it goes on.
            turns = TURNS
        cost = task["cost"]
        known = cost.get("atLeast") if missing else cost.get("usd")
        wanted = whole[id]["usd"] * turns / TURNS
        crash.check(known is not None and abs(known - wanted) < 1e-9 and (cost.get("usd") is None) == bool(missing),
                    f"{id}: it costs {'at least ' if missing else ''}{wanted:.5f} dollars ({cost})")
        spent = sum(record.get("usd") or 0 for record in records)
        crash.check(abs(spent - (known or 0)) < 1e-9, f"{id}: the book has the same cost ({spent:.5f})")
    status = json.loads(sh(lab.ropewalk, "status", run, "--json", cwd=lab.repo, env=lab.env))
    total = count(status["totals"]["tokens"])
    parts = [count(task.get("tokens")) for task in tasks.values()]
    crash.check(total == tuple(map(sum, zip(*parts))), f"the total is the sum of its tasks {total}")


def count(tokens):
    """What was read and what was written."""
    tokens = tokens or {}
    return sum(tokens.get(kind) or 0 for kind in ("input", "cacheRead", "cacheWrite")), tokens.get("output") or 0


VARIANTS = {
    "undisturbed": None,
    "engine-killed": Crash.kill_engine,
    "all-killed": Crash.kill_everybody,
    "interrupted": Crash.interrupt,
}


def examine(ropewalk, top, agents, model_file):
    model = HeldModel(model_file)
    wanted, whole = None, None
    begun = time.monotonic()
    for name, torment in VARIANTS.items():
        place = top / name
        place.mkdir()
        lab = Lab(ropewalk, place, agents, model.port, files=60)
        crash = Crash(name, lab, model)
        clock = time.monotonic()
        if torment is None:
            model.begin(holds=False)
            tasks, events, run = lab.run(plan(name), code=0)
            wanted, whole = files(lab, tasks), costs(tasks)
        else:
            crash.begin()
            torment(crash)
            tasks, events, run = crash.resume()
            print(f"{name}: {time.monotonic() - clock:.1f} s", flush=True)
        bad = {id: task.get("message") for id, task in tasks.items() if task["state"] != "completed"}
        crash.check(not bad, f"every task is completed {bad or ''}")
        crash.check(files(lab, tasks) == wanted, "the results are those of a run that nothing disturbed")
        turns = {id: crash.model.answered[id] for id in TASKS}
        crash.check(all(turns[id] == list(range(TURNS)) for id in TASKS),
                    f"the model answered each turn of each session once {turns}")
        if name == "engine-killed":
            crash.check(all(task["attempts"] == 1 for task in tasks.values()),
                        "the agents were adopted, none began again")
        elif torment:
            sessions(crash, events, run, tasks)
        money(crash, run, tasks, whole)
        lab.close()
    model.server.shutdown()
    print(f"crash and resume took {time.monotonic() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    # Alone: crash.py PROGRAM MODEL-SERVER AGENTS-FILE FOLDER
    import pathlib, sys
    program, server, named, top = sys.argv[1:]
    agents = dict(line.split("=", 1) for line in pathlib.Path(named).read_text().splitlines())
    examine(str(pathlib.Path(program).resolve()), pathlib.Path(top).resolve(), agents, server)
