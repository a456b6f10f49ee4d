"""report.py - what a test of the API has found, as TAP: one line a claim, and the plan at the end."""
import sys

count = failed = 0


def report(ok, name, detail=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}" + (f"\n# {detail}" if not ok else ""), flush=True)


def same(name, got, want):
    report(got == want, name, f"{got!r}, not {want!r}")


def some_failed():
    return failed > 0


def finish():
    """The plan, and the status that tells whether all of it held."""
    print(f"1..{count}")
    sys.exit(some_failed())
