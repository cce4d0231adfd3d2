#pragma once
// One question and its answer. Internal to the two sources of Client.

#include <algorithm>

#include "core/base/error.hpp"
#include "core/plugin/worker/client.hpp"

namespace lateral::plugin::worker {

class Client::Asking {
 public:
  Asking(Client& client, std::string_view what) : client_(client), what_(what) {
    const std::lock_guard lock(client_.fault_mutex_);
    client_.asked_.push_back(what_);
  }
  ~Asking() {
    const std::lock_guard lock(client_.fault_mutex_);
    auto& asked = client_.asked_;
    if (!client_.gone()) asked.erase(std::find(asked.begin(), asked.end(), what_));
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

 private:
  Client& client_;
  std::string_view what_;
};

template <typename Answer, typename Request>
Answer Client::ask(Lane& lane, Question question, const Request& request, std::string_view what,
                   Clock::time_point until) {
  const Asking asking(*this, what);
  Writer out;
  write(out.number(static_cast<std::uint32_t>(question)), request);
  lane.ask(out.bytes());
  if (!wait(lane, until)) {
    condemn("did not return from " + std::string(what));
    fail(Errc::DeadlineExceeded, id_, what, " did not return in time; its worker was killed");
  }
  return parse_answer<Answer>(lane.answer(), [this](const Failure& failure) { refuse(failure); });
}

}  // namespace lateral::plugin::worker
