"""Knows what must hold of a soak's run, and what it rests on: ledger, journal, git, /proc. Unaware of torments."""
import json
import time
from collections import defaultdict

from deeds import DEEDS, dollars, files, succeeds

ZEROS = ("lost bytes", "leaked processes", "false verdicts", "double runs", "wrong money", "journal or git", "stuck")
FINAL = ("completed", "failed", "timedOut", "cancelled", "skipped")


class Audit:
    """Counts everything that a run may never do, with its evidence."""

    def __init__(self, place, graph, is_quiet=False):
        self.place, self.graph, self.is_quiet = place, graph, is_quiet
        self.found = {zero: [] for zero in ZEROS}
        self.told = set()
        # Attempts whose attendant was killed: nobody can say how they would have ended.
        self.disturbed = set()
        self.cancelled = set()
        self.prefix = b""
        self.checks = 0

    def note(self, zero, words, task=None):
        if (zero, words) in self.told:
            return
        self.told.add((zero, words))
        self.found[zero].append(words)
        if self.is_quiet:
            return
        print(f"  !! {zero}: {words}", flush=True)
        with open(self.place.top / "evidence.txt", "a") as file:
            file.write(f"== {zero}: {words}\n")
            if task is not None:
                for line in self.place.ledger():
                    if line["task"] == task:
                        file.write(f"   ledger {json.dumps(line)[:400]}\n")
                for event in self.place.journal()[0]:
                    if event.get("task") == task:
                        file.write(f"   journal {json.dumps(event)[:900]}\n")

    # MARK: - At any time

    def after_death(self):
        """What holds between two engines."""
        self.checks += 1
        self.journal_goes_on()
        events, _ = self.place.journal()
        self.processes_of_ended(events)
        self.bytes_are_kept()
        self.once_in_the_book()

    def journal_goes_on(self):
        """What was whole in the journal once stays in it, byte for byte."""
        path = self.place.folder / "journal.jsonl"
        data = path.read_bytes() if path.exists() else b""
        if not data.startswith(self.prefix):
            self.note("journal or git", f"the journal's first {len(self.prefix)} bytes have changed")
        self.prefix = data[:data.rfind(b"\n") + 1] if len(data) < 50 << 20 else b""
        for words in self.place.journal()[1]:
            self.note("journal or git", f"journal: {words}")

    def processes_of_ended(self, events):
        """Nothing lives of an attempt whose end the journal told before it was looked."""
        ended = {(e["task"], e["attempt"]) for e in events if e["kind"] == "attemptFinished"}
        for pid, values, words in self.place.processes():
            key = (values.get("ROPEWALK_TASK"), int(values.get("ROPEWALK_ATTEMPT", 0)))
            if key in ended:
                self.note("leaked processes", f"{key[0]} attempt {key[1]} has ended, and {pid} lives: {words[:6]}", key[0])

    def bytes_are_kept(self, is_over=False):
        """Every file that was whole is an object that a ref holds, or is in a worktree that is there.

        While an attempt is under way what it committed and threw away is only in its worktree's own log.
        """
        ledger = self.place.ledger()
        logs = [] if is_over else ["--reflog"]
        held = {line[:40] for line in self.place.git("rev-list", "--objects", "--all", *logs).splitlines()}
        top = self.place.repo / ".ropewalk" / "worktrees" / (self.place.run or "-")
        places = defaultdict(list)
        for folder in top.iterdir() if top.is_dir() else ():
            places[folder.name.split("@")[0]].append(folder)
        for line in ledger:
            for path, blob in line.get("files", {}).items():
                if blob not in held and not any((folder / path).is_file() for folder in places[line["task"]]):
                    self.note("lost bytes", f"{path} of {line['task']} attempt {line['attempt']}", line["task"])

    def once_in_the_book(self):
        seen = set()
        for record in self.place.book():
            key = (record["run"], record["task"], record["attempt"])
            if key in seen:
                self.note("wrong money", f"the book has {key[1]} attempt {key[2]} twice", key[1])
            seen.add(key)

    def nothing_is_left(self, when):
        """No process carries the tag two seconds after a run's end."""
        limit = time.monotonic() + 2
        while (left := self.place.processes()) and time.monotonic() < limit:
            time.sleep(0.05)
        for pid, values, words in left:
            self.note("leaked processes", f"{pid} of {values.get('ROPEWALK_TASK')} attempt "
                      f"{values.get('ROPEWALK_ATTEMPT')} lives after {when}: {words[:6]}", values.get("ROPEWALK_TASK"))
        if left:
            self.place.sweep()

    # MARK: - At the end

    def at_end(self):
        self.after_death()
        self.nothing_is_left("the run's end")
        self.bytes_are_kept(is_over=True)
        events, _ = self.place.journal()
        ledger = self.place.ledger()
        last = events[-1]
        if last["kind"] != "runFinished":
            return self.note("stuck", f"the journal ends with {last['kind']}")
        status = last["status"]
        code, out, err = self.place.ask("status", self.place.run, "--json")
        if code != 0 or json.loads(out) != status:
            self.note("journal or git", f"`status` is not the last event's status (exit {code}) {err[:200]}")
        self.tasks = {task["id"]: task for task in status["tasks"]}
        self.starts = {(l["task"], l["attempt"]): l for l in ledger if l["what"] == "start"}
        self.ends = {(l["task"], l["attempt"]): l for l in ledger if l["what"] == "end"}
        self.results = {(e["task"], e["attempt"]): e for e in events if e["kind"] == "attemptFinished"}
        self.runs_are_single(events, ledger)
        self.verdicts(events)
        self.money(status)
        self.repository()

    def runs_are_single(self, events, ledger):
        begun = set()
        for line in ledger:
            key = (line["task"], line["attempt"])
            if line["what"] == "overlap":
                self.note("double runs", f"{key[0]}: attempt {key[1]} met attempt {line['other']} alive", key[0])
            if line["what"] == "start":
                if key in begun:
                    self.note("double runs", f"{key[0]} attempt {key[1]} was started twice", key[0])
                begun.add(key)
        ended, done, members, state = set(), {}, defaultdict(set), {}
        for event in events:
            task, kind = event.get("task"), event["kind"]
            if kind == "taskFinished":
                state[task] = event["state"]
                if state[task] == "completed":
                    done[task] = event["seq"]
            if kind == "tasksRevived":
                for name in event["tasks"]:
                    if name in done:
                        self.note("double runs", f"{name} was completed and taken up again", name)
                    if event.get("fresh") or state.get(name) != "cancelled":
                        members[name].clear()
            if kind == "attemptStarted":
                if task in done:
                    self.note("double runs", f"{task} was completed, and attempt {event['attempt']} began", task)
                if event.get("step") and event.get("agent") in members[task]:
                    self.note("double runs", f"{task}: {event['agent']} had succeeded, and attempt "
                              f"{event['attempt']} began", task)
            if kind == "attemptFinished":
                key = (task, event["attempt"])
                if key in ended:
                    self.note("double runs", f"{task} attempt {event['attempt']} ended twice", task)
                ended.add(key)
                if event.get("agent") and not event.get("cause"):
                    members[task].add(event["agent"])
        for key in begun - ended:
            self.note("double runs", f"{key[0]} attempt {key[1]} ran, and the journal has no end of it", key[0])

    # MARK: - Verdicts

    def verdicts(self, events):
        self.own = {}
        for id, task in self.tasks.items():
            if task["state"] not in FINAL:
                self.note("stuck", f"{id} is {task['state']} at the end of the run", id)
        for id in self.graph_order():
            getattr(self, "judge_" + self.tasks[id]["state"], lambda task: None)(self.tasks[id])

    def graph_order(self):
        return [task["id"] for task in self.graph.tasks]

    def latest(self, id):
        """By agent, the last attempt that the journal ended."""
        found = {}
        for (task, attempt), result in sorted(self.results.items()):
            if task == id and result.get("agent"):
                found[result["agent"]] = (attempt, result)
        return found

    def judge_completed(self, task):
        id = task["id"]
        if id in self.graph.conflicts:
            return self.note("false verdicts", f"{id} completed although its needs do not merge", id)
        deeds, single = self.graph.deeds[id]["deeds"], "strategy" not in self.entry(id)
        latest, own = self.latest(id), {}
        for agent in deeds:
            attempt, result = latest.get(agent, (None, {}))
            start, end = self.starts.get((id, attempt)), self.ends.get((id, attempt))
            deed = start and start["deed"]
            if not end or not succeeds(deed) or result.get("cause"):
                if not (task.get("partial") and result.get("cause")):
                    self.note("false verdicts", f"{id} completed, but {agent} did {deed} "
                              f"in attempt {attempt} (ended: {bool(end)})", id)
                continue
            own |= files(id, agent, deed)
            wanted = DEEDS[deed][1]
            if wanted == "changed" and "verify" in self.entry(id):
                wanted = "verified"
            if single and task.get("verdict") != wanted:
                self.note("false verdicts", f"{id} did {deed} and is {task.get('verdict')}, not {wanted}", id)
        self.own[id] = own
        needs = self.closure(id)
        if not task.get("commit"):
            if own:
                self.note("false verdicts", f"{id} completed without a commit", id)
            return
        expected = dict(own)
        for need in needs:
            expected |= self.own.get(need, {})
        listing = self.place.git("ls-tree", "-r", task["commit"], "--", "w").splitlines()
        actual = {line.split("\t")[1]: line.split()[2] for line in listing}
        if "w/clash" in own:
            expected["w/clash"] = own["w/clash"]
        if actual != expected:
            odd = [p for p in set(actual) | set(expected) if actual.get(p) != expected.get(p)]
            self.note("false verdicts", f"{id} completed, but its tree differs in {len(odd)} files: {sorted(odd)[:4]}", id)

    def entry(self, id):
        return next(task for task in self.graph.tasks if task["id"] == id)

    def closure(self, id):
        found, open_ids = set(), list(self.entry(id)["needs"])
        while open_ids:
            need = open_ids.pop()
            if need not in found:
                found.add(need)
                open_ids += self.entry(need)["needs"]
        return found

    def judge_failed(self, task):
        id, cause = task["id"], task.get("cause")
        if id in self.graph.conflicts:
            if cause != "conflict":
                self.note("false verdicts", f"{id} failed by {cause}, not by a conflict", id)
            return
        wanted, excuses = set(), any(task == id for task, _ in self.disturbed)
        for agent, (attempt, result) in self.latest(id).items():
            start = self.starts.get((id, attempt))
            if start and not succeeds(start["deed"]):
                wanted |= set(DEEDS[start["deed"]][1])
        # A change outside is told of all who ran meanwhile, since nothing says whose it was.
        excuses_escape = self.graph.escapes and cause == "escaped" and "nothing tells by whom" in task.get("message", "")
        if cause in wanted or excuses_escape or (excuses and cause in ("lost", "killedBySignal", "interrupted")):
            return
        self.note("false verdicts", f"{id} {task['state']} by {cause} ({task.get('message')}), expected {sorted(wanted)}", id)

    judge_timedOut = judge_failed

    def judge_cancelled(self, task):
        if task["id"] not in self.cancelled:
            self.note("false verdicts", f"{task['id']} is cancelled, and nobody asked for it", task["id"])

    def judge_skipped(self, task):
        if all(self.tasks[need]["state"] == "completed" for need in task["needs"]):
            self.note("false verdicts", f"{task['id']} is skipped although its needs completed", task["id"])

    # MARK: - Money

    def money(self, status):
        total, unknown, booked = 0.0, 0, {}
        for record in self.place.book():
            booked[(record["task"], record["attempt"])] = record
        for key, result in self.results.items():
            cost, agent = result.get("cost"), result.get("agent")
            if key not in self.starts:
                if cost and cost.get("usd"):
                    self.note("wrong money", f"{key[0]} attempt {key[1]} costs {cost} and never ran", key[0])
                if not cost:
                    continue
            said = self.ends.get(key, {}).get("usd")
            known = (cost or {}).get("usd")
            if said is not None and known != said:
                self.note("wrong money", f"{key[0]} attempt {key[1]} said {said}, the journal {cost}", key[0])
            if known is not None and known != dollars(key[0], agent):
                self.note("wrong money", f"{key[0]} attempt {key[1]} cannot have cost {known}", key[0])
            if key in self.starts and not cost:
                self.note("wrong money", f"{key[0]} attempt {key[1]} ran, and its cost is not even unknown", key[0])
            record = booked.get(key)
            if cost and (record is None or record.get("usd") != known):
                self.note("wrong money", f"{key[0]} attempt {key[1]}: journal {cost}, book {record}", key[0])
            total += known or 0
            unknown += known is None
        for key in set(booked) - set(self.results):
            self.note("wrong money", f"the book has {key[0]} attempt {key[1]}, the journal not", key[0])
        cost = status["totals"].get("cost") or {}
        shown = cost.get("atLeast") if unknown else cost.get("usd")
        if (shown or 0) != total or (unknown > 0) != (cost.get("source") == "unknown"):
            self.note("wrong money", f"status shows {cost}, its attempts add up to {total} and {unknown} unknown")
        book = sum(record.get("usd") or 0 for record in booked.values())
        if book != total:
            self.note("wrong money", f"the book adds up to {book}, the journal to {total}")

    def repository(self):
        after = self.place.fingerprint()
        for name in set(after) | set(self.place.before):
            if after.get(name) != self.place.before.get(name):
                self.note("journal or git", f"the user's {name} has changed")
        try:
            self.place.git("fsck", "--full", "--no-progress", "--no-dangling")
        except RuntimeError as error:
            self.note("journal or git", f"{error}")
        for lock in (self.place.repo / ".git").rglob("*.lock"):
            # An agent that was killed while its own git wrote leaves that of its own worktree's index.
            if lock.name == "index.lock" and lock.parent.parent.name == "worktrees":
                id = lock.parent.name.split("@")[0]
                task = self.tasks.get(id, {})
                if task.get("state") != "completed" or task.get("partial"):
                    continue
            self.note("journal or git", f"{lock} is left")
