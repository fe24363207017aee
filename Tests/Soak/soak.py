#!/usr/bin/env python3
"""Torments a run of many tasks and proves that no work, process, verdict or cent of it went astray.

    soak.py --ropewalk PROGRAM [--tasks 500] [--seed 1] [--minutes N] [--concurrency 8] [--torments N] [--gap 0.6]
            [--keep] [--prove] [--escapes]

The seed makes a plan (graph.py) whose agents (agent.py) behave well and badly (deeds.py), and chooses
what is done to engine, attendants and tasks, and when. After every death of the engine, and at the end,
audit.py holds ledger, journal, git and /proc against each other. With --minutes further seeds follow
until the time is up. Exit status 1, and a folder with the evidence, when any of the zeros is none.
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from audit import Audit, ZEROS  # noqa: E402
from graph import Graph  # noqa: E402
from place import Place  # noqa: E402
from prove import prove  # noqa: E402

# What is done, and how often among a hundred.
TORMENTS = {"kill engine": 22, "kill attendant": 20, "kill both": 14, "cancel task": 14, "interrupt": 8,
            "pause run": 8, "retry task": 6, "resume twice": 4, "stop engine": 8}


class Soak:
    """One plan, from its start to the end that it comes to in spite of everything."""

    def __init__(self, place, graph, random, plan, torments, gap):
        self.place, self.random, self.plan, self.gap = place, random, plan, gap
        self.audit = Audit(place, graph)
        self.done, self.skipped = collections.Counter(), {}
        self.deck, self.left = [], torments
        self.engine, self.sessions, self.failures, self.again = None, 0, 0, False
        self.can_pause = place.ask("pause", "--help")[0] == 0
        if not self.can_pause:
            self.skipped["pause run"] = "there is no such command"

    def carry_out(self, limit):
        """Starts engines until the run is over; false when it never was."""
        end = time.monotonic() + limit
        self.begin("run", str(self.plan), "--json")
        while time.monotonic() < end:
            outcome = self.session(end)
            if outcome == "over":
                self.audit.at_end()
                return True
            if outcome == "hopeless":
                return False
            if outcome == "stuck":
                self.audit.note("stuck", f"nothing happened for 60 s in session {self.sessions}")
                self.engine.kill()
                self.engine.wait()
            if self.place.run is None and self.place.find_run() is None:
                self.begin("run", str(self.plan), "--json")
                continue
            self.audit.after_death()
            if self.again:
                self.resume_twice()
            else:
                self.begin("resume", self.place.run, "--json")
        self.audit.note("stuck", f"the run was not over after {limit:.0f} s")
        self.engine.kill()
        self.engine.wait()
        self.audit.after_death()
        self.place.sweep()
        return False

    def begin(self, *words):
        self.sessions += 1
        self.say(f"started: {words[0]}")
        self.engine = self.place.start(f"session-{self.sessions}", *words)

    def session(self, end):
        """Torments one engine until it has ended, somehow. Says whether the run is over."""
        grown, size = time.monotonic(), -1
        due = time.monotonic() + self.pause()
        while self.engine.poll() is None:
            time.sleep(0.02)
            now = time.monotonic()
            if self.place.run is None:
                self.place.find_run()
                continue
            journal = self.place.folder / "journal.jsonl"
            latest = journal.stat().st_size if journal.exists() else 0
            if latest != size:
                grown, size = now, latest
            if now - grown > 60 or now > end:
                return "stuck"
            if now > due and self.left > 0:
                self.torment(self.next())
                due = time.monotonic() + self.pause()
        return self.ended()

    def ended(self):
        status = self.engine.returncode
        self.say(f"ended with status {status}")
        error = (self.place.top / f"session-{self.sessions}.err").read_text(errors="replace")
        # An interrupt may come before the engine has taken the signal over: nothing has begun then.
        if status in (-signal.SIGKILL, -signal.SIGINT):
            return "dead"
        if status in (0, 1, 4):
            return "over"
        if status == 130:
            self.audit.nothing_is_left("an interrupt")
            return "interrupted"
        if status == 2 and "is over" in error:
            return "over"
        lines = [line for line in error.splitlines() if line.strip()]
        crash = [line for line in lines if " in ropewalk at " in line][:8]
        self.audit.note("stuck", f"session {self.sessions} ended with status {status}: "
                        + "\n".join(crash or lines[-3:]))
        self.failures += 1
        return "hopeless" if self.failures > 3 else "failed"

    def say(self, words):
        """A line of the soak's own log, by the clock."""
        with open(self.place.top / "soak.log", "a") as file:
            file.write(f"{time.time():.2f} session {self.sessions}: {words}\n")

    # MARK: - Torments

    def pause(self):
        return min(6, self.gap / 6 + self.random.expovariate(1 / self.gap))

    def next(self):
        """Every kind comes in its turn, in an order that the seed shuffles."""
        if not self.deck:
            deck = list(TORMENTS)
            if self.done:
                deck = [kind for kind, count in TORMENTS.items() for _ in range(count // 2)]
            self.random.shuffle(deck)
            self.deck = deck
        return self.deck.pop()

    def torment(self, kind):
        if kind in self.skipped:
            return
        self.say(kind)
        if getattr(self, kind.replace(" ", "_"))() is not False:
            self.done[kind] += 1
            self.left -= 1

    def kill_engine(self):
        self.engine.kill()
        self.engine.wait()

    def kill_attendant(self, count=1):
        attendants = self.place.attendants()
        if not attendants:
            return False
        for pid, task, attempt in self.random.sample(attendants, min(count, len(attendants))):
            self.audit.disturbed.add((task, attempt))
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def kill_both(self):
        self.kill_engine()
        self.kill_attendant(self.random.randint(1, 8))

    def tasks(self, *states):
        """The tasks in some states, as the journal has them by now."""
        state = {}
        for event in self.place.journal()[0]:
            if event["kind"] == "taskFinished":
                state[event["task"]] = event["state"]
            elif event["kind"] in ("taskQueued", "taskStarted"):
                state[event["task"]] = event["kind"]
            elif event["kind"] == "tasksRevived":
                for task in event["tasks"]:
                    state[task] = "revived"
        return sorted(task for task, now in state.items() if now in states)

    def cancel_task(self):
        some = self.tasks("taskStarted", "taskQueued")
        # Now and then one that others need, which takes all of these with it.
        if self.random.random() > 0.1:
            needed = {need for task in self.audit.graph.tasks for need in task["needs"]}
            some = [task for task in some if task not in needed]
        if not some:
            return False
        task = self.random.choice(some)
        self.audit.cancelled.add(task)
        self.place.ask("cancel", self.place.run, task, *(["--now"] if self.random.random() < 0.3 else []))

    def retry_task(self):
        some = self.tasks("cancelled") or self.tasks("failed", "timedOut")
        if not some or self.engine.poll() is not None:
            return False
        # On a run that has just ended this becomes the engine itself.
        self.place.ask("retry", self.place.run, self.random.choice(some), timeout=300)

    def interrupt(self):
        self.engine.send_signal(signal.SIGINT)
        try:
            self.engine.wait(30)
        except subprocess.TimeoutExpired:
            self.audit.note("stuck", f"session {self.sessions} did not end within 30 s of an interrupt")
            self.engine.kill()
            self.engine.wait()

    def stop_engine(self):
        self.engine.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.2, 2))
        self.engine.send_signal(signal.SIGCONT)

    def pause_run(self):
        self.place.ask("pause", self.place.run)
        time.sleep(self.random.uniform(0.2, 1.5))
        self.place.ask("resume", self.place.run)

    def resume_twice(self, kill=False):
        """Two want to go on with the run; one of them finds that the other works on it, and says so."""
        if not self.again:
            self.again = True
            return self.kill_engine()
        self.again = False
        self.begin("resume", self.place.run, "--json")
        first, name = self.engine, self.sessions
        self.begin("resume", self.place.run, "--json")
        second = self.engine
        limit = time.monotonic() + 30
        while first.poll() is None and second.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)
        refused, number = (first, name) if first.poll() is not None else (second, self.sessions)
        if refused is first:
            self.engine = second
        else:
            self.engine, self.sessions = first, name
        error = (self.place.top / f"session-{number}.err").read_text(errors="replace")
        # A run that is live is asked to end its pause, which is as good.
        is_refused = refused.poll() == 5 and "works on the run" in error
        if not is_refused and not (refused.poll() == 0 and "asked the run" in error):
            self.audit.note("double runs", f"of two that resumed none was refused: {refused.poll()} {error[-300:]}")


def show(soak, seed, tasks, seconds, complete):
    """The table of one soak."""
    audit = soak.audit
    states = collections.Counter(t["state"] for t in getattr(audit, "tasks", {}).values())
    attempts = sum(line["what"] == "start" for line in soak.place.ledger())
    files = sum(len(line.get("files", {})) for line in soak.place.ledger())
    print(f"\nseed {seed}: {tasks} tasks, {attempts} attempts, {files} files written, {soak.sessions} engines, "
          f"{seconds:.0f} s{'' if complete else ', NOT OVER'}")
    print("  tasks:    " + ", ".join(f"{count} {state}" for state, count in states.most_common()))
    print("  torments: " + ", ".join(f"{count} x {kind}" for kind, count in soak.done.most_common()))
    for kind, why in soak.skipped.items():
        print(f"  left out: {kind}: {why}")
    print(f"  audited {audit.checks} times:")
    for zero in ZEROS:
        print(f"    {zero:18} {len(audit.found[zero])}", flush=True)


def one(options, seed):
    """One soak from its seed; true when all that must be zero is."""
    chance = random.Random(seed)
    top = pathlib.Path(tempfile.mkdtemp(prefix=f"ropewalk-soak-{seed}-")).resolve()
    place = Place(top, str(pathlib.Path(options.ropewalk).resolve()))
    graph = Graph(options.tasks, chance, options.escapes)
    agent = pathlib.Path(__file__).resolve().parent / "agent.py"
    plan = graph.write(top, agent, options.concurrency)
    soak = Soak(place, graph, chance, plan, options.torments or max(12, options.tasks // 3),
                options.gap)
    begun = time.monotonic()
    try:
        complete = soak.carry_out(options.limit or 60 + options.tasks * 3)
    finally:
        place.sweep()
    show(soak, seed, len(graph.tasks), time.monotonic() - begun, complete)
    good = not any(soak.audit.found.values())
    if good and options.prove:
        blind = prove(soak.audit)
        good = not blind
        print(f"  the audit did not see: {', '.join(blind)}" if blind else "  spoilt in six ways, and the audit saw each")
    if good and not options.keep:
        shutil.rmtree(top)
    else:
        print(f"kept: {top} (evidence.txt, ledger.jsonl, session-*.err, repo)")
    return good


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ropewalk", required=True)
    options.add_argument("--tasks", type=int, default=500)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--minutes", type=float, default=0, help="go on with further seeds for so long")
    options.add_argument("--concurrency", type=int, default=8)
    options.add_argument("--torments", type=int, help="that many (default: a third of the tasks, at least 12)")
    options.add_argument("--gap", type=float, default=0.6, help="seconds between torments, in the mean")
    options.add_argument("--only", action="append", choices=list(TORMENTS), help="no other torments than these")
    options.add_argument("--limit", type=float, help="seconds that one seed may take")
    options.add_argument("--keep", action="store_true", help="keep the folder of a good soak, too")
    options.add_argument("--prove", action="store_true", help="spoil good runs afterwards and see the audit find it")
    options.add_argument("--escapes", action="store_true", help="agents write outside of their worktrees, too")
    options = options.parse_args()
    for kind in list(TORMENTS):
        if options.only and kind not in options.only:
            del TORMENTS[kind]
    end = time.monotonic() + options.minutes * 60
    seed, good = options.seed, one(options, options.seed)
    while time.monotonic() < end:
        seed += 1
        good = one(options, seed) and good
    print("soak passed" if good else "soak failed")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
