// Crop, resize, paste and format conversion in one step.
#pragma once

#include "media/image/picture.h"
#include "media/image/resample.h"

namespace cairn {

/// Scales `from` of the input to `to` of the output, which keeps its bytes outside of `to`.
///
/// Y, U, V (or R, G, B) are scaled as planes of their own. Subsampled chroma lies in the middle of the pixels
/// that share it: an area that starts at an odd pixel takes half a chroma sample into account. An output
/// sample that lies half inside `to` is written [VPC1-030]. RGB and YUV are converted into each other after
/// scaling, with `matrix`; alpha is set to 255 where the input has none. Grey input needs grey output
/// [VPC1-004].
void scale_picture(const Picture& input, const Rectangle& from, const Picture& output, const Rectangle& to,
                   Interpolation interpolation, acldvppCscMatrix matrix);

}  // namespace cairn
