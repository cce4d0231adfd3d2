#pragma once
// Libraries that a plugin may share with the program that hosts it: libtorch, so that there is one of it, and encoders
// compute with the very code that the model does.

#include <filesystem>
#include <span>
#include <string>

namespace lateral::plugin {

/// The file that this program has mapped under a name of libtorch ("libtorch_cpu.so", "libc10.so", ...), which the
/// loader gives to whoever needs that name; empty when the name is another one or the program has none.
std::filesystem::path library_of_host(const std::string& name);

/// Maps libraries of the program that started this process, for good. Throws Unsupported with the loader's reason.
void map_libraries(std::span<const std::string> files);

}  // namespace lateral::plugin
