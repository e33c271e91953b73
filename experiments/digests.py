"""Write digests of what the package computes, to show that a change of code leaves it the same.

Run it on the code before a change and on the code after, on the same machine, and compare:

    python experiments/digests.py --code OLD --out before.json --work /tmp/digests-before
    python experiments/digests.py --code NEW --out after.json --work /tmp/digests-after
    python experiments/digests.py --compare before.json after.json

It uses only the command line, in this process, the four documented imports, and the files that
these write, so it runs unchanged on both. --code is the folder that holds the package
`instancesketch`; by default it is the repository that this file is in. A run takes some minutes on
one core; --only NAME … runs some of the sections (and those they need), and --detector and --tune
add two slow ones. Where INSTANCESKETCH_DATA names the folder of real drawings, they are used too.

--compare prints every name whose value differs and exits with 1 if there is any. Digests must be
equal; the outputs of ONNX models must be within 1e-5. Arrays of floats are kept in an .npz file
beside the JSON, so that a difference is shown with its size. Texts of errors and reasons may be
written more plainly: their counts are shown where they differ, and are no failure.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import traceback
from pathlib import Path

# Set before numpy and torch are imported: sums in another order are other sums.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
# This file may be run from anywhere, and on the code of another repository.
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from experiments.digest_results import PLACES, Results, compare, plain  # noqa: E402
from experiments.digest_runner import Runner  # noqa: E402
from experiments.digest_sections import SECTIONS  # noqa: E402

SLOW = ("detector", "tune")


def main(argv: list[str] | None = None) -> int:
    """Run the sections and write the digests, or compare two files of them."""
    args = parse(argv)
    if args.compare:
        return compare(*args.compare)
    code, work, out = args.code.resolve(), args.work.resolve(), args.out.resolve()
    # Processes that Ray starts import the same code as this one.
    os.environ["PYTHONPATH"] = str(code)
    own = {ROOT, ROOT / "experiments", Path.cwd()}
    sys.path[:] = [str(code), *(p for p in sys.path if Path(p or ".").resolve() not in own)]
    data = data_folder()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    os.chdir(work)  # Ray puts the current folder first on the path of its processes
    import instancesketch

    if Path(instancesketch.__file__).resolve().parent != code / "instancesketch":
        raise SystemExit(f"imported {instancesketch.__file__}, not that of {code}")
    PLACES.update(
        {str(work): "WORK", str(code): "CODE"} | ({str(data.parent): "DATA"} if data else {})
    )
    names = args.only or [n for n in SECTIONS if n not in SLOW or getattr(args, n)]
    results = Results()
    runner = Runner(work, results, data, SECTIONS)
    failed = [name for name in names if not attempt(runner, name)]
    about = {"code": str(code), "sections": runner.done, "failed": failed, "data": str(data)}
    results.write(out, about)
    print(f"{len(results.digests)} digests -> {out}; failed: {', '.join(failed) or 'none'}")
    if "ray" in sys.modules:
        sys.modules["ray"].shutdown()
    return int(bool(failed))


def attempt(runner: Runner, name: str) -> bool:
    """Run a section; return whether it succeeded, and note it among the digests where not."""
    try:
        runner.run(name)
    except Exception as error:
        traceback.print_exc()
        runner.results.digests[f"{name}/FAILED"] = plain(f"{type(error).__name__}: {error}")
        runner.results.assign(name)
        return False
    return True


def data_folder() -> Path | None:
    """Return the folder of real drawings; None where there is none."""
    data = os.environ.get("INSTANCESKETCH_DATA")
    return Path(data).resolve() if data and Path(data).is_dir() else None


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, help="the JSON file to write")
    parser.add_argument("--work", type=Path, help="folder to work in; it is emptied first")
    parser.add_argument(
        "--code",
        type=Path,
        default=Path(os.environ.get("PYTHONPATH") or ROOT),
        help="folder that holds the package (default: PYTHONPATH, or the repository of this file)",
    )
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="sections to run")
    parser.add_argument("--detector", action="store_true", help="also a detector; slow")
    parser.add_argument("--tune", action="store_true", help="also a sweep; slow")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar="FILE", help="two files to compare"
    )
    args = parser.parse_args(argv)
    if not args.compare and not (args.out and args.work):
        parser.error("give --out and --work, or --compare")
    return args


if __name__ == "__main__":
    sys.exit(main())
