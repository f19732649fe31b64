"""How cost grows with rows, assets and workers: a table and a plot."""

from . import server
from .harness import Job, measure
from .jobs.candles import hourly
from .jobs.indicators import over
from .report import number, table

AGGREGATE = "candlestick_agg(candle_time, open_price, high_price, low_price, close_price, volume) AS v"
ROWS = [100_000, 1_000_000, 5_000_000]
ASSETS = [1, 10, 100]

# what is measured, by the name of its line
LINES = {
    "count(*) by hour": lambda workers: server.query("", hourly("count(*) AS v"), "growing", workers),
    "candlestick_agg by hour": lambda workers: server.query("", hourly(AGGREGATE), "growing", workers),
    "ema over a window": lambda workers: server.rows("", over("ema(close_price, 20)"), "growing", server.BY_INDEX),
    "technical_indicators": lambda workers: server.rows(
        "", "SELECT * FROM technical_indicators(1, '1m')", "growing"),
}
GROUPED = list(LINES)[:2]  # of all assets, and able to use workers


def fill(candles, assets):
    server.execute("growing", "TRUNCATE price_data, technical_indicator_states",
                   f"SELECT bench.fill_candles({candles}, {assets})", "VACUUM (FREEZE, ANALYZE) price_data")


def point(config, candles, assets, workers, names, say):
    """Nanoseconds a row, by line."""
    settings = {"max_parallel_workers_per_gather": workers}
    variants = []
    for name in names:
        variant = LINES[name](settings)
        variant.name = name
        variant.rows = candles if name in GROUPED else candles // assets
        variants.append(variant)
    results = measure(Job("growth", candles, variants), config.runs, say)
    return {result.name: result.figure() for result in results if result.times}


def growth(config, say):
    """Three series of (what varies, its values, the points)."""
    server.create("growing", config.script)
    by_rows, by_workers = {}, {}
    sizes = [rows for rows in ROWS if rows <= config.candles]
    for rows in sizes:
        say(f"    {rows:,} candles of 10 assets")
        fill(rows, 10)
        by_rows[rows] = point(config, rows, 10, 0, LINES, say)
    for workers in range(3):
        say(f"    {workers} workers")
        by_workers[workers] = point(config, sizes[-1], 10, workers, GROUPED, say)
    by_assets = {}
    middle = sizes[min(1, len(sizes) - 1)]
    for assets in ASSETS:
        say(f"    {middle:,} candles of {assets} assets")
        fill(middle, assets)
        by_assets[assets] = point(config, middle, assets, 0, LINES, say)
    return [("candles, of 10 assets", by_rows), (f"assets, {middle:,} candles in all", by_assets),
            (f"workers, {sizes[-1]:,} candles of 10 assets", by_workers)]


def markdown(series, svg):
    text = ["## How cost grows", "", f"Nanoseconds a row read, medians; plotted in [{svg}]({svg}).", ""]
    for what, points in series:
        names = list(next(iter(points.values())))
        body = [(f"{x:,}", *[number(values[name]) if name in values else "" for name in names])
                for x, values in points.items()]
        text += [*table((what, *names), body), ""]
    return "\n".join([*text, f"![Cost by rows, assets and workers]({svg})", ""])


def plot(series, path):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "cryptoanalytics", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot, ticker

    figure, panels = pyplot.subplots(1, len(series), figsize=(11, 3.6), sharey=True, layout="constrained")
    for panel, (what, points) in zip(panels, series):
        places = range(len(points))
        for color, name in enumerate(LINES):
            values = [values.get(name) for values in points.values()]
            if any(value is not None for value in values):
                panel.plot(places, [value or float("nan") for value in values], marker="o", label=name,
                           color=f"C{color}")
        panel.set_xticks(places, [f"{x:,}" for x in points])
        panel.set_xlabel(what)
        panel.set_yscale("log")
        panel.grid(axis="y", which="both", alpha=0.3)
    panels[0].set_ylabel("nanoseconds a row")
    for axis in (panels[0].yaxis.set_major_formatter, panels[0].yaxis.set_minor_formatter):
        axis(ticker.FuncFormatter(lambda value, _: f"{value:,.0f}" if str(value)[0] in "125" else ""))
    figure.get_layout_engine().set(rect=(0, 0.09, 1, 0.91))  # the legend is below the panels
    figure.legend(*panels[0].get_legend_handles_labels(), loc="lower center", ncols=len(LINES), frameon=False)
    figure.savefig(path, metadata={"Date": None})
