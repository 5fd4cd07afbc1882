"""The demo's photos: real ones that two PyPI packages carry."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from PIL import Image

# Name of the photo, package that carries it, place in the package.
SOURCES = (
    ("coffee.jpg", "skimage", "data/coffee.png"),
    ("flower.jpg", "sklearn", "datasets/images/flower.jpg"),
    ("china.jpg", "sklearn", "datasets/images/china.jpg"),
    ("rocket.jpg", "skimage", "data/rocket.jpg"),
    ("chelsea.jpg", "skimage", "data/chelsea.png"),
)
PYPI_NAMES = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


def package_folder(package: str) -> Path:
    """Where an installed package lies; it is not imported, so that nothing it depends on has to be there."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the photos are not installed: pip install --no-deps {PYPI_NAMES[package]}")
    return Path(spec.submodule_search_locations[0])


def collect(folder: Path) -> list[Path]:
    """Put the photos as JPEG files into `folder`: JPEGs as they are, PNGs saved with Pillow."""
    folder.mkdir(parents=True, exist_ok=True)
    photos = []
    for name, package, place in SOURCES:
        source, photo = package_folder(package) / place, folder / name
        if source.suffix == ".jpg":
            shutil.copyfile(source, photo)
        else:
            Image.open(source).convert("RGB").save(photo, quality=95)
        photos.append(photo)
    return photos
