"""Knows how a seed becomes a plan and the deeds of its agents. Unaware of how the plan is run.

Tasks that others need come to a good end, if need be after several tries; tasks that fail for good
stand at the edge, with a few that need them and must be skipped. Else all would be skipped soon.
"""
import json
import sys

from deeds import AGENTS, BAD, GOOD, path

JSON_OUTPUT = {"terminal": {"when": {"type": "result"}}, "text": {"when": {"type": "result"}, "path": "text"},
               "cost": {"when": {"type": "result"}, "path": "usd"},
               "tokens": [{"when": {"type": "result"}, "input": "in", "output": "out"}]}


class Graph:
    """A plan of many tasks, and what each of its agents will do."""

    def __init__(self, tasks, random, escapes=False):
        self.random, self.escapes = random, escapes
        self.tasks, self.deeds = [], {}
        self.spine, self.conflicts = [], set()
        while len(self.tasks) < tasks:
            kind = random.choices(("steady", "edge", "multi", "parallel", "clash"), (58, 24, 8, 8, 2))[0]
            getattr(self, "add_" + kind)()

    def needs(self):
        """One to three tasks, most of them added lately; none for two of five, so that no end takes all with it."""
        if len(self.spine) < 3 or self.random.random() < 0.4:
            return []
        near = self.spine[-max(8, len(self.spine) // 6):]
        return sorted(set(self.random.choices(near, k=self.random.randint(1, 3))))

    def add(self, deeds, chain=True, spine=True, **more):
        id = f"t{len(self.tasks) + 1}"
        task = {"id": id, "prompt": f"soak {id}", **more}
        task.setdefault("needs", self.needs())
        if len(deeds) == 1:
            task.setdefault("agent", next(iter(deeds)))
        self.tasks.append(task)
        self.deeds[id] = {"deeds": deeds, "chain": chain, "pause": round(self.random.uniform(0.02, 0.3), 3)}
        if spine:
            self.spine.append(id)
        return id

    def agent_and_good(self):
        agent, deed = self.random.choice(AGENTS), self.random.choice(GOOD)
        more = {"text": ("closes", "huge"), "json": ("halfline", "untold"), "jsonl": ("halfline", "huge")}
        if self.random.random() < 0.15:
            deed = self.random.choice(more[agent])
        # A few are enough: each prints 20 MB, and of text all of it is the answer, which stands in the journal.
        if deed == "huge":
            known = [a for e in self.deeds.values() for a, d in e["deeds"].items() if "huge" in d]
            if len(known) > 8 or (agent == "text" and agent in known):
                deed = "small"
        return agent, deed

    def limits(self, deeds):
        """Short limits for those that hang; the others have time enough on a busy machine."""
        more = {}
        if {"hang", "deaf"} & set(deeds):
            more["timeout"] = f"{self.random.choice((1500, 2000))}ms"
        if "idle" in deeds:
            more["idleTimeout"] = "1500ms"
        return more

    def add_steady(self):
        agent, deed = self.agent_and_good()
        deeds, more = [deed], {"retry": {"attempts": 5, "backoff": "50ms", "max": "300ms"}}
        draw = self.random.random()
        if draw < 0.2:
            first = [self.random.choice(BAD + (("torn", "costly") if agent != "text" else ()))
                     for _ in range(self.random.randint(1, 2))]
            deeds = first + deeds
            # A limit for those that hang would end the good one too, were the machine busy.
            if {"hang", "deaf", "idle"} & set(first):
                deeds = ["exit" if d in ("hang", "deaf", "idle") else d for d in first] + [deed]
        id = f"t{len(self.tasks) + 1}"
        if draw > 0.7:
            more["verify"] = [f"test -s {path(id, agent, 'a')}"]
        if draw > 0.92:
            more["verify"], deeds = [f"test -s {path(id, agent, 'b')}"], ["small", "mended"]
        if 0.5 < draw < 0.53:
            more["onError"] = self.random.choice(("continue", "retry"))
        self.add({agent: deeds}, **more)

    def add_edge(self):
        """Ends that are no success, or no change; and what would have needed them."""
        agent = self.random.choice(AGENTS)
        deed = self.random.choice(BAD + ("claim", "answer", "declared", "refused")
                                  + (("torn", "costly") if agent != "text" else ())
                                  + (("escape",) if self.escapes else ()))
        more = self.limits([deed])
        if deed == "answer":
            more["expect"] = "answer"
        if deed in ("claim", "declared"):
            more["expect"] = "changes"
        if deed == "refused":
            more |= {"verify": ["false"], "repair": 0}
        if deed == "deaf":
            more["grace"] = "200ms"
        if self.random.random() < 0.3:
            more["retry"] = {"attempts": 2, "backoff": "50ms"}
        id = self.add({agent: [deed]}, spine=False, **more)
        if self.random.random() < 0.25:
            agent, good = self.agent_and_good()
            self.add({agent: [good]}, spine=False, needs=[id])

    def members(self):
        """Two or three agents with a deed each; none that prints much."""
        some = self.random.sample(AGENTS, self.random.randint(2, 3))
        return {agent: [self.random.choice(("good", "small", "reset", "setsid"))] for agent in some}

    def add_multi(self):
        deeds = self.members()
        spine = self.random.random() < 0.7
        if not spine:
            deeds[self.random.choice(list(deeds))] = [self.random.choice(("exit", "crash"))]
        self.add(deeds, spine=spine, strategy={"multi": list(deeds)},
                 retry={"attempts": 3 if spine else 1, "backoff": "50ms"})

    def add_parallel(self):
        deeds = self.members()
        draw = self.random.random()
        strategy = {"parallel": list(deeds)}
        if draw > 0.6:
            deeds[self.random.choice(list(deeds))] = ["exit"]
            if draw > 0.75:
                strategy["onError"] = "continue"
        self.add(deeds, chain=False, spine=draw <= 0.6, strategy=strategy,
                 retry={"attempts": 3 if draw <= 0.6 else 1, "backoff": "50ms"})

    def add_clash(self):
        """Two tasks that write one file each in their own way, and one that cannot be merged from them."""
        needs = self.needs()
        pair = [self.add({self.random.choice(AGENTS): ["clash"]}, spine=False, needs=needs,
                         retry={"attempts": 5, "backoff": "50ms"}) for _ in range(2)]
        self.conflicts.add(self.add({"text": ["small"]}, spine=False, needs=pair))

    def plan(self, agent_file, home, concurrency):
        """The plan's own JSON."""
        def command(agent):
            return [sys.executable, "-I", "-S", "-B", str(agent_file), str(home), agent]
        agents = {agent: {"runner": "command", "command": command(agent), "maxTasks": 1000,
                          "output": "text" if agent == "text" else {"format": agent, **JSON_OUTPUT}}
                  for agent in AGENTS}
        return {"name": "soak", "concurrency": concurrency, "agents": agents,
                "defaults": {"timeout": "2m", "grace": "1s"}, "tasks": self.tasks}

    def write(self, home, agent_file, concurrency):
        (home / "deeds").mkdir()
        for id, deed in self.deeds.items():
            (home / "deeds" / f"{id}.json").write_text(json.dumps(deed))
        file = home / "plan.json"
        file.write_text(json.dumps(self.plan(agent_file, home, concurrency), indent=1))
        return file
