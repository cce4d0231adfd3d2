#include "core/conformance/subject.hpp"

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iterator>
#include <thread>
#include <utility>

#include "core/conformance/fault_handler.hpp"
#include "core/plugin/elf_reader.hpp"
#include "core/plugin/float_mode.hpp"
#include "core/plugin/manifest_check.hpp"
#include "core/plugin/sealed_image.hpp"
#include "core/plugin/status.hpp"
#include "core/plugin/verified_plugin.hpp"

namespace lateral::conformance {
namespace {

constexpr std::uint64_t kShutdownNs = 5'000'000'000;

}  // namespace

std::string Answer::described() const {
  return "status " + std::to_string(status) + (text.empty() ? "" : ": " + text);
}

Subject::Subject(Probe& probe, HostAge age)
    : probe_(probe), host_(std::filesystem::absolute(probe.settings().file).parent_path(), age) {
  auto verified = plugin::verify(probe.settings().file);
  image_ = std::move(verified.image);
  facts_ = std::move(verified.facts);
  const auto note = plugin::read_elf(image_->bytes()).note;
  if (note) note_ = *note;
}

void Subject::call(std::string_view what, const std::function<void()>& body) {
  probe_.phase(what);
  plugin::FloatModeGuard float_mode;
  try {
    body();
  } catch (const Breach&) {
    throw;
  } catch (const Error& error) {
    breach(error.what());
  } catch (const std::exception& error) {
    breach(what, " let an exception cross the C border: ", error.what());
  } catch (...) {
    breach(what, " let an exception cross the C border");
  }
  if (float_mode.restore() && float_mode_changed_by_.empty()) float_mode_changed_by_ = what;
}

Answer Subject::ask(std::string_view what, const std::function<std::int32_t(lat_err*)>& body) {
  plugin::ErrorText text;
  Answer answer;
  call(what, [&] { answer.status = body(text.err()); });
  answer.text = text.text();
  return answer;
}

void Subject::open() {
  call("loading (static constructors)", [&] { library_ = std::make_unique<plugin::PluginLibrary>(image_); });
  const lat_plugin* given = nullptr;
  call("its entry", [&] { given = library_->entry()(host_.table()); });
  call("its table", [&] { table_ = plugin::negotiate(given, note_, host_.table()->abi_minor); });
}

Answer Subject::init(const plugin::OptionMap& options) {
  const plugin::OptionTable pairs(options);
  return ask("init", [&](lat_err* err) {
    return functions().init(host_.context(), pairs.data(), pairs.size(), err);
  });
}

void Subject::init() {
  const Answer answer = init(probe_.settings().typed_options());
  if (!answer.ok())
    breach("init failed with ", answer.described(), "; give it the options it needs with --option KEY=VALUE");
}

const std::vector<plugin::EncoderSpec>& Subject::describe() {
  specs_.clear();
  call("encoder_info", [&] {
    const std::uint32_t count = plugin::read_encoder_count(functions());
    for (std::uint32_t i = 0; i < count; ++i) specs_.push_back(plugin::read_encoder_spec(functions(), i));
    plugin::require_declared(facts_, specs_);
  });
  return specs_;
}

std::uint64_t Subject::create(std::uint32_t index) {
  std::uint64_t handle = 0;
  const Answer answer =
      ask("create", [&](lat_err* err) { return functions().create(index, nullptr, 0, &handle, err); });
  if (!answer.ok()) breach("create of encoder ", index, " failed with ", answer.described());
  return handle;
}

Answer Subject::destroy(std::uint64_t handle) {
  return ask("destroy", [&](lat_err* err) { return functions().destroy(handle, err); });
}

Answer Subject::shutdown() {
  return ask("shutdown",
             [&](lat_err* err) { return functions().shutdown(monotonic_ns() + kShutdownNs, err); });
}

void Subject::start() {
  open();
  init();
  describe();
}

plugin::Removal Subject::close() {
  plugin::Removal removal;
  call("unloading (static destructors)", [&] { removal = library_->close(); });
  library_.reset();
  return removal;
}

std::size_t thread_count() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(threads), end(threads)));
}

void on_plugin_thread(const std::function<void()>& body) {
  std::exception_ptr error;
  std::thread thread([&] {
    const FaultStack stack;
    try {
      body();
    } catch (...) {
      error = std::current_exception();
    }
  });
  thread.join();
  if (error) std::rethrow_exception(error);
}

void with_started(Probe& probe, const std::function<void(Subject&)>& body) {
  Subject subject(probe);
  on_plugin_thread([&] {
    subject.start();
    body(subject);
    // Neither shutdown nor unloading is what this probe is about, and the thread's end is neither.
    probe.board().finish();
    std::_Exit(0);
  });
}

}  // namespace lateral::conformance
