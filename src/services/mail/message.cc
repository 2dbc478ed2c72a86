#include <array>
#include <utility>

#include "base/encoding.h"
#include "services/mail/mail.h"

namespace quern::mail {
namespace {

constexpr std::size_t kIdBytes = 16;
// RFC 2045: encoded lines have at most 76 characters, the last of which may have to be the '=' of a soft line break.
constexpr std::size_t kEncodedLine = 76;

std::string encoded_byte(char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  return {'=', kDigits[value >> 4U], kDigits[value & 15U]};
}

// Whether a server or a mailbox might change this start of a line.
bool is_risky_start(std::string_view rest) { return rest.front() == '.' || rest.starts_with("From "); }

// Encodes one line without its '\n'. The result may be several lines; the last one has no line end.
std::string encoded_line(std::string_view line) {
  std::string encoded;
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool is_last = i + 1 == line.size();
    const bool is_plain = (c > ' ' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && !is_last);
    std::string piece = is_plain ? std::string(1, c) : encoded_byte(c);
    if (column + piece.size() > kEncodedLine - (is_last ? 0 : 1)) {
      encoded += "=\n";
      column = 0;
    }
    if (column == 0 && is_risky_start(line.substr(i))) piece = encoded_byte(c);
    encoded += piece;
    column += piece.size();
  }
  return encoded;
}

// Keeps only characters that are valid in a host name, so that nothing else gets into the header.
std::string host_only(std::string_view host) {
  std::string clean;
  for (char c : host) {
    const bool is_host =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (is_host) clean += c;
  }
  return clean.empty() ? "localhost" : clean;
}

}  // namespace

std::string quoted_printable(std::string_view text) {
  std::string encoded;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    encoded += encoded_line(text.substr(0, end)) + "\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return encoded;
}

Result<std::string> make_message(const Mail& mail, const Stamp& stamp, const Random& random) {
  TRY(check_address(mail.to).context("the mail's recipient"));
  std::array<unsigned char, kIdBytes> id{};
  random(id);
  std::string message;
  if (!stamp.from.empty()) {
    TRY(check_address(stamp.from).context("the mail's sender"));
    message += "From: quern <" + stamp.from + ">\n";
  }
  message += "To: <" + mail.to + ">\n";
  message += header_text("Subject", mail.subject) + "\n";
  message += "Date: " + mail_date(stamp.date) + "\n";
  message += "Message-ID: <" + hex_encode({reinterpret_cast<const char*>(id.data()), id.size()}) + "@" +
             host_only(stamp.host) + ">\n";
  message +=
      "MIME-Version: 1.0\n"
      "Content-Type: text/plain; charset=utf-8\n"
      "Content-Transfer-Encoding: quoted-printable\n"
      // RFC 3834: prevents automatic replies such as vacation notices.
      "Auto-Submitted: auto-generated\n"
      "\n";
  std::string text = mail.text;
  if (mail.link.has_value()) text += "\n" + mail.link->text + ": <" + mail.link->url + ">\n";
  return message + quoted_printable(text);
}

}  // namespace quern::mail
