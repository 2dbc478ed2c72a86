#include "app/remote/credential_process.h"

#include <unistd.h>

#include <utility>

#include "base/secret.h"
#include "services/credentials/envelope.h"
#include "services/process/ask.h"
#include "services/process/interpreter.h"

extern char** environ;

namespace quern::app {
namespace {

// The process may have to ask the user for a second factor.
constexpr std::chrono::minutes kPatience{5};

Error failed(const std::string& source, const std::string& why) {
  return Error{.kind = ErrorKind::kDenied, .message = source + ": " + why};
}

}  // namespace

Result<std::vector<std::string>> words_of(std::string_view command) {
  std::vector<std::string> words;
  bool is_in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == '\0' && (c == ' ' || c == '\t')) {
      is_in_word = false;
      continue;
    }
    if (!is_in_word) words.emplace_back();
    is_in_word = true;
    const char next = i + 1 < command.size() ? command[i + 1] : '\0';
    // Within double quotes a backslash is literal, unless it precedes another one or a quote.
    const bool escapes = c == '\\' && quote != '\'' && next != '\0' && (quote == '\0' || next == '"' || next == '\\');
    if (escapes) {
      words.back() += command[++i];
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != '\0' && c == quote) {
      quote = '\0';
    } else {
      words.back() += c;
    }
  }
  if (quote != '\0') return bad_input("a quote in the command does not end");
  return words;
}

Result<AwsCredentials> run_credential_process(const std::string& command, const std::string& source) {
  TRY_ASSIGN(auto words, words_of(command).context(source));
  if (words.empty()) return failed(source, "it is empty");
  if (words.front().find('/') == std::string::npos) {
    auto program = process::find_on_path(words.front());
    if (!program.has_value()) return failed(source, "its program is not on PATH");
    words.front() = std::move(*program);
  }
  std::vector<std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) environment.emplace_back(*entry);
  auto answer = process::ask({.command = std::move(words),
                              .environment = std::move(environment),
                              .takes_errors = false,
                              .patience = kPatience});
  if (!answer.ok()) return failed(source, answer.error().message);
  const Secret text(std::move(answer.value().text));
  const process::Exit& exit = answer.value().exit;
  if (exit.status != 0 || exit.signal != 0) return failed(source, "it failed: " + exit.in_words());
  return credentials::parse_credentials(text.reveal(), source);
}

}  // namespace quern::app
