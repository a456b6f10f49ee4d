"""report.py - what a test of the API has found, as TAP: one line a claim, and the plan at the end."""
import shutil
import sys
import traceback

count = failed = 0


def report(ok, name, detail=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}" + (f"\n# {detail}" if not ok else ""), flush=True)


def same(name, got, want):
    report(got == want, name, f"{got!r}, not {want!r}")


def run(control, parts, rest, *directories):
    """Each of the parts on a control that is started; then rest(), and the plan. What was made is removed. Exits."""
    try:
        control.start()
        for part in parts:
            print(f"# {part.__name__}", flush=True)
            try:
                part()
            except Exception as error:
                report(False, f"{part.__name__} runs to its end", repr(error))
                traceback.print_exc()
        same("every answer was as the document says", control.faults, [])
        rest()
    finally:
        if control.process and control.process.poll() is None:
            control.kill()
        if failed:
            print("# " + "\n# ".join(control.log().splitlines()[-40:]))
        control.remove()
        for directory in directories:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"1..{count}")
    sys.exit(failed > 0)


def operations(control, of_cuts):
    """Those of the document that are of cuts, or that are not."""
    return {operation["operationId"] for path, methods in control.document["paths"].items()
            for operation in methods.values() if ("/cuts" in path or "/restricted" in path) == of_cuts}
