#pragma once
// Libraries that a plugin may share with the program that hosts it: libtorch, so that there is one of it, and encoders
// compute with the very code that the model does.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace lateral::plugin {

/// The file that this program has mapped under a name of libtorch ("libtorch_cpu.so", "libc10.so", ...), which the
/// loader gives to whoever needs that name; empty when the name is another one or the program has none. A program that
/// judges for a host, and has not mapped what the host has, names the folder of the host's libraries as `stand_in`.
std::filesystem::path library_of_host(const std::string& name, const std::filesystem::path& stand_in = {});

/// Whether a library of this name is one that plugins share with their host, whether it is there or not.
bool is_shared_with_host(std::string_view name);

/// Maps libraries of the program that started this process, for good. Throws Unsupported with the loader's reason.
void map_libraries(std::span<const std::string> files);

}  // namespace lateral::plugin
