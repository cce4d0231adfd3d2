#pragma once
// How a connection supplies its blocks, by the names configurations and adapters use.

#include <string_view>

namespace lateral::wiring {

enum class Method {
  LateKv,  ///< "late-kv": keys and values from a small aligner, shared by all connected blocks (mPnP-LLM)
};

std::string_view name_of(Method method) noexcept;

/// Throws InvalidArgument for a name nobody knows, listing the names there are, and Unsupported for a method
/// that lateral knows of and this build has no source for.
Method method_named(std::string_view name);

}  // namespace lateral::wiring
