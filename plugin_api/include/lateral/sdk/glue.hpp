#pragma once
// Between the C table and the author's classes. Nothing here is called by authors.
//
// The state hangs on one pointer in the plugin's own file, not on a static inside a template: g++ marks those
// UNIQUE, and a library with a UNIQUE symbol is never unmapped.

#include <lateral/sdk/encoder.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace lateral::sdk::detail {

/// An Info with the C structs that point into it. Neither copied nor moved: the pointers are its own.
class Description {
 public:
  explicit Description(Info info) : info_(std::move(info)) {
    for (const Input& input : info_.inputs) add(input);
    for (const auto& input : inputs_) pointers_.push_back(input.get());
    for (const auto& axis : info_.position_axes) axes_.push_back(axis.c_str());
  }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

  const Info& info() const { return info_; }

  void fill(lat_encoder_info& out) const {
    out.flags = (info_.reentrant ? LAT_ENCODER_REENTRANT : 0U) |
                (info_.deterministic ? LAT_ENCODER_DETERMINISTIC : 0U);
    out.name = info_.name.c_str();
    out.modality = info_.modality.c_str();
    out.token_space = info_.token_space.c_str();
    out.token_width = info_.token_width;
    out.max_tokens = info_.max_tokens;
    out.token_dtype = LAT_DTYPE_F32;
    out.n_inputs = static_cast<std::uint32_t>(pointers_.size());
    out.inputs = pointers_.data();
    out.token_limit = info_.token_limit;
  }

  /// The extra output `id`, with width 0 where this encoder gives none.
  void fill(const char* id, lat_token_output_info& out) const {
    const std::string_view name(id);
    if (name == LAT_CAP_TOKEN_SCORES) out.width = info_.scores ? 1 : 0;
    if (name == LAT_CAP_TOKEN_KEYS) out.width = info_.key_width;
    if (name == LAT_CAP_TOKEN_POSITIONS) {
      out.width = static_cast<std::uint32_t>(axes_.size());
      out.n_axes = out.width;
      out.axes = axes_.data();
      out.units = info_.position_units.c_str();
    }
  }

 private:
  void add(const Input& input) {
    std::vector<const char*> columns;
    for (const auto& column : input.columns) columns.push_back(column.c_str());
    columns_.push_back(std::make_unique<std::vector<const char*>>(std::move(columns)));
    inputs_.push_back(std::make_unique<lat_input_info>(lat_input_info{
        sizeof(lat_input_info), input.optional ? LAT_INPUT_OPTIONAL : 0U, input.name.c_str(), input.kind,
        input.dtype, static_cast<std::uint32_t>(input.shape.size()),
        static_cast<std::uint32_t>(input.columns.size()), input.shape.data(), columns_.back()->data(),
        input.units.empty() ? nullptr : input.units.c_str(), input.rate_hz}));
  }

  Info info_;
  std::vector<std::unique_ptr<std::vector<const char*>>> columns_;
  std::vector<std::unique_ptr<lat_input_info>> inputs_;
  std::vector<const lat_input_info*> pointers_;
  std::vector<const char*> axes_;
};

/// Everything between init and shutdown.
class Session {
 public:
  Session(Host host, std::vector<Make> makers, const lat_kv* const* pairs, std::uint32_t count)
      : host_(host), makers_(std::move(makers)), options_(pairs, count) {
    std::set<std::string> known;
    for (const Make make : makers_) {
      Options options = options_;
      firsts_.push_back(make(host_, options));
      known.insert(options.keys_read().begin(), options.keys_read().end());
      descriptions_.push_back(std::make_unique<Description>(firsts_.back()->info()));
    }
    options_.refuse_unknown(known);
  }

  std::uint32_t encoders() const { return static_cast<std::uint32_t>(makers_.size()); }

  const Description& describe(std::uint32_t index) const {
    if (index >= encoders()) fail(LAT_OUT_OF_RANGE, "no encoder ", index, "; there are ", encoders());
    return *descriptions_[index];
  }

  std::uint64_t create(std::uint32_t index, const lat_kv* const* pairs, std::uint32_t count) {
    const Info& info = describe(index).info();
    Living living{take_first(index, count), info.max_tokens};
    if (living.encoder == nullptr) living.encoder = make_another(index, pairs, count);
    const std::lock_guard lock(mutex_);
    living_.emplace(++last_, std::make_shared<Living>(std::move(living)));
    return last_;
  }

  void destroy(std::uint64_t handle) {
    find(handle);
    const std::lock_guard lock(mutex_);
    living_.erase(handle);
  }

  void plan(std::uint64_t handle, const Inputs& in, lat_plan& out) {
    const auto living = find(handle);
    const Plan plan = living->encoder->plan(in);
    out.n_tokens = plan.tokens == UINT32_MAX ? living->max_tokens : plan.tokens;
    out.workspace_bytes = plan.workspace_bytes;
  }

  void encode(std::uint64_t handle, const Inputs& in, Outputs& out) {
    find(handle)->encoder->encode(in, out);
  }

 private:
  struct Living {
    std::unique_ptr<Encoder> encoder;
    std::uint32_t max_tokens;
  };

  /// The encoder that init made to learn its info, so that weights are not read twice.
  std::unique_ptr<Encoder> take_first(std::uint32_t index, std::uint32_t option_count) {
    return option_count == 0 ? std::move(firsts_[index]) : nullptr;
  }

  std::unique_ptr<Encoder> make_another(std::uint32_t index, const lat_kv* const* pairs,
                                        std::uint32_t count) {
    Options options = options_;
    options.merge(pairs, count);
    auto encoder = makers_[index](host_, options);
    Options(pairs, count).refuse_unknown(options.keys_read());
    const Info mine = encoder->info();
    const Info& told = descriptions_[index]->info();
    if (mine.token_space != told.token_space || mine.token_width != told.token_width ||
        mine.max_tokens != told.max_tokens) {
      fail(LAT_INVALID_ARGUMENT,
           "these options would change what the tokens are; give them when the plugin is loaded");
    }
    return encoder;
  }

  std::shared_ptr<Living> find(std::uint64_t handle) {
    const std::lock_guard lock(mutex_);
    const auto found = living_.find(handle);
    if (found == living_.end()) fail(LAT_NOT_FOUND, "no encoder with handle ", handle);
    return found->second;
  }

  Host host_;
  std::vector<Make> makers_;
  Options options_;
  std::vector<std::unique_ptr<Encoder>> firsts_;
  std::vector<std::unique_ptr<Description>> descriptions_;
  std::mutex mutex_;  // reentrant encoders look their handle up on several threads
  std::map<std::uint64_t, std::shared_ptr<Living>> living_;
  std::uint64_t last_ = 0;
};

/// One in a plugin, in its own file. Constant-initialised: the entry runs no constructor.
struct State {
  const lat_host* host = nullptr;
  lat_ctx* context = nullptr;
  Session* session = nullptr;

  Session& live() const {
    if (session == nullptr) fail(LAT_FAILED_PRECONDITION, "the plugin is not initialised");
    return *session;
  }
};

/// The C table over one State.
template <State& state, typename Type>
struct Table {
  static lat_plugin make(const char* id, const char* version, std::uint32_t flags) {
    lat_plugin table{};
    table.struct_size = sizeof(lat_plugin);
    table.abi_minor_built = LAT_ABI_MINOR;
    table.abi_minor_required = 0;
    table.sanitizer = LAT_SANITIZER;
    table.flags = flags;
    table.id = id;
    table.version = version;
    table.init = &init;
    table.shutdown = &shutdown;
    table.encoder_count = &encoder_count;
    table.encoder_info = &encoder_info;
    table.create = &create;
    table.destroy = &destroy;
    table.plan = &plan;
    table.encode = &encode;
    table.get_capability = &get_capability;
    return table;
  }

 private:
  static std::int32_t init(lat_ctx* context, const lat_kv* const* options, std::uint32_t count,
                           lat_err* err) noexcept {
    return guard(err, [&] {
      if (state.session != nullptr) fail(LAT_FAILED_PRECONDITION, "init was called twice");
      state.context = context;
      state.session = new Session(Host(state.host, context), Makers<Type>::list(), options, count);
    });
  }
  static std::int32_t shutdown(std::uint64_t, lat_err* err) noexcept {
    return guard(err, [] {
      delete state.session;
      state.session = nullptr;
    });
  }
  static std::int32_t encoder_count(std::uint32_t* count, lat_err* err) noexcept {
    return guard(err, [&] { *count = state.live().encoders(); });
  }
  static std::int32_t encoder_info(std::uint32_t index, lat_encoder_info* info, lat_err* err) noexcept {
    return guard(err, [&] { state.live().describe(index).fill(*info); });
  }
  static std::int32_t create(std::uint32_t index, const lat_kv* const* options, std::uint32_t count,
                             std::uint64_t* handle, lat_err* err) noexcept {
    return guard(err, [&] { *handle = state.live().create(index, options, count); });
  }
  static std::int32_t destroy(std::uint64_t handle, lat_err* err) noexcept {
    return guard(err, [&] { state.live().destroy(handle); });
  }
  static std::int32_t plan(std::uint64_t handle, const lat_tensor* const* in, std::uint32_t n_in,
                           lat_plan* out, lat_err* err) noexcept {
    return guard(err, [&] { state.live().plan(handle, Inputs(in, n_in), *out); });
  }
  static std::int32_t encode(std::uint64_t handle, lat_encode* args, lat_err* err) noexcept {
    return guard(err, [&] {
      Outputs out(*args, state.host->now_ns, state.context);
      state.live().encode(handle, Inputs(args->in, args->n_in), out);
    });
  }

  template <int which>
  static std::int32_t describe(std::uint32_t index, lat_token_output_info* info, lat_err* err) noexcept {
    constexpr const char* ids[] = {LAT_CAP_TOKEN_SCORES, LAT_CAP_TOKEN_KEYS, LAT_CAP_TOKEN_POSITIONS};
    return guard(err, [&] {
      state.live().describe(index).fill(ids[which], *info);
      if (info->width == 0) fail(LAT_NOT_FOUND, "encoder ", index, " gives no ", ids[which]);
    });
  }
  static const void* get_capability(const char* id) noexcept {
    static constexpr lat_token_output scores{sizeof(lat_token_output), 0, &describe<0>};
    static constexpr lat_token_output keys{sizeof(lat_token_output), 0, &describe<1>};
    static constexpr lat_token_output positions{sizeof(lat_token_output), 0, &describe<2>};
    const std::string_view name(id);
    if (name == LAT_CAP_TOKEN_SCORES) return &scores;
    if (name == LAT_CAP_TOKEN_KEYS) return &keys;
    if (name == LAT_CAP_TOKEN_POSITIONS) return &positions;
    return nullptr;
  }
};

}  // namespace lateral::sdk::detail
