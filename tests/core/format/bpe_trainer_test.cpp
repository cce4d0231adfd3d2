#include "core/format/bpe_trainer.hpp"

#include <algorithm>

#include "core/base/file.hpp"
#include "core/format/json.hpp"
#include "core/format/tokenizer.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"

using namespace lateral;
using namespace lateral::format;
using test::TemporaryFolder;
using test::thrown_by;

namespace {

constexpr const char* kText =
    "the car is there, the cars are there: 10 cars, 11 trucks. The truck isn't there. ";

BpeTrainerOptions options() {
  BpeTrainerOptions options;
  options.vocab_size = 280;
  options.special_tokens = {"<pad>", "<s>", "</s>"};
  options.pad = "<pad>";
  options.bos = "<s>";
  options.eos = "</s>";
  options.add_bos = true;
  options.split_digits = true;
  return options;
}

}  // namespace

TEST_CASE("options that contradict each other are refused") {
  const auto refused = [](auto change) {
    auto wrong = options();
    change(wrong);
    return thrown_by([&] { BpeTrainer{wrong}; }).code == Errc::InvalidArgument;
  };
  CHECK(refused([](auto& o) { o.vocab_size = 258; }));
  CHECK(refused([](auto& o) { o.eos = "<end>"; }));
  CHECK(refused([](auto& o) { o.special_tokens.push_back("<s>"); }));
  CHECK(refused([](auto& o) { o.special_tokens.push_back("a"); }));
  CHECK(refused([](auto& o) { o.bos.clear(); }));
}

TEST_CASE("the most frequent pair merges first, ties go to the smaller ids") {
  auto plain = options();
  plain.vocab_size = 3 + 256 + 3;
  BpeTrainer trainer(plain);
  trainer.add("xyxyxy", 5);  // xy: 15, yx: 10
  trainer.add("ab cd", 2);   // ab, cd: 2, and the space before cd
  const auto result = trainer.train();
  REQUIRE(result.merges.size() == 3);
  CHECK(result.merges[0] == std::pair<std::string, std::string>("x", "y"));
  CHECK(result.merges[1] == std::pair<std::string, std::string>("xy", "xy"));
  CHECK(result.merges[2] == std::pair<std::string, std::string>("xyxy", "xy"));
}

TEST_CASE("the merges equal those that the tokenizers package learned") {
  const auto spec = json::read_file(test::repository() / "tests/fixtures/tokenizer/oracle.json").at("gpt2");
  const auto sentences = spec.at("encode")[2].at("text").as_string();  // what record.py trained on
  auto same = options();
  same.vocab_size = 330;
  same.split_digits = false;
  same.min_count = 1;
  BpeTrainer trainer(same);
  std::size_t at = 0;
  for (auto end = sentences.find('\n'); at <= sentences.size(); end = sentences.find('\n', at)) {
    end = std::min(end, sentences.size());
    trainer.add(sentences.substr(at, end - at));
    at = end + 1;
  }
  const auto result = trainer.train();
  const auto vocab = spec.at("tokenizer").at("model").at("vocab");
  REQUIRE(result.vocab.size() == vocab.size());
  for (std::size_t id = 0; id < result.vocab.size(); ++id) {
    CHECK(vocab.at(result.vocab[id]).as_int() == static_cast<std::int64_t>(id));
  }
}

TEST_CASE("what the trainer writes loads, and the same text gives the same bytes") {
  std::string first;
  for (int round = 0; round < 2; ++round) {
    const TemporaryFolder folder;
    BpeTrainer trainer(options());
    for (int i = 0; i < 3; ++i) trainer.add(kText);
    trainer.write(trainer.train(), folder.path());
    const auto text = read_text(folder / "tokenizer.json", 1 << 20);
    if (round == 1) CHECK(text == first);
    first = text;

    const auto tokenizer = Tokenizer::load(folder.path());
    CHECK(tokenizer.vocab_size() == 280);
    CHECK(tokenizer.bos() == 1);
    CHECK(tokenizer.eos() == 2);
    CHECK(tokenizer.pad() == 0);
    const auto ids = tokenizer.encode(kText);
    CHECK(ids.front() == 1);
    CHECK(tokenizer.decode(ids) == kText);
    CHECK(ids.size() < std::string(kText).size() / 2);
    CHECK(tokenizer.encode("10", false).size() == 2);
    CHECK(tokenizer.encode("\xf0\x9f\x98\x80</s>", false).size() == 5);
  }
}

TEST_CASE("a text that is a special token's name is never merged into it") {
  auto named = options();
  named.special_tokens.push_back("truck");
  BpeTrainer trainer(named);
  trainer.add("truck", 1000);
  const auto result = trainer.train();
  CHECK(std::count(result.vocab.begin(), result.vocab.end(), "truck") == 1);
}

TEST_CASE("little text gives a smaller vocabulary") {
  BpeTrainer trainer(options());
  CHECK(trainer.train().vocab.size() == 259);
  trainer.add("ab");
  CHECK(trainer.train().merges.empty());
}
