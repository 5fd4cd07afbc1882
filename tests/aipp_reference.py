"""What AIPP computes, in NumPy: the reference for tests and benchmarks. Written from the manual's formulas.

    aipp(image, params) -> float32 or integer array of shape (C, H, W) or (H, W, C)
    dynamic_aipp(image, params) -> the same with parameters as dynamic AIPP carries them

`params` is a dict with the keys of the configuration file; absent keys have the file's defaults. Sizes must be complete:
src_image_size_w/h, and crop_size_w/h with crop. Colour conversion needs its matrix and biases unless the default is meant.
"""

import numpy as np

CHANNELS = {
    "YUV420SP_U8": 3,
    "XRGB8888_U8": 4,
    "RGB888_U8": 3,
    "YUV400_U8": 1,
    "ARGB8888_U8": 4,
    "YUYV_U8": 3,
    "YUV422SP_U8": 3,
    "AYUV444_U8": 4,
}
YUV = ("YUV420SP_U8", "YUYV_U8", "YUV422SP_U8", "AYUV444_U8")

_DEFAULT_YUV_TO_BGR = ([[298, 516, 0], [298, -100, -208], [298, 0, 409]], [16, 128, 128], [0, 0, 0])
_DEFAULT_RGB_TO_YUV = ([[66, 129, 25], [-38, -74, 112], [112, -94, -18]], [0, 0, 0], [16, 128, 128])


def image_bytes(params):
    """Bytes of one source image."""
    pixels = params["src_image_size_w"] * params["src_image_size_h"]
    return {
        "YUV420SP_U8": pixels * 3 // 2,
        "XRGB8888_U8": pixels * 4,
        "RGB888_U8": pixels * 3,
        "YUV400_U8": pixels,
        "ARGB8888_U8": pixels * 4,
        "YUYV_U8": pixels * 2,
        "YUV422SP_U8": pixels * 2,
        "AYUV444_U8": pixels * 4,
    }[params["input_format"]]


def _samples(image, params):
    """int64 array (H, W, channels) after the swaps; XRGB as X, R, G, B."""
    width, height = params["src_image_size_w"], params["src_image_size_h"]
    data = np.frombuffer(bytes(image), np.uint8).astype(np.int64)
    if data.size != image_bytes(params):
        raise ValueError(f"the image has {data.size} bytes instead of {image_bytes(params)}")
    swap = params.get("rbuv_swap_switch", False)
    kind = params["input_format"]
    if kind == "YUV400_U8":
        return data.reshape(height, width, 1)
    if kind == "YUV420SP_U8":
        luma = data[: width * height].reshape(height, width, 1)
        pairs = data[width * height :].reshape(height // 2, width // 2, 2)
        chroma = pairs.repeat(2, axis=0).repeat(2, axis=1)
        return np.concatenate([luma, chroma[..., ::-1] if swap else chroma], axis=2)
    if kind == "YUV422SP_U8":
        luma = data[: width * height].reshape(height, width, 1)
        chroma = data[width * height :].reshape(height, width // 2, 2).repeat(2, axis=1)
        return np.concatenate([luma, chroma[..., ::-1] if swap else chroma], axis=2)
    if kind == "YUYV_U8":
        two = data.reshape(height, width // 2, 4)  # Y, U, Y, V
        luma = two[..., ::2].reshape(height, width, 1)
        chroma = two[..., 1::2].repeat(2, axis=1)
        return np.concatenate([luma, chroma[..., ::-1] if swap else chroma], axis=2)
    pixels = data.reshape(height, width, CHANNELS[kind])
    if kind == "RGB888_U8":
        return pixels[..., ::-1] if swap else pixels
    if params.get("ax_swap_switch", False):
        pixels = np.roll(pixels, 1, axis=2)
    if kind == "AYUV444_U8":
        return pixels[..., [0, 1, 3, 2]] if swap else pixels
    return pixels[..., [0, 3, 2, 1]] if swap else pixels


def _coefficients(params):
    names = [f"matrix_r{k}c{j}" for k in range(3) for j in range(3)]
    input_names = [f"input_bias_{k}" for k in range(3)]
    output_names = [f"output_bias_{k}" for k in range(3)]
    if not any(name in params for name in names + input_names + output_names):
        is_yuv = params["input_format"] in YUV
        matrix, input_bias, output_bias = _DEFAULT_YUV_TO_BGR if is_yuv else _DEFAULT_RGB_TO_YUV
    else:
        matrix = [[params.get(f"matrix_r{k}c{j}", 0) for j in range(3)] for k in range(3)]
        input_bias = [params.get(name, 0) for name in input_names]
        output_bias = [params.get(name, 0) for name in output_names]
    return np.array(matrix, np.int64), np.array(input_bias, np.int64), np.array(output_bias, np.int64)


def _convert_colour(samples, params):
    """X of XRGB is kept as it is."""
    first = 1 if samples.shape[2] == 4 else 0
    matrix, input_bias, output_bias = _coefficients(params)
    colours = samples[..., first : first + 3] - input_bias
    converted = ((colours @ matrix.T) >> 8) + output_bias
    return np.concatenate([samples[..., :first], converted.clip(0, 255)], axis=2)


def _normalise(samples, params, dtype):
    count = samples.shape[2]
    mean = np.array([params.get(f"mean_chn_{k}", 0) for k in range(count)], np.int64)
    if dtype == np.uint8:
        return samples.astype(np.uint8)
    if dtype == np.int8:
        return (samples - mean).clip(-128, 127).astype(np.int8)
    smallest = np.array([params.get(f"min_chn_{k}", 0.0) for k in range(count)], np.float32)
    factor = np.array([params.get(f"var_reci_chn_{k}", 1.0) for k in range(count)], np.float32)
    with np.errstate(over="ignore"):
        return (((samples - mean).astype(np.float32) - smallest) * factor).astype(dtype)


def aipp(image, params, *, channels=None, dtype=np.float32, layout="NCHW"):
    """One image through static AIPP. `channels` is that of the model input (default: the format's own)."""
    samples = _samples(image, params)
    if params.get("crop", False):
        left, top = params.get("load_start_pos_w", 0), params.get("load_start_pos_h", 0)
        samples = samples[top : top + params["crop_size_h"], left : left + params["crop_size_w"]]
    if params.get("csc_switch", False):
        samples = _convert_colour(samples, params)
    channels = samples.shape[2] if channels is None else channels
    if samples.shape[2] == 4 and channels < 4:
        samples = samples[..., 1:]  # X is dropped.
    result = _normalise(samples[..., :channels], params, np.dtype(dtype))
    if params.get("padding", False):
        border = [
            (params.get("top_padding_size", 0), params.get("bottom_padding_size", 0)),
            (params.get("left_padding_size", 0), params.get("right_padding_size", 0)),
            (0, 0),
        ]
        value = np.float32(params.get("padding_value", 0.0)).astype(result.dtype)
        result = np.pad(result, border, constant_values=value)
    return np.ascontiguousarray(result.transpose(2, 0, 1) if layout == "NCHW" else result)


def dynamic_aipp(image, params, **how):
    """Minima and reciprocals travel as half floats; the border is 0."""
    rounded = dict(params)
    for key, value in params.items():
        if key.startswith(("min_chn", "var_reci_chn")):
            rounded[key] = float(np.float16(value))
    rounded.pop("padding_value", None)
    return aipp(image, rounded, **how)
