#pragma once

#include <string>
#include <string_view>

// Removes secrets from URLs for messages, names of inputs, result.json and mails. Pure functions; a text without a URL
// is returned unchanged.

namespace quern {

// Returns "https://…@host/path?…1a2b3c4d": "…" replaces what precedes the @ of the authority, and the query and the
// fragment, all of which may hold secrets. The eight digits distinguish queries. An address in S3 has no query: what
// follows a ? is part of a key or a pattern.
//
// If the authority is malformed, as in ftp://user:pass/word@host, everything up to the last @ is hidden.
std::string shown_url(std::string_view url);

// Does the same for each URL in a message but keeps queries, which the user may have asked for.
std::string without_passwords(std::string_view message);
// Applies shown_url() to each URL in a message: for messages about an invalid job file or command line.
std::string with_shown_urls(std::string_view message);

// Cleans libcurl's description of a failure, which may contain a proxy's URL with its password, cut off anywhere.
std::string shown_reason(std::string_view reason);
// Returns advice ("; ...") if the reason, in the words of libcurl or OpenSSL, is an untrusted certificate; otherwise
// "".
std::string_view certificate_advice(std::string_view reason);

}  // namespace quern
