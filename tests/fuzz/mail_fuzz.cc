#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/mail/mail.h"
#include "services/mail/smtp.h"

// The first byte says what the rest is: u an SMTP_URL, a an address, else what stands in a mail (its subject and text).

namespace {

using namespace quern::mail;

constexpr std::size_t kMostLine = 998;

void zeros(std::span<unsigned char> bytes) { std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(0)); }

Stamp stamp() { return {.from = "quern@example.com", .date = {}, .host = "host"}; }

// Lines of the header that begin one, and all that must hold for every line.
std::size_t headers_of(std::string_view message) {
  std::size_t headers = 0;
  bool is_body = false;
  while (!message.empty()) {
    const std::size_t end = message.find('\n');
    CHECK(end != std::string_view::npos);
    const std::string_view line = message.substr(0, end);
    CHECK(line.size() <= kMostLine);
    CHECK(std::all_of(line.begin(), line.end(), [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); }));
    CHECK(!line.starts_with('.') && !line.starts_with("From "));
    is_body = is_body || line.empty();
    if (!is_body && line.front() != ' ') ++headers;
    message.remove_prefix(end + 1);
  }
  CHECK(is_body);
  return headers;
}

void send_to(std::string_view address) {
  auto message = make_message({.to = std::string(address), .subject = "s", .text = "t\n"}, stamp(), zeros);
  CHECK(message.ok() == check_address(address).ok());
  if (message.ok()) CHECK(headers_of(message.value()) == 9);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 1) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'u') {
    auto server = parse_smtp_url(text);
    if (server.ok()) CHECK(!server.value().host.empty() && server.value().port > 0 && server.value().port <= 65535);
    return 0;
  }
  if (data[0] == 'a') {
    send_to(text);
    return 0;
  }
  // A subject of plain ASCII is not folded: whoever composes a mail keeps it short.
  std::string subject(text.substr(0, 255));
  auto message =
      make_message({.to = "jane@example.com", .subject = subject, .text = std::string(text)}, stamp(), zeros);
  CHECK(headers_of(message.value()) == 9);
  return 0;
}
