#pragma once
// What runs in a worker process: it loads one plugin and answers the host's questions with it. Of the host's
// process it knows nothing but the lanes.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/encoder_spec.hpp"
#include "core/plugin/host_table.hpp"
#include "core/plugin/negotiation.hpp"
#include "core/plugin/plugin_library.hpp"
#include "core/plugin/sealed_image.hpp"
#include "core/plugin/worker/lane.hpp"
#include "core/plugin/worker/messages.hpp"

namespace lateral::plugin::worker {

class Server {
 public:
  /// Lane 0 is the plugin thread's, lane 1 that of cancel, the others are for reentrant encoders.
  Server(std::shared_ptr<const SealedImage> image, std::vector<Lane> lanes);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Answers on lane 0, on the calling thread, until shutdown was asked for and answered; then closes the
  /// library.
  void serve();

 private:
  void serve_lane(Lane& lane);
  Writer answer(Lane& lane, std::span<const std::byte> question);
  void dispatch(Question question, Reader& in, Lane& lane, Writer& out);

  LoadReply load(const LoadRequest& request);
  void init(OptionMap options);
  EncodersReply read_encoders();
  void open_lanes(const LanesRequest& request);
  Handle create(const CreateRequest& request);
  void destroy(const Handle& handle);
  EncodeReply encode(const EncodeRequest& request, Lane& lane);
  void shut_down(const ShutdownRequest& request);

  std::shared_ptr<const SealedImage> image_;
  std::vector<Lane> lanes_;
  std::string id_;  ///< what the host calls the plugin
  std::optional<HostTable> host_;
  std::unique_ptr<PluginLibrary> library_;
  PluginTable table_;
  std::vector<EncoderSpec> encoders_;
  bool ended_ = false;
};

}  // namespace lateral::plugin::worker
