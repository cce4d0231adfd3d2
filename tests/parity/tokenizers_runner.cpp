// tokenizers_runner FOLDER: the C++ half of tokenizers_parity.py. Each line of standard input asks for something of the
// tokenizer in FOLDER, each line of standard output answers:
//   e HEX       ids of the bytes          d ID ...    text of the ids, in hexadecimal
//   s ID ...    the same, streamed        t FILE      seconds that encoding the file takes
//   c HEX HEX   the text, in hexadecimal, that a chat template makes of a list of messages in JSON; or "refused"

#include <chrono>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/format/chat_template.hpp"
#include "core/format/json.hpp"
#include "core/format/tokenizer.hpp"

namespace lateral::format {
namespace {

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

void write_hex(const std::string& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    std::cout << kDigits[byte >> 4U] << kDigits[byte & 15U];
  }
}

std::vector<TokenId> read_ids(std::istream& in) {
  std::vector<TokenId> ids;
  for (TokenId id = 0; in >> id;) ids.push_back(id);
  return ids;
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  StreamDecoder stream(tokenizer);
  std::string text;
  for (const auto id : ids) text += stream.push(id);
  return text + stream.finish();
}

double seconds_for(const Tokenizer& tokenizer, const std::string& text) {
  const auto begin = std::chrono::steady_clock::now();
  tokenizer.encode(text);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void write_chat(const std::string& source, const std::string& talk) {
  const auto list = json::parse(talk, "messages");
  std::vector<ChatMessage> messages;
  for (std::size_t i = 0; i < list.size(); ++i)
    messages.push_back({list[i].get("role", ""), list[i].get("content", "")});
  try {
    write_hex(ChatTemplate(source, {"<s>", "</s>"}).render(messages));
  } catch (const Error& error) {
    std::cerr << error.what() << '\n';
    std::cout << "refused";
  }
}

void answer(const Tokenizer& tokenizer, const std::string& line) {
  std::istringstream in(line);
  std::string what, rest;
  in >> what;
  if (what == "e") {
    in >> rest;
    for (const auto id : tokenizer.encode(from_hex(rest))) std::cout << id << ' ';
  } else if (what == "t") {
    in >> rest;
    std::cout << seconds_for(tokenizer, read_text(rest, 1ULL << 30U));
  } else if (what == "c") {
    std::string talk;
    in >> rest >> talk;
    write_chat(from_hex(rest), from_hex(talk));
  } else {
    const auto ids = read_ids(in);
    write_hex(what == "d" ? tokenizer.decode(ids) : streamed(tokenizer, ids));
  }
  std::cout << '\n';
}

}  // namespace
}  // namespace lateral::format

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: tokenizers_runner FOLDER\n";
    return 2;
  }
  try {
    const auto tokenizer = lateral::format::Tokenizer::load(arguments[1]);
    for (std::string line; std::getline(std::cin, line);) lateral::format::answer(tokenizer, line);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
