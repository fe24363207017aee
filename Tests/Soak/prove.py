"""Knows how to spoil a run that was good, so that an audit which finds nothing there is found out. Unaware of torments."""
import shutil
import subprocess

from audit import Audit


def spoil_lost_bytes(place, graph):
    """What failed attempts left goes, ref by ref and folder by folder."""
    for ref in place.git("for-each-ref", "--format=%(refname)", "refs/ropewalk").split():
        place.git("update-ref", "-d", ref)
    for folder in (place.repo / ".ropewalk" / "worktrees", place.repo / ".git" / "worktrees"):
        shutil.rmtree(folder)


def spoil_leaked_processes(place, graph):
    """A process of an ended attempt lives on."""
    subprocess.Popen(["sleep", "60"], env=place.env | {"ROPEWALK_TASK": "t1", "ROPEWALK_ATTEMPT": "1"},
                     start_new_session=True)


def spoil_false_verdicts(place, graph):
    """What agents did well they did badly."""
    text = place.ledger_file.read_text()
    place.ledger_file.write_text(text.replace('"deed": "good"', '"deed": "exit"'))


def spoil_double_runs(place, graph):
    """An attempt began twice."""
    first = place.ledger_file.read_text().splitlines()[0]
    with open(place.ledger_file, "a") as ledger:
        ledger.write(first + "\n")


def spoil_wrong_money(place, graph):
    """An attempt stands in the book twice."""
    book = place.top / "state" / "ropewalk" / "spending.jsonl"
    with open(book, "a") as file:
        file.write(book.read_text().splitlines()[-1] + "\n")


def spoil_journal_or_git(place, graph):
    """One byte in the midst of the journal is another, and the user's index is touched."""
    journal = place.folder / "journal.jsonl"
    data = bytearray(journal.read_bytes())
    at = data.index(b'"kind":"taskQueued"') + 10
    data[at] ^= 1
    journal.write_bytes(data)


SPOILERS = {"lost bytes": spoil_lost_bytes, "leaked processes": spoil_leaked_processes,
            "false verdicts": spoil_false_verdicts, "double runs": spoil_double_runs,
            "wrong money": spoil_wrong_money, "journal or git": spoil_journal_or_git}


def prove(audit):
    """Spoils a good run in each way and audits it again. Returns the ways that were not seen."""
    place, graph, blind = audit.place, audit.graph, []
    kept = {path: path.read_bytes() for path in
            (place.ledger_file, place.folder / "journal.jsonl", place.top / "state" / "ropewalk" / "spending.jsonl")}
    # What cannot be put back comes last.
    for zero in sorted(SPOILERS, key=lambda zero: zero == "lost bytes"):
        again = Audit(place, graph, is_quiet=True)
        again.disturbed, again.cancelled = audit.disturbed, audit.cancelled
        SPOILERS[zero](place, graph)
        place.forget()
        again.at_end()
        if not again.found[zero]:
            blind.append(zero)
        for path, data in kept.items():
            path.write_bytes(data)
        place.forget()
    return blind
