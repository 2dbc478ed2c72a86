#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"
#include "base/utf8.h"
#include "model/limits.h"
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

namespace {

// Whether RFC 5322 allows the character in an address without quotes.
bool is_atom(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Shows the address only if that is safe: it may contain anything.
Error refuse(std::string_view address, std::string_view why) {
  bool is_shown = address.size() <= limits::kMaxMailAddress &&
                  std::all_of(address.begin(), address.end(), [](char c) { return c >= ' ' && c <= '~'; });
  std::string message = "the address";
  if (is_shown) message.assign("'").append(address).append("'");
  message.append(" ").append(why).append("; write one address and nothing else, as in jane@example.com");
  return bad_config(std::move(message));
}

// Parts separated by dots.
bool is_local_part(std::string_view text) {
  return each_part(
      text, '.', [](std::string_view part) { return !part.empty() && std::all_of(part.begin(), part.end(), is_atom); });
}

}  // namespace

Result<void> check_address(std::string_view address) {
  if (address.empty()) return refuse(address, "is empty");
  if (address.size() > limits::kMaxMailAddress) return refuse(address, "is too long");
  const std::size_t at = address.find('@');
  const std::string_view local = address.substr(0, at);
  if (!is_local_part(local)) return refuse(address, "has something before its @ that cannot be part of an address");
  // A mail program could mistake it for an option.
  if (local.front() == '-') return refuse(address, "begins with a hyphen");
  if (at == std::string_view::npos) return {};
  const std::string_view host = address.substr(at + 1);
  if (!is_host_name(host)) return refuse(address, "has something after its @ that is not a host name");
  return {};
}

Result<void> check_full_address(std::string_view address) {
  TRY(check_address(address));
  const std::size_t at = address.find('@');
  if (at != std::string_view::npos && address.find('.', at) != std::string_view::npos) return {};
  return refuse(address, "has no dot after its @, and Taskcluster sends mail to no other addresses");
}

namespace {

// RFC 2047: an encoded word has at most 75 characters, of which "=?UTF-8?B?" and "?=" take 12; base64 encodes 3 bytes
// in 4 characters.
constexpr std::size_t kWordBytes = 45;

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

}  // namespace

std::string mail_date(UtcTime time) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> numbers{};
  const std::size_t length = std::strftime(numbers.data(), numbers.size(), "%Y %H:%M:%S +0000", &parts);
  std::array<char, 8> day{};
  std::strftime(day.data(), day.size(), "%d", &parts);
  // Uses its own names, because strftime writes them in the language of the locale.
  std::string date = kDays[static_cast<std::size_t>(parts.tm_wday)];
  date.append(", ").append(day.data()).append(" ").append(kMonths[static_cast<std::size_t>(parts.tm_mon)]);
  return date.append(" ").append(numbers.data(), length);
}

std::string header_text(std::string_view name, std::string_view text) {
  std::string clean(text);
  std::replace_if(clean.begin(), clean.end(), is_control, ' ');
  const bool is_plain = std::all_of(clean.begin(), clean.end(), is_ascii) && clean.find("=?") == std::string::npos;
  std::string header = std::string(name) + ": ";
  if (is_plain) return header + clean;
  for (std::size_t begin = 0; begin < clean.size();) {
    std::size_t end = std::min(begin + kWordBytes, clean.size());
    // Keep each character in one word, unless the text is not UTF-8.
    while (end < clean.size() && end > begin + kWordBytes - 4 && utf8::continues_character(clean[end])) --end;
    if (begin > 0) header += "\n ";
    header += "=?UTF-8?B?" + base64_encode(std::string_view(clean).substr(begin, end - begin)) + "?=";
    begin = end;
  }
  return header;
}

}  // namespace quern::mail
