"""The arguments of bench/run.  Run as a program it only checks them."""

import argparse

JOBS = ["candles", "trades", "rollup", "decimals", "indicators", "technical", "kernels", "update", "archive",
        "import", "scoring", "errors", "analytics", "segments", "growth"]
ON_DEMAND = ["scale"]


def count(text):
    units = {"k": 1000, "M": 1000000}
    try:
        return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no size such as 100k or 5M") from None


def jobs(text):
    names = text.split(",")
    for name in names:
        if name not in JOBS + ON_DEMAND:
            raise argparse.ArgumentTypeError(f"there is no job {name}; there are {', '.join(JOBS + ON_DEMAND)}")
    return names


def parse():
    parser = argparse.ArgumentParser(
        prog="bench/run", description="Measures the extension beside its peers, on a server of its own.")
    parser.add_argument("size", metavar="SIZE", nargs="?", type=count, default="100k",
                        help="candles, such as 100k (the default), 5M or 50M")
    parser.add_argument("--runs", metavar="N", type=int, default=5, help="runs that count, 5 unless given")
    parser.add_argument("--jobs", metavar="A,B", type=jobs, default=JOBS,
                        help=f"some of: {', '.join(JOBS)}; or of {', '.join(ON_DEMAND)}, which is not among them unless named")
    parser.add_argument("--workers", metavar="N", type=int, default=2,
                        help="of the parallel variants, 2 unless given")
    parser.add_argument("--huge-pages", action="store_true",
                        help="keep huge pages for the server while it runs; needs root or sudo")
    parser.add_argument("--out", metavar="FILE",
                        help="where to write the report, bench/results/performance.md unless given; the plot goes beside it")
    config = parser.parse_args()
    if config.size < 20000 or config.runs < 1 or config.workers < 0:
        parser.error("SIZE is 20k at least, --runs 1, --workers 0")
    config.candles = config.size
    config.series = config.candles // 10
    config.trades = 2 * config.candles
    config.predictions = config.candles // 5
    return config


if __name__ == "__main__":
    parse()
