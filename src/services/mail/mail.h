#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/utc_time.h"

// A mail as a value, and as the bytes that mail programs and servers take. Pure functions.

namespace quern::mail {

// Fills the bytes with random ones.
using Random = std::function<void(std::span<unsigned char>)>;

struct Mail {
  struct Link {
    std::string text;  // what it leads to
    std::string url;
  };
  std::string to;       // an address as check_address() takes it
  std::string subject;  // UTF-8; control characters become blanks
  std::string text;     // Markdown that reads well as it stands, UTF-8, lines ended by '\n'
  std::optional<Link> link = {};
};

// Whether it is one address, as in jane@example.com or root, and nothing else: no name, no second address, no blank,
// quote or control character, which could become a recipient or a header. ASCII only. kBadConfig, saying which.
Result<void> check_address(std::string_view address);
// The same, and its host has a dot, as Taskcluster's notify service wants it: not root, nor root@localhost.
Result<void> check_full_address(std::string_view address);

// What a message needs besides its mail.
struct Stamp {
  std::string from = {};  // an address; "": the program that takes the message adds its own
  UtcTime date;
  std::string host;  // this machine's name, for the Message-ID
};

// The message by RFC 5322, with lines that end in '\n': headers (a subject beyond ASCII by RFC 2047), then the text,
// with the link at its end, in UTF-8 as quoted-printable. All of it is ASCII, no line is longer than 998 bytes, and no
// line begins with a full stop or with "From ", which some on the way would change. Whatever stands in the mail, there
// are exactly these headers. kBadConfig: an address is none.
Result<std::string> make_message(const Mail& mail, const Stamp& stamp, const Random& random);

// "Sun, 06 Nov 1994 08:49:37 +0000"
std::string mail_date(UtcTime time);
// By RFC 2047, for the header `name`: the text itself where it is ASCII, else as encoded words on lines of their own.
std::string header_text(std::string_view name, std::string_view text);
// RFC 2045 6.7. Bytes that are no UTF-8 are encoded like all others.
std::string quoted_printable(std::string_view text);

}  // namespace quern::mail
