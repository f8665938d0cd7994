"""Run pages from top to bottom and store what they print: nbdev never refreshes outputs by itself.

    python .ci/refresh.py                         every page
    python .ci/refresh.py nbs/04_layers.ipynb     one page
    python .ci/refresh.py --dry-run               run, say which parts were skipped for want of data, write nothing

Each page runs in a process of its own, in its own folder, under nbdev_test's rules: cells marked with one of
settings.ini's `tst_flags` (notest, slow) or `eval: false` are passed over and keep the outputs they have.
A page that fails is left as it was. What is shown must be seeded: the next run should show the same.
"""
import argparse
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

root = Path(__file__).resolve().parent.parent
SKIPPED = re.compile(r"^\W*skipped: .+$", re.M | re.I)


def printed(outputs: list[dict]) -> str:
    "All text of a cell's outputs."
    return "\n".join("".join(o.get("text", "") or o.get("data", {}).get("text/plain", "")) for o in outputs)


def run_page(path: Path, write: bool) -> tuple[bool, float, list[str]]:
    "Execute one notebook: did it pass, seconds, and its lines that say what was skipped (or the traceback)."
    from execnb.nbio import read_nb, write_nb
    from execnb.shell import CaptureShell
    from nbdev.clean import nbdev_clean
    from nbdev.config import get_config
    from nbdev.process import extract_directives

    os.environ["IN_TEST"] = "1"
    sys.path.insert(0, str(root))
    os.chdir(path.parent)
    passed_over, notebook, start = set(get_config().tst_flags.split()), read_nb(path), time.time()
    shell, skipped = CaptureShell(path, mpl_format="png"), []
    for cell in notebook.cells:
        if cell.cell_type != "code": continue
        flags = extract_directives(cell, remove=False)
        if passed_over & flags.keys() or flags.get("eval:", [""])[0].lower() == "false": continue
        cell.outputs = outputs = shell.run(cell.source)
        if shell.exc:
            error = next(o for o in outputs if o["output_type"] == "error")
            return False, time.time() - start, [f"in the cell:\n{cell.source}\n", "".join(error["traceback"])]
        skipped += SKIPPED.findall(printed(outputs))
    if write:
        write_nb(notebook, path)
        nbdev_clean(str(path))
    return True, time.time() - start, skipped


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, help="notebooks (default: all under nbs/)")
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    parser.add_argument("--workers", type=int, default=1, help="pages at a time; more than one disturbs what is timed")
    args = parser.parse_args()
    from nbdev.doclinks import nbglob
    pages = [p.resolve() for p in args.pages] or sorted(p.resolve() for p in nbglob(root / "nbs", as_path=True))
    if not pages: sys.exit("no notebooks found")
    failed = 0
    with ProcessPoolExecutor(args.workers, max_tasks_per_child=1) as pool:
        for page, (passed, seconds, lines) in zip(pages, pool.map(run_page, pages, [not args.dry_run] * len(pages))):
            failed += not passed
            print(f"{'ok' if passed else 'FAILED':6} {page.relative_to(root)} ({seconds:.0f} s)", *lines, sep="\n    ", flush=True)
    return int(failed > 0)


if __name__ == "__main__": sys.exit(main())
