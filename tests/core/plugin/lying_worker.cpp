// A worker that a hostile plugin has taken over: it is polite until it is asked to encode, and then answers what the option
// "lie" says. Started like lateral-worker.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/plugin/worker/lane.hpp"
#include "core/plugin/worker/limits.hpp"
#include "core/plugin/worker/messages.hpp"

namespace {

using namespace lateral::plugin;
using namespace lateral::plugin::worker;

/// The largest encoder that may be declared: its outputs fit into no arena.
EncoderSpec spec() {
  EncoderSpec spec;
  spec.name = "liar";
  spec.token_space = "liar-1";
  spec.token_width = 1U << 16U;
  spec.max_tokens = 1U << 20U;
  spec.inputs.push_back({"bytes", InputKind::Raw, DType::U8, {-1}, {}, {}, 0, false});
  return spec;
}

void encode(const std::string& lie, Writer& out) {
  if (lie == "plans nothing") return write(out, EncodeReply{0, 1});
  if (lie == "plans more than it declared") return write(out, EncodeReply{spec().max_tokens + 1, 1});
  if (lie == "gives more than it planned") return write(out, EncodeReply{1, 2});
  if (lie == "gives nothing again and again") return write(out, EncodeReply{1, 0});
  if (lie == "has outputs beyond the arena") return write(out, EncodeReply{spec().max_tokens, 1});
  write(out, EncodeReply{1, 1});
  if (lie == "says too much") out.number(std::uint64_t{0});
}

Writer answer(Reader in, std::string& lie) {
  Writer out;
  out.flag(true);
  switch (static_cast<Question>(in.number<std::uint32_t>())) {
    case Question::Load:
      write(out, LoadReply{});
      break;
    case Question::Init:
      lie = std::get<std::string>(read<OptionMap>(in).at("lie"));
      break;
    case Question::Encoders:
      write(out, EncodersReply{{spec()}});
      break;
    case Question::Create:
      write(out, Handle{1});
      break;
    case Question::Encode:
      encode(lie, out);
      break;
    default:
      break;
  }
  return out;
}

[[noreturn]] void serve(Lane& lane) {
  std::string lie;
  while (true) {
    const Writer out = answer(Reader(lane.next_question()), lie);
    if (lie == "announces an endless answer") {
      lane.header().answer_bytes.store(0xFFFFFFFF);
      lane.header().answer.store(lane.header().question.load());
      wake(lane.header().answer);
    } else {
      lane.reply(out.bytes());
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) return 2;
  tie_to_parent(std::atoi(arguments[1]));
  std::vector<Lane> lanes;
  for (int i = 0; i < std::atoi(arguments[4]); ++i) lanes.emplace_back(std::atoi(arguments[3]) + i);
  serve(lanes.front());
}
