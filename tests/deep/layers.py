"""Layers, compared with GDAL: rasters that it wrote in many ways, the pixels of our tiles, and our file as others read it.

    python layers.py TOOLS FOLDER

Each raster is converted by the code of the server. Of what came out, every tile of the finest level is compared with the pixels that
GDAL reads from the source, those of a coarser one with averages, places with PROJ, and the file itself is checked by rio-cogeo, the
validator of cloud optimized GeoTIFFs. Broken rasters are refused in words.
"""

import io
import json
import pathlib
import subprocess
import sys

import numpy
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin
from rasterio.warp import transform
from rio_cogeo.cogeo import cog_validate

from support import check, say

tools, folder = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
folder.mkdir(parents=True, exist_ok=True)
WIDTH, HEIGHT, TILE = 1500, 1100, 512
UTM = {"crs": "EPSG:32632", "transform": from_origin(500_000, 5_168_000, 0.25, 0.25)}
random = numpy.random.default_rng(20261129)


def ground():
    """Colours that change slowly, with a few edges: what JPEG keeps well."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    bands = [127 + 100 * numpy.sin(x / 90 + n) * numpy.cos(y / (70 + 20 * n)) for n in range(3)]
    picture = numpy.stack(bands)
    picture[:, 300:500, 400:900] = numpy.array([220, 40, 40]).reshape(3, 1, 1)
    return picture.clip(1, 254).astype("uint8")


def heights():
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    return (500 + 8 * numpy.sin(x / 60) + 5 * numpy.cos(y / 45) + 0.004 * x).astype("float32")


def write(name, pixels, colours=None, mask=None, environment=None, **options):
    path = folder / f"{name}.tif"
    profile = {"driver": "GTiff", "width": pixels.shape[2], "height": pixels.shape[1], "count": len(pixels), "dtype": pixels.dtype, **UTM, **options}
    with rasterio.Env(**(environment or {})), rasterio.open(path, "w", **profile) as raster:
        # Before any pixel: what a band is stands in the file then, and not beside it.
        if colours:
            raster.colorinterp = colours
        raster.write(pixels)
        if mask is not None:
            raster.write_mask(mask)
    return path


def make(kind, path):
    tiles = path.with_suffix(".tiles")
    done = subprocess.run([tools, "layer", kind, path, tiles], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"FAILED: {path.name}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout), tiles


def level(made, tiles, number):
    """A level as one picture, put together from tiles as a browser gets them."""
    file = tiles.read_bytes()
    found = [tile for tile in made["tiles"] if tile[0] == number]
    across, down = max(tile[1] for tile in found) + 1, max(tile[2] for tile in found) + 1
    picture = numpy.zeros((down * TILE, across * TILE, 3), dtype="uint8")
    for _, x, y, begins, ends in found:
        tile = Image.open(io.BytesIO(file[begins:ends]))
        assert tile.format in ("JPEG", "WEBP") and tile.size == (TILE, TILE)
        over_white = Image.new("RGBA", tile.size, "white")
        over_white.alpha_composite(tile.convert("RGBA"))
        picture[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE] = numpy.asarray(over_white.convert("RGB"))
    return picture


def shown(picture, there):
    """What is seen of a picture of GDAL: white where nothing is."""
    return numpy.where(there[..., None], numpy.moveaxis(picture, 0, -1), 255).astype("uint8")


def off(one, other):
    return float(numpy.abs(one.astype(int) - other.astype(int)).mean())


def compare(name, kind, path, wanted, most=2.0, inside=None):
    """Compares every level, the places, and the file as GDAL and rio-cogeo read it."""
    made, tiles = make(kind, path)
    if "problem" in made:
        sys.exit(f"FAILED: {name}: {made['problem']}")
    height, width = wanted.shape[:2]
    assert made["sides"] == [width, height], made["sides"]
    finest = level(made, tiles, made["levels"] - 1)[:height, :width]
    use = numpy.ones((height, width), bool) if inside is None else inside
    difference = off(finest[use], wanted[use])
    assert difference < most, f"{name}: the finest level is off by {difference}"
    half = level(made, tiles, made["levels"] - 2)[: height // 2, : width // 2]
    averages = wanted[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))
    plain = use[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2).all((1, 3))
    assert off(half[plain], averages[plain]) < most + 1, f"{name}: a coarser level is off"
    with rasterio.open(path) as source, rasterio.open(tiles) as ours:
        assert ours.crs == source.crs and ours.transform.almost_equals(source.transform), f"{name}: it lies elsewhere"
        assert ours.block_shapes[0] == (TILE, TILE) and ours.overviews(1) == [2 ** n for n in range(1, made["levels"])]
        read = numpy.moveaxis(ours.read(), 0, -1)
        assert off(read[use], finest[use]) < 0.5, f"{name}: GDAL reads other pixels than a browser"
        steps = [n / 16 for n in range(17)]
        corners = [(source.transform * (width * x, height * y)) for y in steps for x in steps]
        longitudes, latitudes = transform(source.crs, "EPSG:4326", [at[0] for at in corners], [at[1] for at in corners])
        for (longitude, latitude), east, north in zip(made["grid"], longitudes, latitudes, strict=True):
            assert abs(longitude / 1e9 - east) < 2e-8 and abs(latitude / 1e9 - north) < 2e-8, f"{name}: {longitude} {east}"
    valid, errors, warnings = cog_validate(tiles, quiet=True)
    assert valid and not errors and not warnings, f"{name}: {errors} {warnings}"
    check(True, f"{name}: off by {difference:.2f} of 255, {tiles.stat().st_size:,} bytes, a valid COG")
    return made, tiles


picture, everything = ground(), numpy.ones((HEIGHT, WIDTH), bool)
RGB = {"photometric": "RGB"}
say("Pictures")
for name, options in {
    "strips": {},
    "one-strip": {"blockysize": HEIGHT},
    "tiles": {"tiled": True, "blockxsize": 256, "blockysize": 256},
    "large-tiles": {"tiled": True, "blockxsize": 1024, "blockysize": 1024},
    "lzw": {"compress": "lzw"},
    "lzw-predictor": {"compress": "lzw", "predictor": 2, "tiled": True},
    "deflate": {"compress": "deflate", "tiled": True},
    "deflate-predictor": {"compress": "deflate", "predictor": 2},
    "packbits": {"compress": "packbits"},
    "bands": {"interleave": "band"},
    "bands-tiles": {"interleave": "band", "tiled": True, "compress": "deflate"},
    "bigtiff": {"BIGTIFF": "YES", "compress": "lzw", "tiled": True},
    "big-endian": {"ENDIANNESS": "BIG"},
}.items():
    compare(name, "orthophoto", write(name, picture, **RGB, **options), shown(picture, everything))
for name, options in {
    "jpeg": {"compress": "jpeg", "photometric": "YCBCR", "tiled": True, "jpeg_quality": 90},
    "jpeg-strips": {"compress": "jpeg", "photometric": "YCBCR", "jpeg_quality": 90},
    "jpeg-rgb": {"compress": "jpeg", "photometric": "RGB", "tiled": True, "jpeg_quality": 90},
}.items():
    path = write(name, picture, **options)
    with rasterio.open(path) as source:
        compare(name, "orthophoto", path, shown(source.read(), everything))

say("What is not there")
there = everything.copy()
there[:, :350] = False
there[900:, 700:] = False
# JPEG mixes colours across an edge, so pixels beside it are not compared.
far = numpy.ones_like(there)
far[:, 340:360] = False
far[890:910, 690:] = False
far[890:, 690:710] = False
alpha = numpy.concatenate([picture, (there * 255).astype("uint8")[None]])
RGBA = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
path = write("alpha", alpha, RGBA, compress="deflate", tiled=True, photometric="RGB")
made, tiles = compare("alpha", "orthophoto", path, shown(picture, there), inside=far)
with rasterio.open(tiles) as ours:
    check((ours.dataset_mask() > 0).astype(bool).tolist() == there.tolist(), "its mask is what was transparent")
    small = ours.read_masks(1, out_shape=(HEIGHT // 2, WIDTH // 2)) > 0
    check((small == there[::2, ::2][: HEIGHT // 2, : WIDTH // 2]).mean() > 0.99, "and so is that of a coarser level")
compare("alpha-bands", "orthophoto", write("alpha-bands", alpha, RGBA, interleave="band", photometric="RGB"), shown(picture, there), inside=far)
void = numpy.where(there, picture, 0).astype("uint8")
compare("nodata", "orthophoto", write("nodata", void, nodata=0, compress="lzw", **RGB), shown(picture, there), inside=far)
path = write("mask", picture, mask=there, environment={"GDAL_TIFF_INTERNAL_MASK": True}, compress="jpeg", photometric="YCBCR", tiled=True, jpeg_quality=90)
with rasterio.open(path) as source:
    compare("mask", "mosaic", path, shown(source.read(), there), inside=far)
grey = picture[:1]
compare("grey", "orthophoto", write("grey", grey), shown(numpy.repeat(grey, 3, 0), everything))

say("More than eight bits")
wide = picture.astype("uint16") * 16 + 200
low, high = numpy.percentile(wide, 2), numpy.percentile(wide, 98)
stretched = ((wide - low) / (high - low) * 255).clip(0, 255).astype("uint8")
compare("sixteen-bits", "orthophoto", write("sixteen-bits", wide, compress="deflate", predictor=2, **RGB), shown(stretched, everything), most=5)
few = picture.astype("uint16")
compare("eight-in-sixteen", "orthophoto", write("eight-in-sixteen", few, tiled=True, **RGB), shown(picture, everything))
floats = picture.astype("float32") / 255
low, high = numpy.percentile(floats, 2), numpy.percentile(floats, 98)
stretched = ((floats - low) / (high - low) * 255).clip(0, 255).astype("uint8")
compare("floats", "orthophoto", write("floats", floats, compress="deflate", predictor=3, tiled=True, **RGB), shown(stretched, everything), most=5)


def hillshade(values, step):
    """Horn's, in the light of the north-west, as gdaldem computes it."""
    z = numpy.pad(values.astype("float64"), 1, mode="edge")
    a, b, c = z[:-2, :-2], z[:-2, 1:-1], z[:-2, 2:]
    d, f = z[1:-1, :-2], z[1:-1, 2:]
    g, h, i = z[2:, :-2], z[2:, 1:-1], z[2:, 2:]
    x, y = ((c + 2 * f + i) - (a + 2 * d + g)) / (8 * step), ((a + 2 * b + c) - (g + 2 * h + i)) / (8 * step)
    azimuth, altitude = numpy.radians(315), numpy.radians(45)
    light = (numpy.sin(altitude) - numpy.cos(altitude) * (numpy.cos(azimuth) * y + numpy.sin(azimuth) * x)) / numpy.sqrt(1 + x * x + y * y)
    return (1 + 254 * light.clip(0)).astype("uint8")


say("Heights and counts")
dsm = heights()
shade = numpy.repeat(hillshade(dsm, 0.25)[None], 3, 0)
for name, options in {"dsm": {}, "dsm-lzw": {"compress": "lzw", "predictor": 3, "tiled": True}, "dsm-deflate": {"compress": "deflate", "BIGTIFF": "YES"}}.items():
    compare(name, "elevation", write(name, dsm[None], **options), shown(shade, everything), most=3)
holes = numpy.where(there, dsm, -9999).astype("float32")
compare("dsm-nodata", "elevation", write("dsm-nodata", holes[None], nodata=-9999, compress="lzw"), shown(shade, there), most=3, inside=far)
whole = (dsm * 10).round().astype("int16")
compare("dsm-int16", "elevation", write("dsm-int16", whole[None]), shown(numpy.repeat(hillshade(whole, 0.25)[None], 3, 0), everything), most=4)
counts = (numpy.mgrid[0:HEIGHT, 0:WIDTH][1] // 150).astype("uint8")
colours = numpy.array([[255] * 3, [215, 48, 39], [252, 141, 89], [254, 224, 139], [217, 239, 139], *[[145, 207, 96]] * 3, *[[26, 152, 80]] * 3])
compare("coverage", "coverage", write("coverage", counts[None], nodata=0, compress="deflate"), colours[counts].astype("uint8"), most=3)

say("Places")
for name, crs, transform_of in [
    ("degrees", "EPSG:4326", from_origin(8.58, 46.66, 2.5e-6, 1.7e-6)),
    ("utm-south", "EPSG:32733", from_origin(400_000, 7_500_000, 0.1, 0.1)),
    ("etrs-utm", "EPSG:25832", from_origin(500_000, 5_168_000, 0.25, 0.25)),
    ("mercator", "EPSG:3857", from_origin(955_000, 5_880_000, 0.5, 0.5)),
    ("turned", "EPSG:32632", UTM["transform"] @ rasterio.Affine.rotation(25) if hasattr(UTM["transform"], "__matmul__") else UTM["transform"] * rasterio.Affine.rotation(25)),
]:
    compare(name, "orthophoto", write(name, picture, crs=crs, transform=transform_of, **RGB), shown(picture, everything))
path = write("point", picture, environment=None, **RGB)
with rasterio.open(path, "r+") as raster:
    raster.update_tags(AREA_OR_POINT="Point")
compare("pixel-is-point", "orthophoto", path, shown(picture, everything))
lv95 = write("lv95", picture, crs="EPSG:2056", transform=from_origin(2_688_000, 1_167_000, 0.25, 0.25), **RGB)
made, _ = make("orthophoto", lv95)
with rasterio.open(lv95) as source:
    [east], [north] = transform(source.crs, "EPSG:4326", [2_688_000], [1_167_000])
far_off = max(abs(made["grid"][0][0] / 1e9 - east), abs(made["grid"][0][1] / 1e9 - north))
check(far_off < 2e-5, f"LV95 is within two metres of PROJ: {far_off * 111_320:.2f} m")

say("What cannot be shown says why")
good = (folder / "tiles.tif").read_bytes()
for name, broken in {
    "cut": good[: len(good) // 2],
    "cut-early": good[:100],
    "no-tiff": b"not a picture at all",
    "circle": good[:4] + (8).to_bytes(4, "little") + (0).to_bytes(2, "little") + (8).to_bytes(4, "little") + good[14:],
}.items():
    path = folder / f"broken-{name}.tif"
    path.write_bytes(broken)
    made, _ = make("orthophoto", path)
    check("problem" in made, f"{name}: {made.get('problem')}")
palette = write("palette", grey)
with rasterio.open(palette, "r+") as raster:
    raster.write_colormap(1, {value: (value, 0, 255 - value, 255) for value in range(256)})
for name, path in {
    "no place": write("nowhere", picture, crs=None, transform=None, **RGB),
    "nothing in it": write("empty", numpy.zeros_like(picture), nodata=0, **RGB),
    "a palette": palette,
    "ZSTD": write("zstd", picture, compress="zstd", **RGB),
}.items():
    made, _ = make("orthophoto", path)
    check("problem" in made, f"{name}: {made.get('problem')}")
small = write("small", picture[:, :200, :300], compress="deflate", tiled=True, blockxsize=128, blockysize=128, **RGB)
good = small.read_bytes()
for round_ in range(300):
    spoiled = bytearray(good)
    for _ in range(random.integers(1, 6)):
        spoiled[random.integers(0, 600 if random.random() < 0.7 else len(spoiled))] = random.integers(0, 256)
    path = folder / "spoiled.tif"
    path.write_bytes(spoiled)
    done = subprocess.run([tools, "layer", "orthophoto", path, path.with_suffix(".tiles")], capture_output=True, text=True, check=False, timeout=120)
    # A reader that panics costs one layer in the server, where it runs on a thread of its own.
    assert done.returncode in (0, 101), f"round {round_}: {done.returncode} {done.stderr}"
check(True, "300 spoiled files, none of which breaks the program")
