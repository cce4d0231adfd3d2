#pragma once
// Telling one training run from another: everything that decides its result, hashed.

#include "core/base/hash.hpp"

namespace lateral::training {

using Fingerprint = Hash64;

}  // namespace lateral::training
