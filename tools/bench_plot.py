"""Draws what `cairn bench` measured; `cairn bench --save-plot` carries and runs this script.

python bench_plot.py PICTURE.png < report.json
"""

import json
import sys

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, MARGIN = 1000, 860, 60
INK, GREY, BLUE, RED = "#202020", "#909090", "#3070b0", "#c04030"
BINS, OPERATORS = 60, 12


def histogram(draw, font, box, report):
    """Latencies: how many runs took how long."""
    left, top, right, bottom = box
    values = sorted(report["latencies"])
    low, high = values[0], max(report["latency"]["p99"], values[0] + 1e-3)
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int((value - low) / (high - low) * (BINS - 1)))] += 1
    width = (right - left) / BINS
    for i, count in enumerate(counts):
        height = (bottom - top) * count / max(counts)
        if count:
            draw.rectangle([left + i * width, bottom - height, left + (i + 1) * width - 1, bottom], fill=BLUE)
    draw.line([left, bottom, right, bottom], fill=INK)
    for share in ("p50", "p90", "p99"):
        at = left + (report["latency"][share] - low) / (high - low) * (right - left - width) + width / 2
        at = min(at, right)
        draw.line([at, top - 6, at, bottom], fill=RED)
        draw.text((at - 2, top - 22), share, fill=RED, font=font, anchor="ra" if share == "p99" else "la")
    draw.text((left, bottom + 6), f"{low:.0f} us", fill=INK, font=font)
    draw.text((right, bottom + 6), f"{high:.0f} us", fill=INK, font=font, anchor="ra")
    draw.text((left, top - 44), f"Latency of {len(values)} runs", fill=INK, font=font)


def bars(draw, font, box, title, rows):
    """rows: [(label, value)]"""
    left, top, right, bottom = box
    draw.text((left, top - 24), title, fill=INK, font=font)
    if not rows:
        return
    step = min(26, (bottom - top) / len(rows))
    label_width = 330
    most = max(max(value for _, value in rows), 1e-9)
    for i, (label, value) in enumerate(rows):
        y = top + i * step
        length = (right - left - label_width - 90) * value / most
        draw.text((left, y), label[:52], fill=INK, font=font)
        draw.rectangle([left + label_width, y + 2, left + label_width + length, y + step - 6], fill=BLUE)
        draw.text((left + label_width + length + 6, y), f"{value:.1f} us", fill=GREY, font=font)


def main():
    report = json.load(sys.stdin)
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(14)
    headline = f"{report['model']}: {report['runs_per_second']:.1f} runs/s on {report['streams']} stream(s)"
    draw.text((MARGIN, 16), headline, fill=INK, font=font)
    histogram(draw, font, (MARGIN, 110, WIDTH - MARGIN, 300), report)
    phases = ("host_to_device", "enqueue", "compute", "device_to_host")
    rows = [(phase.replace("_", " "), report[phase]["p50"]) for phase in phases]
    bars(draw, font, (MARGIN, 370, WIDTH - MARGIN, 480), "Parts of a run (p50)", rows)
    slowest = sorted(report["operators"], key=lambda each: -each["us"])[:OPERATORS]
    rows = [(f"{each['type']}  {each['name']}", each["us"]) for each in slowest]
    bars(draw, font, (MARGIN, 520, WIDTH - MARGIN, HEIGHT - 20), "Slowest operators", rows)
    image.save(sys.argv[1], format="PNG")


if __name__ == "__main__":
    main()
