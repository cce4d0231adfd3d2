// The one file that sees TorchScript's headers: they are slow to compile.
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <exception>
#include <new>

#include <lateral/sdk/error.hpp>

#include "plugins/torch_module/module.hpp"

namespace lateral::plugins {
namespace {

[[noreturn]] void explain(std::int32_t code, const std::string& what, const std::string& text) {
  const bool memory = text.find("can't allocate memory") != text.npos;
  sdk::fail(memory ? LAT_RESOURCE_EXHAUSTED : code, what, reason_in(text));
}

/// Runs `body`; errors of libtorch and of the module's own code become one line after `what`.
template <typename Body>
auto explained(std::int32_t code, const std::string& what, Body&& body) {
  try {
    return body();
  } catch (const sdk::Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const c10::Error& error) {
    explain(code, what, error.what_without_backtrace());
  } catch (const std::exception& error) {  // of the interpreter, and of the reader of code
    explain(code, what, error.what());
  }
}

std::string listed(const c10::FunctionSchema& schema) {
  std::string text;
  for (std::size_t i = 1; i < schema.arguments().size(); ++i) {
    const auto& argument = schema.arguments()[i];
    text += (text.empty() ? "" : ", ") + argument.name() + ": " + argument.type()->annotation_str();
  }
  return "(" + text + ")";
}

void require_arguments(const std::string& path, const c10::FunctionSchema& schema, std::size_t given) {
  const auto all = schema.arguments().size() - 1;  // without self
  std::size_t needed = 0;
  for (std::size_t i = 1; i <= all; ++i) needed += schema.arguments()[i].default_value() ? 0 : 1;
  if (given >= needed && given <= all) return;
  sdk::fail(LAT_INVALID_ARGUMENT, path, ": ", schema.name(), " takes ", listed(schema),
            ", the option inputs names ", given, "; name one input for each argument, in this order");
}

[[noreturn]] void lacks_method(const std::string& path, const std::string& method,
                               const torch::jit::Module& module) {
  std::string known;
  for (const auto& one : module.get_methods()) known += (known.empty() ? "" : ", ") + one.name();
  sdk::fail(LAT_INVALID_ARGUMENT, path, " has no method \"", method, "\"; ",
            known.empty() ? "it has none at all" : "set the option method to one of: " + known);
}

void add(const c10::IValue& value, Results& results, const std::string& key = {}) {
  if (value.isTensor()) {
    results.tensors.push_back(value.toTensor());
    results.keys.push_back(key);
  } else if (value.isTuple()) {
    for (const auto& element : value.toTupleRef().elements()) add(element, results);
  } else if (value.isList()) {
    for (const auto& element : value.toListRef()) add(element, results);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      if (entry.key().isString() && entry.value().isTensor())
        add(entry.value(), results, entry.key().toStringRef());
    }
  } else if (!value.isNone()) {
    sdk::fail(LAT_INVALID_ARGUMENT, "the module returns a ", value.tagKind(),
              "; tensors, tuples, lists and dictionaries of tensors can be read");
  }
}

class ScriptModule final : public Module {
 public:
  ScriptModule(torch::jit::Module module, const std::string& method)
      : module_(std::move(module)), method_(module_.get_method(method)) {}

  Results run(const std::vector<at::Tensor>& arguments) override {
    // Without it, the first calls are observed and later ones compiled by what was seen: other kernels, other bits.
    const torch::jit::GraphOptimizerEnabledGuard as_written(false);
    return explained(LAT_INVALID_ARGUMENT, "the module failed: ", [&] {
      Results results;
      add(method_(std::vector<c10::IValue>(arguments.begin(), arguments.end())), results);
      return results;
    });
  }

 private:
  torch::jit::Module module_;
  torch::jit::Method method_;
};

}  // namespace

std::unique_ptr<Module> load_torchscript(const std::string& path, const std::string& method,
                                         std::size_t arguments) {
  auto module = explained(
      LAT_DATA_LOSS, path + " cannot be loaded: ", [&] { return torch::jit::load(path, at::kCPU, false); });
  module.eval();
  const auto found = module.find_method(method);
  if (!found) lacks_method(path, method, module);
  require_arguments(path, found->function().getSchema(), arguments);
  return std::make_unique<ScriptModule>(std::move(module), method);
}

}  // namespace lateral::plugins
