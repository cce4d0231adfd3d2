#pragma once
// Changes to pictures, among them those that data sets are published with. They give the bytes that Pillow gives, so
// that results can be compared with those of others.

#include "core/format/image.hpp"

namespace lateral::format {

/// Rows become columns, the first one stays the first.
Image transposed(const Image& image);

/// Pillow's GaussianBlur(radius): three box blurs along each axis (Gwosdek and others, "Theoretical
/// foundations of Gaussian convolution by extended box filtering", 2011), each rounded to eight bits; the
/// border is repeated outwards. `radius` is the standard deviation in pixels, 0 to 1000; throws
/// InvalidArgument otherwise.
Image gaussian_blur(const Image& image, float radius);

/// Pillow's Brightness(factor): every value times `factor` in [0, 1], cut to a whole number.
/// Throws InvalidArgument for another factor.
void dim(Image& image, float factor);

/// The night that mPnP-LLM makes of day pictures ("80dimgaussian7"): blurred with radius 7, a fifth of the
/// brightness.
Image night_of(const Image& image);

}  // namespace lateral::format
