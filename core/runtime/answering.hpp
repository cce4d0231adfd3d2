#pragma once
// Questions to answers: the model, what is attached to it, and what the senses saw.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/config/config.hpp"
#include "core/connector/connector_manager.hpp"
#include "core/model/generate.hpp"
#include "core/runtime/language.hpp"
#include "core/runtime/prefix_cache.hpp"
#include "core/runtime/seeing.hpp"

namespace lateral::runtime {

struct Reply {
  std::string text;
  std::vector<std::int64_t> ids;    ///< as generated, with the id that ended it if one did
  std::vector<std::string> senses;  ///< connections that took part
  std::vector<Missing> missing;     ///< those that could have and did not
  std::string logits;               ///< 16 hexadecimal digits over the last logits' bits; empty with beams
  double first_token_ms = 0, total_ms = 0;
};

/// The text so far grows by `piece`.
using TextCallback = std::function<void(std::string_view piece)>;

struct AnswerOptions {
  TextCallback on_text;
  CancelToken cancel;
  std::int64_t min_new_tokens = 0;  ///< until then nothing ends the answer
};

/// Keeps the text-only part of recent questions. Thread safety: all members from any thread, as many answers at once as
/// wanted.
class Answering {
 public:
  Answering(std::shared_ptr<const Language> language,
            std::shared_ptr<const connector::ConnectorManager> manager, const config::RunConfig& run);

  /// One answer with what was seen, by the wiring it was seen for. A sense whose tokens cannot be attended to is missing.
  /// Throws Cancelled, and what generating throws.
  Reply ask(std::string_view question, const Seen& seen, const AnswerOptions& options = {}) const;

 private:
  std::unique_ptr<connector::AnswerAttachments> begin(const model::Ids& prompt, const Seen& seen,
                                                      std::vector<Missing>& missing) const;

  std::shared_ptr<const Language> language_;
  std::shared_ptr<const connector::ConnectorManager> manager_;
  config::RunConfig run_;
  mutable PrefixCache prefixes_;
};

}  // namespace lateral::runtime
