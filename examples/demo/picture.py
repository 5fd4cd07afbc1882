"""Draws what `classify_photos.py --json` reports: one card per photo, with its three best classes as bars."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

SCALE = 2  # everything is drawn twice as large as the numbers here say
MARGIN = 36
GAP = 20
CARD_WIDTH = 292
PHOTO_HEIGHT = 195
CARD_HEIGHT = PHOTO_HEIGHT + 222
HEADER_HEIGHT = 96
BARS = 3

BACKGROUND = "#f3f4f1"
CARD = "#ffffff"
CARD_BORDER = "#dfe2dc"
TEXT = "#1d2521"
FAINT_TEXT = "#6d7872"
TAG = "#10201a"
TRACK = "#e9ece7"
FIRST_BAR = "#1f7a5a"
OTHER_BAR = "#a9c4b6"


class Canvas:
    """A picture with drawing in layout units instead of pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), BACKGROUND)
        self.draw = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, width: float, height: float, radius: float, **style: str) -> None:
        corners = (x * SCALE, y * SCALE, (x + width) * SCALE - 1, (y + height) * SCALE - 1)
        self.draw.rounded_rectangle(
            corners, radius * SCALE, width=SCALE if "outline" in style else 0, **style
        )

    def text(self, x: float, y: float, text: str, size: int, fill: str = TEXT, anchor: str = "ls") -> None:
        self.draw.text((x * SCALE, y * SCALE), text, fill, self.font(size), anchor)

    def fit(self, text: str, size: int, width: float) -> str:
        """`text`, cut with an ellipsis where it is wider than `width`."""
        font = self.font(size)
        if font.getlength(text) <= width * SCALE:
            return text
        while text and font.getlength(text + "…") > width * SCALE:
            text = text[:-1]
        return text.rstrip() + "…"

    @staticmethod
    def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.load_default(size * SCALE)


class Place(NamedTuple):
    x: int
    y: int


def draw_report(report: dict, output: Path) -> None:
    """Write the picture of a report in which every photo was classified."""
    photos = report["photos"]
    width = 2 * MARGIN + len(photos) * (CARD_WIDTH + GAP) - GAP
    canvas = Canvas(width, HEADER_HEIGHT + CARD_HEIGHT + MARGIN)
    draw_header(canvas, report)
    for index, photo in enumerate(photos):
        draw_card(canvas, Place(MARGIN + index * (CARD_WIDTH + GAP), HEADER_HEIGHT), photo)
    canvas.image.save(output, optimize=True)


def draw_header(canvas: Canvas, report: dict) -> None:
    title = f"{len(report['photos'])} photos, classified by {Path(report['model']).stem}"
    canvas.text(MARGIN, 50, title, 26)
    steps = "JPEG decoder, crop and resize, colour conversion and network: one unchanged pyACL program"
    canvas.text(MARGIN, 76, steps, 15, FAINT_TEXT)


def draw_card(canvas: Canvas, place: Place, photo: dict) -> None:
    canvas.box(place.x, place.y, CARD_WIDTH, CARD_HEIGHT, 10, fill=CARD, outline=CARD_BORDER)
    path = Path(photo["photo"])
    paste_photo(canvas, place, path)
    draw_tag(canvas, Place(place.x + 10, place.y + PHOTO_HEIGHT - 30), path.name)
    x, y = place.x + 18, place.y + PHOTO_HEIGHT
    for rank, best in enumerate(photo["best"][:BARS]):
        draw_bar(canvas, x, y + 32 + rank * 50, best, FIRST_BAR if rank == 0 else OTHER_BAR)
    canvas.box(x, y + 176, CARD_WIDTH - 36, 1, 0, fill=TRACK)
    stages = photo["milliseconds"]
    parts = (("decode", "decode", "ls"), ("resize", "resize", "ms"), ("network", "infer", "rs"))
    for column, (label, stage, anchor) in enumerate(parts):
        text = f"{label} {stages[stage]:.1f} ms"
        canvas.text(x + column * (CARD_WIDTH - 36) / 2, y + 203, text, 12, FAINT_TEXT, anchor)


def draw_tag(canvas: Canvas, place: Place, text: str) -> None:
    width = canvas.font(12).getlength(text) / SCALE + 16
    canvas.box(place.x, place.y, width, 21, 4, fill=TAG)
    canvas.text(place.x + 8, place.y + 15, text, 12, "#ffffff")


def draw_bar(canvas: Canvas, x: int, y: int, best: dict, colour: str) -> None:
    width = CARD_WIDTH - 36
    canvas.text(x, y, canvas.fit(best["name"], 16, width - 56), 16)
    canvas.text(x + width, y, f"{best['score']:.0%}", 16, FAINT_TEXT, "rs")
    canvas.box(x, y + 9, width, 9, 4.5, fill=TRACK)
    canvas.box(x, y + 9, max(9, width * best["score"]), 9, 4.5, fill=colour)


def paste_photo(canvas: Canvas, place: Place, path: Path) -> None:
    """The photo fills the top of its card; the square that the network saw is bright, the rest darker."""
    size = (CARD_WIDTH * SCALE, PHOTO_HEIGHT * SCALE)
    with Image.open(path) as file:
        photo = file.convert("RGB")
    zoom = max(size[0] / photo.width, size[1] / photo.height)
    photo = photo.resize((round(photo.width * zoom), round(photo.height * zoom)), Image.Resampling.LANCZOS)
    left, top = (photo.width - size[0]) // 2, (photo.height - size[1]) // 2
    side = min(photo.width, photo.height) * 7 // 8
    seen = ((photo.width - side) // 2, (photo.height - side) // 2)
    seen = (*seen, seen[0] + side, seen[1] + side)
    shown = Image.blend(photo, Image.new("RGB", photo.size, TAG), 0.45)
    shown.paste(photo.crop(seen), seen[:2])
    ImageDraw.Draw(shown).rectangle(
        (seen[0], seen[1], seen[2] - 1, seen[3] - 1), outline="#ffffff", width=SCALE
    )
    shown = shown.crop((left, top, left + size[0], top + size[1]))
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] + 40), 10 * SCALE, fill=255)
    canvas.image.paste(shown, (place.x * SCALE, place.y * SCALE), mask)
