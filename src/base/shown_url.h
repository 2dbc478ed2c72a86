#pragma once

#include <string>
#include <string_view>

// What texts may have of a URL: messages, names of inputs, result.json, mails. Pure functions; a text without a URL
// comes back as it is.

namespace quern {

// "https://…@host/path?…1a2b3c4d": "…" stands for what precedes the @ of the authority, and for the query and the
// fragment, each of which may hold a secret. The eight digits tell queries apart. An address in S3 has no query: what
// follows a ? there is a part of a key, or a pattern.
//
// Where the authority is none, as in ftp://user:pass/word@host, everything up to the last @ is hidden.
std::string shown_url(std::string_view url);

// The same for each URL in a message, but with their queries, which the user may have asked for.
std::string without_passwords(std::string_view message);
// The same, each as shown_url() has it: for messages about a job file or a command line that is wrong.
std::string with_shown_urls(std::string_view message);

// What libcurl says of a failure. It may repeat the URL of a proxy, with the password, and cut off anywhere.
std::string shown_reason(std::string_view reason);
// What to do where the reason, in libcurl's and OpenSSL's words, is that a certificate is not trusted: "; ...".
std::string_view certificate_advice(std::string_view reason);

}  // namespace quern
