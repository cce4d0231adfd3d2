#include "tests/storm/references.hpp"

#include <set>
#include <stdexcept>

#include "tests/storm/conversation.hpp"

namespace lateral::storm {

using format::json::Value;

namespace {

std::string part_of_key(const std::string& sense, const std::string& version, const std::string& input) {
  return "\n" + sense + " " + version + " " + input;
}

std::set<std::string> senses_of(const Value& answer) {
  const Value& senses = answer.at("senses");
  std::set<std::string> names;
  for (std::size_t i = 0; i < senses.size(); ++i) names.emplace(senses[i].as_string());
  return names;
}

}  // namespace

Said::Said(const Value& answer) : logits(answer.at("logits").as_string()) {
  const Value& tokens = answer.at("ids");
  for (std::size_t i = 0; i < tokens.size(); ++i) ids.push_back(tokens[i].as_int());
}

std::string input_fact(const std::string& sense) {
  return sense + " sees";
}

std::string version_fact(const std::string& sense) {
  return sense + " is";
}

/// A host that is asked one thing after the other.
class References::Quiet {
 public:
  Quiet(const Stage& stage, References& all)
      : stage_(stage),
        all_(all),
        process_(test::build_folder() / "bin/lateral", {"run", "--json", "-c", stage.config().string()},
                 stage.log()),
        host_(std::make_unique<PipeChannel>(process_)) {
    host_.does("");  // the event "ready"
  }

  void ask_everything() {
    ask("");
    for (const auto& sense : stage_.senses()) load(sense);
    vary(0, "", "/wire");
    host_.send("/quit");
    if (process_.wait() != 0) throw std::runtime_error("the quiet host did not end well");
  }

 private:
  Value must(const std::string& command) {
    Value event = host_.does(command);
    if (is_error(event))
      throw std::runtime_error(command + ": " + std::string(event.at("message").as_string()));
    return event;
  }

  void load(const Sense& sense) {
    auto& versions = all_.versions_[sense.id];
    versions.emplace_back(must("/load " + sense.id).at("version").as_string());
    for (std::size_t i = 1; i < sense.revisions.size(); ++i)
      versions.emplace_back(upgrade(sense, i).at("version").as_string());
  }
  Value upgrade(const Sense& sense, std::size_t revision) {
    return must("/upgrade " + sense.id + " " + sense.revisions[revision].string());
  }

  /// Everything that the senses from this one on can be, beside `key` for those before.
  void vary(std::size_t index, const std::string& key, const std::string& wire) {
    if (index == stage_.senses().size()) {
      if (key.empty()) return;  // asked before anything was loaded: /wire without names attaches all
      must(wire);
      return ask(key);
    }
    vary(index + 1, key, wire);
    const Sense& sense = stage_.senses()[index];
    for (std::size_t revision = 0; revision < sense.revisions.size(); ++revision) {
      if (sense.revisions.size() > 1) upgrade(sense, revision);
      for (const auto& input : sense.inputs) {
        must("/input " + sense.id + " " + input);
        vary(index + 1, key + part_of_key(sense.id, all_.versions(sense.id)[revision], input),
             wire + " " + sense.id);
      }
    }
  }

  void ask(const std::string& key) {
    for (const auto& question : kQuestions) all_.answers_.emplace(question + key, Said(must(question)));
  }

  const Stage& stage_;
  References& all_;
  test::Process process_;
  Conversation host_;
};

References::References(const Stage& stage) : stage_(stage) {
  Quiet(stage, *this).ask_everything();
  std::set<std::string> logits;
  for (const auto& [key, said] : answers_) logits.insert(said.logits);
  if (logits.size() != answers_.size())
    throw std::runtime_error("different things seen give the same answer");
}

References::Verdict References::judge(const Value& answer, const Ledger& ledger,
                                      const Ledger::Moment& since) const {
  std::vector<std::string> keys{std::string(answer.at("question").as_string())};
  auto senses = senses_of(answer);
  for (const auto& [sense, library, isolation, inputs, revisions] : stage_.senses()) {
    if (senses.erase(sense) == 0) continue;
    std::vector<std::string> longer;
    for (const auto& version : ledger.since(since, version_fact(sense))) {
      for (const auto& input : ledger.since(since, input_fact(sense))) {
        for (const auto& key : keys) longer.push_back(key + part_of_key(sense, version, input));
      }
    }
    keys = std::move(longer);
  }
  if (!senses.empty()) return Verdict::Wrong;  // a bad plugin
  const Said said(answer);
  for (const auto& key : keys) {
    const auto found = answers_.find(key);
    if (found != answers_.end() && found->second == said)
      return keys.size() == 1 ? Verdict::One : Verdict::Several;
  }
  return Verdict::Wrong;
}

}  // namespace lateral::storm
