"""Several real agents on one task: the plan of the lab's second run, and what must have come of it.

The prompt is the model's script, and an agent's role stands at the head of each of its prompts: so
it is the role that says what an agent does.  Where an answer has to change from round to round, the
work says it: a file's directives reach the reviewer in the difference that its prompt holds.
"""

# The builder's first work is refused and its second one approved, by a file that the reviewer is shown.
BUILD = ("if test -e code.txt; then echo t > tests.txt; v=approve; else cp design.txt code.txt; v=revise; fi; "
         "printf '%s[say VERDICT: %s]%s' '[' $v ']' > verdict.txt")

PLAN = {
    "name": "strategies", "base": "main", "concurrency": 4,
    "agents": {
        "architect": {"runner": "claude", "model": "claude-fake-1",
                      "role": "Design only. [[write design.txt a table\\n]] [[say Use a table.]]"},
        "builder": {"runner": "codex", "model": "gpt-5.5", "role": f"Build. [[run {BUILD}]] [[say Built.]]"},
        "reviewer": {"runner": "claude", "model": "claude-fake-1", "role": "Review only."},
        "anna": {"runner": "claude", "model": "claude-fake-1",
                 "role": "Speak for rope. [[run echo rope > name.txt]] [[say Call it rope.\\nVOTE: 2]]"},
        "ben": {"runner": "codex", "model": "gpt-5.5",
                "role": "Speak for line. [[run echo line > name.txt]] [[say Call it line.\\nVOTE: 2]]"},
        "cleo": {"runner": "codex", "model": "gpt-5.5",
                 "role": "Speak for wire. [[run echo wire > name.txt]] [[say Call it wire.\\nVOTE: 1]]"},
        "lead": {"runner": "claude", "model": "claude-fake-1",
                 "role": 'Divide. [[say ["Write the left part.", "Write the right part."] ]]'},
        "left": {"runner": "codex", "model": "gpt-5.5", "role": "[[run echo l > left.txt]] [[say Left done.]]"},
        "right": {"runner": "vibe", "role": "[[run echo r > right.txt]] [[say Right done.]]"},
        "wide": {"runner": "claude", "model": "claude-fake-1",
                 "role": "[[run echo x > good.txt; echo x > more.txt]] [[say Two files.]]"},
        "slim": {"runner": "codex", "model": "gpt-5.5", "role": "[[run echo x > good.txt]] [[say One file.]]"},
        "wrong": {"runner": "vibe", "role": "[[run echo x > bad.txt]] [[say All good!]]"},
    },
    "defaults": {"timeout": "90s", "retry": {"attempts": 1}, "expect": "changes"},
    "tasks": [
        {"id": "chain", "prompt": "Serve the table.",
         "strategy": {"multi": ["architect", "builder", "reviewer"], "rounds": 2}},
        {"id": "debate", "prompt": "Find a name.", "strategy": {"debate": ["anna", "ben", "cleo"], "rounds": 1}},
        {"id": "split", "prompt": "Write both parts.", "verify": ["test -s left.txt -a -s right.txt"],
         "strategy": {"split": {"by": "lead", "pool": ["left", "right"]}}},
        {"id": "best", "prompt": "Make it good.", "verify": ["test -s good.txt"], "repair": 0,
         "strategy": {"candidates": ["wide", "slim", "wrong"], "pick": "verify"}},
    ],
}

# Agent, role, round, verdict or cause; the order is that in which they were asked.
CONTRIBUTIONS = {
    "chain": ["architect work 1 changed", "builder work 1 changed", "reviewer review 1 answered",
              "builder work 2 changed", "reviewer review 2 answered"],
    "debate": [f"{name} {role} {number} {verdict}"
               for role, number, verdict in (("proposal", 0, "changed"), ("critique", 1, "answered"),
                                             ("vote", 2, "answered"))
               for name in ("anna", "ben", "cleo")],
    "split": ["lead division 1 answered", "left item 1 changed", "right item 2 changed"],
    "best": ["wide candidate 1 verified", "slim candidate 1 verified", "wrong candidate 1 rejected"],
}

# What each result adds to the base.
FILES = {
    "chain": ["code.txt", "design.txt", "tests.txt", "verdict.txt"], "debate": ["name.txt"],
    "split": ["left.txt", "right.txt"], "best": ["good.txt"],
}


def examine(tasks, events, run, git, check):
    """`git` runs git with words and returns what it prints; `check` takes a truth and its sentence."""
    for id, lines in CONTRIBUTIONS.items():
        task = tasks[id]
        check(task["state"] == "completed" and not task.get("partial"),
              f"{id}: completed, and whole ({task['state']} {task.get('message')})")
        ones = task.get("contributions", [])
        got = [f"{c['agent']} {c['role']} {c['round']} {c.get('cause') or c.get('verdict')}" for c in ones]
        check(got == lines, f"{id}: its contributions in their order {got if got != lines else ''}")
        if task["state"] == "completed":
            changed = git("diff", "--name-only", "main", task["branch"]).split()
            check(changed == FILES[id], f"{id}: the result holds {', '.join(FILES[id])} {changed}")
        for c in ones:
            if "commit" in c:
                kept = "snapshots" if "cause" in c else "contributions"
                ref = f"refs/ropewalk/{kept}/{run}/{id}/{c['attempt']}"
                check(git("rev-parse", ref).strip() == c["commit"], f"{id}: attempt {c['attempt']} is tied")
        costs = [c["cost"]["source"] for c in ones]
        check(all(source in ("reported", "priced") for source in costs), f"{id}: every cost has its source {costs}")
    debate = tasks["debate"].get("decision") or {}
    check(debate.get("votes") == {"anna": "ben", "ben": "ben", "cleo": "anna"} and debate.get("winner") == "ben",
          f"debate: three votes were read, and the majority won {debate}")
    check(git("show", f"{tasks['debate'].get('branch')}:name.txt") == "line\n", "debate: the winner's work is the result")
    best = tasks["best"].get("decision") or {}
    check(best.get("winner") == "slim" and best.get("scores") == {"wide": 2, "slim": 1},
          f"best: of those that pass the one with the fewest files {best}")
    check(tasks["split"].get("verdict") == "verified", "split: the merged parts were verified")
    story = [e["kind"] for e in events if e.get("task") == "debate" and e["kind"] in
             ("proposalMade", "debateRound", "decisionMade")]
    made = ["proposalMade"] * 3
    check(story == made + ["debateRound"] + made + ["decisionMade"], f"debate: its events in their order {story}")
