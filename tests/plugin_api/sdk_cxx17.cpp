// The SDK asks for C++17 only.
#include <lateral/plugin.hpp>

static_assert(__cplusplus == 201703L);

namespace {

class Smallest : public lateral::sdk::Encoder {
 public:
  lateral::sdk::Info info() const override { return {"smallest", "none", "smallest-1"}; }
  void encode(const lateral::sdk::Inputs&, lateral::sdk::Outputs&) override {}
};

}  // namespace

std::unique_ptr<lateral::sdk::Encoder> make_smallest() {
  return std::make_unique<Smallest>();
}
