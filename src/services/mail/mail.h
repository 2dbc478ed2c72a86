#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/utc_time.h"

// A mail as a value, and as the bytes that mail programs and servers accept. Pure functions.

namespace quern::mail {

// Fills the bytes with random values.
using Random = std::function<void(std::span<unsigned char>)>;

struct Mail {
  struct Link {
    std::string text;  // a description of the target
    std::string url;
  };
  std::string to;       // an address that check_address() accepts
  std::string subject;  // UTF-8; control characters become spaces
  std::string text;     // Markdown that is readable as plain text; UTF-8, lines end in '\n'
  std::optional<Link> link = {};
};

// Checks that the text is one address, such as jane@example.com or root, and nothing else: no name, second address,
// space, quote or control character, which could become a recipient or a header. ASCII only. kBadConfig, with the
// reason.
Result<void> check_address(std::string_view address);
// Like check_address, but the host must contain a dot, as Taskcluster's notify service requires: root and
// root@localhost are refused.
Result<void> check_full_address(std::string_view address);

// What a message needs in addition to its mail.
struct Stamp {
  std::string from = {};  // an address; "": the program that sends the message adds its own
  UtcTime date;
  std::string host;  // this machine's name, for the Message-ID
};

// Returns the message (RFC 5322), with lines that end in '\n': headers (RFC 2047 for a subject that is not ASCII), then
// the text, with the link at its end, in UTF-8 as quoted-printable. The message is ASCII, no line is longer than 998
// bytes, and no line begins with a full stop or "From ", which mail servers might change. The mail's contents cannot
// add headers. kBadConfig if an address is invalid.
Result<std::string> make_message(const Mail& mail, const Stamp& stamp, const Random& random);

// Returns "Sun, 06 Nov 1994 08:49:37 +0000".
std::string mail_date(UtcTime time);
// Encodes the value of the header `name` (RFC 2047): unchanged if it is ASCII, otherwise as encoded words on separate
// lines.
std::string header_text(std::string_view name, std::string_view text);
// Encodes as quoted-printable (RFC 2045, 6.7). Bytes that are not UTF-8 are encoded like all others.
std::string quoted_printable(std::string_view text);

}  // namespace quern::mail
