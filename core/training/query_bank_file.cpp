#include <ATen/ATen.h>

#include <charconv>

#include "core/base/error.hpp"
#include "core/format/json.hpp"
#include "core/format/safetensors.hpp"
#include "core/tensor/convert.hpp"
#include "core/training/named_tensors.hpp"
#include "core/training/query_bank.hpp"

namespace lateral::training {
namespace {

constexpr const char* kWhere = "query bank";
constexpr const char* kFormat = "lateral-query-bank-1";
using format::json::Value;

std::string name_of(const char* what, std::int64_t block) {
  return std::to_string(block) + "." + what;
}

/// Blocks, and for each question its type and how many ids it has; the ids lie in one tensor.
std::string contents_of(const QueryBank& bank) {
  format::json::Writer json;
  json.begin_object().key("blocks").begin_array();
  for (const auto block : bank.blocks) json.value(block);
  json.end_array().key("questions").begin_array();
  for (const auto& [prompt, type] : bank.questions) {
    json.begin_object()
        .member("type", type)
        .member("ids", static_cast<std::int64_t>(prompt.size()))
        .end_object();
  }
  json.end_array().end_object();
  return std::move(json).text();
}

at::Tensor prompts_of(const QueryBank& bank) {
  model::Ids all;
  for (const auto& question : bank.questions)
    all.insert(all.end(), question.prompt.begin(), question.prompt.end());
  return at::tensor(all, at::kLong);
}

NamedTensors tensors_of(const QueryBank& bank) {
  NamedTensors tensors{{"prompts", prompts_of(bank)}};
  for (std::size_t i = 0; i < bank.blocks.size(); ++i) {
    const auto& [q, output, lse] = bank.queries[i];
    tensors.push_back({name_of("q", bank.blocks[i]), q.to(at::kCPU).contiguous()});
    tensors.push_back({name_of("output", bank.blocks[i]), output.to(at::kCPU).contiguous()});
    tensors.push_back({name_of("lse", bank.blocks[i]), lse.to(at::kCPU).contiguous()});
  }
  return tensors;
}

/// Tensors of a file by name, which must be there in full.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path) {}

  at::Tensor tensor(const std::string& name, at::ScalarType type, std::int64_t dimensions) const {
    const auto* const view = file_.find(name);
    if (view == nullptr) reject("tensor " + name + " is missing");
    // Cloned: a bank is read again and again, and the file may be replaced meanwhile.
    auto tensor = tensor::to_tensor(*view, file_.mapping()).clone();
    if (tensor.scalar_type() != type || tensor.dim() != dimensions)
      reject("tensor " + name + " has another shape");
    return tensor;
  }
  const std::string& text(const std::string& key) const {
    const auto found = file_.metadata().find(key);
    if (found == file_.metadata().end()) reject(key + " is missing");
    return found->second;
  }
  std::string path() const { return file_.path().string(); }
  [[noreturn]] void reject(const std::string& reason) const {
    fail(Errc::Corrupt, kWhere, path(), ": ", reason);
  }

 private:
  format::SafetensorsFile file_;
};

BlockQueries read_block(const Reader& reader, std::int64_t block) {
  BlockQueries queries{reader.tensor(name_of("q", block), at::kFloat, 3),
                       reader.tensor(name_of("output", block), at::kFloat, 3),
                       reader.tensor(name_of("lse", block), at::kFloat, 2)};
  const bool fits =
      queries.q.sizes() == queries.output.sizes() && queries.q.sizes().slice(0, 2) == queries.lse.sizes();
  if (!fits) reader.reject("the tensors of block " + std::to_string(block) + " do not fit each other");
  return queries;
}

std::vector<BankQuestion> read_questions(const Reader& reader, const Value& list) {
  const auto prompts = reader.tensor("prompts", at::kLong, 1);
  const auto* next = prompts.const_data_ptr<std::int64_t>();
  std::int64_t left = prompts.numel();
  std::vector<BankQuestion> questions;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::int64_t length = list[i].at("ids").as_int(1, left);
    questions.push_back({model::Ids(next, next + length), std::string(list[i].at("type").as_string())});
    next += length;
    left -= length;
  }
  if (left != 0) reader.reject("has more prompt ids than its questions");
  return questions;
}

}  // namespace

void save_query_bank(const std::filesystem::path& path, const QueryBank& bank) {
  const NamedTensors tensors = tensors_of(bank);
  std::vector<format::TensorView> views;
  for (const auto& [name, tensor] : tensors) views.push_back(tensor::to_view(name, tensor));
  format::write_safetensors(path, views,
                            {{"format", kFormat}, {"model", bank.model}, {"contents", contents_of(bank)}});
}

QueryBank load_query_bank(const std::filesystem::path& path) {
  const Reader reader(path);
  if (reader.text("format") != kFormat) reader.reject("is not a query bank");
  const Value contents = format::json::parse(reader.text("contents"), path.string());
  QueryBank bank;
  bank.model = reader.text("model");
  const Value blocks = contents.at("blocks");
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    bank.blocks.push_back(blocks[i].as_int(0));
    bank.queries.push_back(read_block(reader, bank.blocks.back()));
    if (bank.queries.back().q.sizes() != bank.queries.front().q.sizes())
      reader.reject("its blocks differ in shape");
  }
  bank.questions = read_questions(reader, contents.at("questions"));
  return bank;
}

}  // namespace lateral::training
